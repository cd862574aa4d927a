"""Temporary folders: removed on close, or by the next run if their process was killed.

The name of a folder says which process uses it, and a lock in it proves that it does.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from dimscope._folder_lock import LOCK, FolderLock, try_lock
from dimscope._processes import Owner

_PREFIX = "dimscope-"
_NAME = re.compile(rf"{_PREFIX}(?P<pid>\d+)-(?P<started>\d+)-(?P<host>.+)-[^-]+")


class ScratchFolder:
    """A temporary folder, made when it is first needed.

    Leftovers of killed runs are removed as soon as there is one.
    """

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock: FolderLock | None = None
        remove_leftovers()

    def __str__(self) -> str:
        return self._folder.name if self._folder else _parent()

    def path(self) -> Path:
        """Return the folder, which is made first if need be."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix=_prefix(Owner.this_process()), dir=_parent(), ignore_cleanup_errors=True
            )
            self._lock = FolderLock.take(Path(self._folder.name))
        return Path(self._folder.name)

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        if self._folder is not None:
            try:
                self._folder.cleanup()
            except BaseException:  # a signal must not leave half of it
                self._folder.cleanup()
                raise
            self._folder = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def remove_leftovers() -> None:
    """Remove the temporary folders of this user and this machine whose process has ended."""
    if os.name == "nt":  # nothing here tells whether a process has ended
        return
    for folder in Path(_parent()).glob(f"{_PREFIX}*"):
        try:
            is_ours = not folder.is_symlink() and folder.stat().st_uid == os.getuid()
            if is_ours and _is_left_over(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # gone meanwhile
            continue


def _is_left_over(folder: Path) -> bool:
    """Whether the process of a folder has surely ended.

    The lock is asked too: a container may share the folder and the name of the machine, but not the
    numbers of its processes. Version 0.1 wrote no process into the name, only the lock.
    """
    owner = _owner(folder.name)
    if owner is not None and not owner.is_gone():
        return False
    try:
        with (folder / LOCK).open("r+", encoding="utf-8") as file:
            is_free = try_lock(file)
    except FileNotFoundError:
        return owner is not None
    return owner is not None if is_free is None else is_free


def _prefix(owner: Owner) -> str:
    return f"{_PREFIX}{owner.pid}-{owner.started}-{owner.host}-"


def _owner(name: str) -> Owner | None:
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return Owner(host=found["host"], pid=int(found["pid"]), started=int(found["started"]))


def _parent() -> str:
    """Choose the folder for temporary files: /tmp is often kept in memory, /var/tmp is not."""
    chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    on_disk = "/var/tmp"
    return on_disk if not chosen and os.access(on_disk, os.W_OK) else tempfile.gettempdir()
