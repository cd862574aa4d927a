"""One error for every way in which a file cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dimscope.errors import InputError


def guarded(reader: Callable[[Path], Any], path: Path) -> Any:
    """Call ``reader(path)``, and turn every failure to read the file into an `InputError`."""
    require_file(path)
    try:
        return reader(path)
    except (InputError, ImportError, MemoryError):
        raise
    except Exception as error:  # each format has its own errors; to the user all mean the same
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        kind = f" as {path.suffix}" if path.suffix else ""
        raise InputError(
            f"cannot read {str(path)!r}{kind}: {reason}; "
            "the file is damaged, truncated or of another type: write it again"
        ) from error


def require_file(path: Path) -> None:
    """Refuse a path that is no file.

    Raises
    ------
    InputError
        If it is none.
    """
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"cannot read {str(path)!r}: it {state}; give the path of a file")
