"""A folder that another process holds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOLDS = """
import sys
from pathlib import Path
from dimscope import _folder_lock
if sys.argv[2] == "by name":
    _folder_lock.fcntl = None
with _folder_lock.hold_folder(Path(sys.argv[1])):
    print("holds", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path, how: str = "by the system") -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(folder), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"holds\n"
        yield run
