"""Append-only logs, from which long work that was stopped goes on.

A line is a JSON object that ends in its number and its checksum. A line counts only if it ends in a
newline: a run killed while writing loses that line only. Any other line that is damaged, missing or
doubled is an error that names it. Logs of versions before these checksums are read, too; lines that
are added to them have checksums.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from dimscope._files import CHECKSUM, append_line, cut_half_line, seal_holds, sealed, write_file
from dimscope.errors import DimscopeError, InputError, StoreError
from dimscope.results import plain

_NUMBER = "line"
_SEAL = (_NUMBER, CHECKSUM)
_SINCE = ", so it was changed after it was written"


@dataclass(kw_only=True)
class Log:
    """An append-only file of JSON lines; the first says which run it belongs to.

    Attributes
    ----------
    identity
        What two runs must have in common to count as one.
    path
        The file; None to write nothing.
    n_lines
        How many lines it has.
    """

    identity: Mapping[str, Any]
    path: Path | None = None
    n_lines: int = 0

    @classmethod
    def open(cls, path: Path, identity: Mapping[str, Any]) -> tuple[Self, list[dict[str, Any]]]:
        """Open the log at ``path``, or make it, and return it with the lines after its first.

        Raises
        ------
        InputError
            If the log belongs to another run, or is none.
        StoreError
            If it cannot be read or written, or a line of it is damaged.
        """
        log = cls(identity=plain(identity), path=path)
        lines = read_log(path)
        if lines:
            # what only the record says differs, too: a run with groups is none without
            log.require_same(lines[0], dict.fromkeys(lines[0]) | dict(log.identity))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if lines:
                cut_half_line(path)
            else:
                write_file(path, _written(log.identity, 1))
        except OSError as error:
            raise StoreError(f"cannot write to {path.parent}: {error}") from error
        log.n_lines = max(1, len(lines))
        return log, lines[1:]

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line to disk before returning.

        Raises
        ------
        StoreError
            If it cannot be written. The log is as it was, and the line can be appended again.
        """
        if self.path is None:
            return
        try:
            append_line(self.path, _written(line, self.n_lines + 1))
        except OSError as error:
            raise StoreError(
                f"cannot write {self.path}: {error}; what it recorded so far is whole, so make "
                "room and start the run again to go on"
            ) from error
        self.n_lines += 1

    def require_same(self, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Refuse to continue a run that has recorded other values.

        Raises
        ------
        InputError
            If a value of ``now`` differs from the one in ``recorded``.
        """
        differing = [key for key in now if recorded.get(key) != now[key]]
        if differing:
            raise InputError(
                f"{self.path} is the journal of a run with other "
                f"{', '.join(differing)}: remove it, or give another directory"
            )


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a log.

    Attributes
    ----------
    number
        Its place in the file, from 1.
    text
        As it stands there, without its newline.
    content
        What was appended; None if that cannot be told.
    own_number
        The place at which it was written; None if it does not say so, as in older versions.
    fault
        What is wrong with it; None if nothing is.
    """

    number: int
    text: bytes
    content: dict[str, Any] | None = None
    own_number: int | None = None
    fault: str | None = None


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a log without changing it; none if there is no file.

    A last line without its newline is left out.

    Raises
    ------
    InputError
        If its first line is damaged, or it is no log.
    StoreError
        If it cannot be read, or another line is damaged; the message names the first.
    """
    return [_content(line, path) for line in lines_of(path)]


def lines_of(path: Path) -> list[Line]:
    """Read every line of a log that ends in a newline, damaged ones too; none if there is no file.

    Raises
    ------
    StoreError
        If the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error}") from error
    placed = _Placed()
    return [placed.add(_line_of(n, text)) for n, text in enumerate(content.split(b"\n")[:-1], 1)]


def set_damaged_aside(path: Path) -> int:
    """Move the damaged lines of a log to a file beside it, and return how many those are.

    The others are numbered anew, so that the log can be read and the run can go on. The file beside
    it, ``NAME.damaged``, is written first.

    Raises
    ------
    InputError
        If the first line is damaged, which says whose log it is.
    StoreError
        If a file cannot be written.
    """
    lines = lines_of(path)
    if lines and lines[0].fault is not None:
        raise _damaged(path, 1, lines[0].fault)
    contents = [line.content for line in lines if line.content is not None]
    removed = [line.text + b"\n" for line in lines if line.content is None]
    aside = path.with_name(f"{path.name}.damaged")
    try:
        if removed:
            before = aside.read_bytes() if aside.exists() else b""
            write_file(aside, before + b"".join(removed))
        write_file(path, b"".join(_written(c, n) for n, c in enumerate(contents, start=1)))
    except OSError as error:
        raise StoreError(f"cannot write to {path.parent}: {error}") from error
    return len(removed)


@contextmanager
def naming_line(path: Path | None, number: int | None = None) -> Iterator[None]:
    """Turn what is set off by a line that dimscope did not write like this into one clear error.

    Without a number, the lines are right one by one and do not fit together.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        said = f"{type(error).__name__} {error}" if isinstance(error, LookupError) else error
        where = f"{path}, line {number}" if number else path
        raise StoreError(
            f"{where}: not as dimscope writes it ({said}); copy it again from where it is whole, "
            "or give another folder"
        ) from error


def _content(line: Line, path: Path) -> dict[str, Any]:
    if line.fault is not None or line.content is None:
        raise _damaged(path, line.number, line.fault or "")
    return line.content


def _damaged(path: Path, number: int, fault: str) -> DimscopeError:
    where = f"{path}, line {number}: {fault}"
    if number == 1:
        return InputError(
            f"{where}; this is no record of runs that can go on: give another folder, or remove "
            "the file"
        )
    return StoreError(
        f"{where}; `dimscope doctor {path.parent}` checks every line, and with --repair sets "
        "damaged ones aside"
    )


def _written(line: Mapping[str, Any], number: int) -> bytes:
    content = sealed({**plain(line), _NUMBER: number})
    return json.dumps(content).encode() + b"\n"


def _line_of(number: int, text: bytes) -> Line:
    """A line by itself, whatever stands before it."""
    line = Line(number=number, text=text)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return replace(line, fault=f"not JSON{_SINCE}")
    if not isinstance(found, dict):
        return replace(line, fault=f"no JSON object{_SINCE}")
    if not any(key in found for key in _SEAL):
        return replace(line, content=found)
    if not seal_holds(found):
        return replace(line, fault=f"the checksum does not fit{_SINCE}")
    content = {key: value for key, value in found.items() if key not in _SEAL}
    return replace(line, content=content, own_number=found.get(_NUMBER))


@dataclass(kw_only=True)
class _Placed:
    """Checks that lines stand in the order in which they were written, each once.

    Attributes
    ----------
    expected
        The number of the next line.
    seen
        The numbers of the lines before, which have them by their own account.
    """

    expected: int = 1
    seen: set[int] = field(default_factory=set)

    def add(self, line: Line) -> Line:
        """The next line, with a fault if it stands where it was not written."""
        own = line.own_number
        if own is None:
            self.expected += 1
            lost = line.fault is None and self.seen
            return replace(line, content=None, fault=f"no checksum{_SINCE}") if lost else line
        if own in self.seen:
            return replace(line, content=None, fault=f"a copy of what was line {own}")
        self.seen.add(own)
        fault = (
            None
            if own == self.expected
            else f"written as line {own}, and line {self.expected} is not there"
        )
        self.expected = own + 1
        return replace(line, fault=fault)
