"""Files that a kill or a full disk leaves whole, and whose damage is seen.

A file is written beside the old one and then put in its place: a reader meets the old or the new
one. A line is appended whole or not at all. Checksums tell what a disk or a copy changed.

Everything that changes a disk is a function of `os`, called as such: `benchmarks/torture` lets any
single step fail, or kills the process there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: The key of a JSON object that holds its checksum.
CHECKSUM = "crc32"

_BLOCK = 1 << 16
_BINARY = getattr(os, "O_BINARY", 0)  # of Windows


def write_file(path: Path, content: bytes) -> None:
    """Replace a file; a kill at any moment leaves the old one or the new one.

    Raises
    ------
    OSError
        If it cannot be written. The old one is as it was.
    """
    write_beside(path, content)
    put_in_place(path)


def beside(path: Path) -> Path:
    """Where the next version of a file is written."""
    return path.with_name(f"{path.name}.partial")


def write_beside(path: Path, content: bytes) -> None:
    """Write the next version of a file, which `put_in_place` makes the file.

    Raises
    ------
    OSError
        If it cannot be written. Nothing of it stays.
    """
    part = beside(path)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o666)
        try:
            _write(descriptor, content)
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)  # noqa: PTH108 - a function of os
        raise


def put_in_place(path: Path) -> None:
    """Make what `write_beside` wrote the file, in one step that is on disk when this returns."""
    os.replace(beside(path), path)  # noqa: PTH105
    _sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108


def append_line(path: Path, line: bytes) -> None:
    """Add a line, which ends in a newline, to a file; it is on disk when this returns.

    Half a line at the end of the file, left by a kill or a full disk, is removed first.

    Raises
    ------
    OSError
        If the line cannot be written. Nothing of it stays.
    """
    descriptor = os.open(path, os.O_RDWR | _BINARY)
    try:
        end = _end_of_lines(descriptor)
        os.ftruncate(descriptor, end)
        os.lseek(descriptor, end, os.SEEK_SET)
        try:
            _write(descriptor, line)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def cut_half_line(path: Path) -> None:
    """Remove what follows the last newline of a file.

    Raises
    ------
    OSError
        If the file cannot be changed.
    """
    descriptor = os.open(path, os.O_RDWR | _BINARY)
    try:
        os.ftruncate(descriptor, _end_of_lines(descriptor))
    finally:
        os.close(descriptor)


def checksum(content: Mapping[str, Any]) -> str:
    """The CRC-32 of a JSON object, from the numbers and texts in it: spaces do not count.

    It finds every change of up to 32 bits in a row, and overlooks any other with a probability of
    2^-32.
    """
    return f"{zlib.crc32(json.dumps(content).encode()):08x}"


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with its checksum as the last key."""
    return {**content, CHECKSUM: checksum(content)}


def seal_holds(content: Mapping[str, Any]) -> bool:
    """Whether the checksum of a sealed object fits what it holds."""
    held = {key: value for key, value in content.items() if key != CHECKSUM}
    return content.get(CHECKSUM) == checksum(held)


def digest(content: bytes) -> str:
    """The SHA-256 of a file's content, as ``sha256sum`` prints it."""
    return hashlib.sha256(content).hexdigest()


def _write(descriptor: int, content: bytes) -> None:
    """Write all of it and wait for the disk; a full disk may take a part before it refuses."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _end_of_lines(descriptor: int) -> int:
    """The position behind the last newline of a file."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _BLOCK)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
