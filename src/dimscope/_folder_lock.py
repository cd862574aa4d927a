"""Folders that one process at a time may use: those of runs, and temporary ones.

The lock is a file in the folder that names its process. Where the file system has locks
(`fcntl.flock`), the system drops the lock when the process ends, however it ends. Elsewhere the
file itself is the lock, and does not count once its process has surely ended.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self, TextIO

from dimscope._processes import Owner
from dimscope.errors import StoreError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Name of the file.
LOCK = "in-use.lock"


@dataclass
class FolderLock:
    """The lock of a folder, which this process holds.

    Attributes
    ----------
    path
        The file.
    file
        The file while the system's lock is on it; None where the file itself is the lock.
    """

    path: Path
    file: TextIO | None

    @classmethod
    def take(cls, folder: Path) -> Self | None:
        """Lock a folder; None if another process holds it.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        path = folder / LOCK
        while True:
            file = path.open("a+", encoding="utf-8")
            taken = try_lock(file)
            if taken and _is_still(file, path):
                file.truncate(0)
                file.write(_note_of_this_process())
                file.flush()
                return cls(path, file)
            file.close()
            if taken is None:
                return cls._take_by_name(path)
            if not taken:
                return None

    @classmethod
    def _take_by_name(cls, path: Path) -> Self | None:
        owner, _ = holder(path)
        if owner is not None and not owner.is_gone():
            return None
        path.unlink(missing_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(_note_of_this_process())
        except FileExistsError:  # another process was faster
            return None
        return cls(path, None)

    def release(self) -> None:
        """Let others use the folder."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        if self.file is not None:
            self.file.close()


@dataclass
class _Hold:
    lock: FolderLock
    made: bool
    depth: int = 0


_holds: dict[tuple[int, Path], _Hold] = {}  # by process too, because forks inherit it
_guard = threading.Lock()


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Keep other processes out of the folder of a run, which is made if need be.

    The same process may hold it several times at once.

    Raises
    ------
    StoreError
        If another process holds it, or it cannot be written.
    """
    key = os.getpid(), folder.resolve()
    with _guard:
        hold = _holds.get(key) or _taken(folder)
        _holds[key] = hold
        hold.depth += 1
    try:
        yield
    finally:
        with _guard:
            hold.depth -= 1
            if hold.depth == 0:
                del _holds[key]
                hold.lock.release()
                if hold.made:
                    with suppress(OSError):  # unless it is in use
                        folder.rmdir()


def _taken(folder: Path) -> _Hold:
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock.take(folder)
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error}") from error
    if lock is not None:
        return _Hold(lock, made)
    owner, since = holder(folder / LOCK)
    raise StoreError(
        f"{folder} is in use by {owner or 'another process'}{since and f' since {since}'}: wait "
        f"until it has ended, or give another folder (if it has ended, remove {folder / LOCK})"
    )


def holder(path: Path) -> tuple[Owner | None, str]:
    """The process that a lock names, and since when it holds it; None and "" if it names none."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return Owner(**note["owner"]), str(note["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, ""


def try_lock(file: TextIO) -> bool | None:
    """Lock an open file unless another process has; None if the file system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_still(file: TextIO, path: Path) -> bool:
    """Whether an open file has not been removed by the process that held it before."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _note_of_this_process() -> str:
    since = datetime.now().isoformat(sep=" ", timespec="seconds")
    return json.dumps({"owner": asdict(Owner.this_process()), "since": since})
