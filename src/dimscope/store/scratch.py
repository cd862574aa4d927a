"""Temporary folders: removed on close, or by the next run if theirs was killed.

A folder in use holds a locked file. The system drops the lock when the process ends, however it
ends, so a folder whose lock can be taken is left over.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where leftovers stay
    fcntl = None  # type: ignore[assignment]

_PREFIX = "dimscope-"
_LOCK = "in-use.lock"


class ScratchFolder:
    """A temporary folder, made when it is first needed."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock: Any = None

    def __str__(self) -> str:
        return self._folder.name if self._folder else _parent()

    def path(self) -> Path:
        """Return the folder; before it is made, leftovers of killed runs are removed."""
        if self._folder is None:
            _remove_leftovers(Path(_parent()))
            self._folder = tempfile.TemporaryDirectory(
                prefix=_PREFIX, dir=_parent(), ignore_cleanup_errors=True
            )
            self._lock = _locked(Path(self._folder.name))
        return Path(self._folder.name)

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _parent() -> str:
    """Choose the folder for temporary files: /tmp is often kept in memory, /var/tmp is not."""
    chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    on_disk = "/var/tmp"
    return on_disk if not chosen and os.access(on_disk, os.W_OK) else tempfile.gettempdir()


def _locked(folder: Path) -> Any:
    """Lock a folder. The file gets its name once it is locked, so no other run can take it."""
    if fcntl is None:
        return None
    part = folder / f"{_LOCK}.part"
    file = part.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    part.replace(folder / _LOCK)
    return file


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders of this user whose lock nobody holds."""
    if fcntl is None:
        return
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / _LOCK).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use, without a lock, or gone meanwhile
            continue
