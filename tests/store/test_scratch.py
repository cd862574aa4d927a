"""What a killed run leaves behind is removed by the next, and what is in use is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dimscope._folder_lock import FolderLock
from dimscope._processes import Owner
from dimscope.store import ActivationStore

WAITS = """
import sys, numpy as np
from dimscope.store import ActivationStore
store = ActivationStore(memory_budget=0)
store.append("a", np.ones((4, 5)))
print("ready", flush=True)
sys.stdin.read()
"""

WRITES = """
import numpy as np
from dimscope.store import ActivationStore
rows = np.ones((64, 200_000), dtype=np.float32)
with ActivationStore(memory_budget=0) as store:
    store.append("a", rows)
    print("ready", flush=True)
    while True:
        store.append("a", rows)
        store.drop("a")
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


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_nothing_even_while_chunks_are_written(
    parent: Path, how: signal.Signals, code: int
) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITES], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(how)
    assert run.returncode == code
    assert folders(parent) == set()


def left(parent: Path, owner: Owner) -> Path:
    """A folder of a process that did not come to lock it."""
    folder = parent / f"dimscope-{owner.pid}-{owner.started}-{owner.host}-a_b"
    folder.mkdir()
    return folder


def test_the_name_tells_whose_a_folder_without_a_lock_is(parent: Path) -> None:
    this = Owner.this_process()
    mine = left(parent, this)
    theirs = left(parent, Owner(host="else-where", pid=this.pid, started=1))
    left(parent, Owner(host=this.host, pid=this.pid, started=1))  # the number was used again
    use_the_disk()
    assert folders(parent) == {mine.name, theirs.name}


def test_a_lock_in_use_counts_more_than_the_name(parent: Path) -> None:
    """A container may not see the process of another that shares the folder."""
    this = Owner.this_process()
    folder = left(parent, Owner(host=this.host, pid=this.pid, started=1))
    lock = FolderLock.take(folder)
    use_the_disk()
    assert folders(parent) == {folder.name}
    assert lock is not None
    lock.release()
    use_the_disk()
    assert folders(parent) == set()


def test_folders_of_others_are_left(parent: Path) -> None:
    (parent / "dimscope-notes").mkdir()
    (parent / "another").mkdir()
    use_the_disk()
    assert folders(parent) == {"dimscope-notes", "another"}
