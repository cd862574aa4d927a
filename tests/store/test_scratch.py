"""What a killed run leaves behind is removed by the next, and what is in use is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dimscope.store import ActivationStore

WAITS = """
import sys, numpy as np
from dimscope.store import ActivationStore
store = ActivationStore(memory_budget=0)
store.append("a", np.ones((4, 5)))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def folders(parent: Path) -> set[str]:
    return {path.name for path in parent.iterdir()}


def use_the_disk() -> None:
    with ActivationStore(memory_budget=0) as store:
        store.append("a", np.ones((4, 5)))


def test_leftovers_of_a_killed_run_are_removed_by_the_next(parent: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        (in_use,) = folders(parent)
        use_the_disk()
        assert folders(parent) == {in_use}
        run.send_signal(signal.SIGKILL)
    assert folders(parent) == {in_use}
    use_the_disk()
    assert folders(parent) == set()


def test_folders_of_others_are_left(parent: Path) -> None:
    (parent / "dimscope-notes").mkdir()
    (parent / "another").mkdir()
    use_the_disk()
    assert folders(parent) == {"dimscope-notes", "another"}
