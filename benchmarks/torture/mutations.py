"""Files that a disk or a copy has changed, and that are read and checked."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.torture.cases import CASES
from benchmarks.torture.tally import Tally
from dimscope import Profile
from dimscope._log import read_log
from dimscope.cli.folders import checked_folder
from dimscope.errors import DimscopeError
from dimscope.profiling.head import NAME as HEAD
from dimscope.profiling.journal import Journal
from dimscope.results import Tables, as_records
from dimscope.tracking import read_run


def _flip(content: bytearray, rng: random.Random) -> bytes:
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def _swap(content: bytearray, rng: random.Random) -> bytes:
    i, j = (rng.randrange(len(content)) for _ in range(2))
    content[i], content[j] = content[j], content[i]
    return bytes(content)


def _digit(content: bytearray, rng: random.Random) -> bytes:
    places = [i for i, byte in enumerate(content) if byte in b"0123456789"]
    content[rng.choice(places)] = rng.choice(b"0123456789")
    return bytes(content)


def _cut(content: bytearray, rng: random.Random) -> bytes:
    return bytes(content[: rng.randrange(len(content))])


def _without(content: bytearray, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    del content[start : start + rng.randint(1, 64)]
    return bytes(content)


def _zeros(content: bytearray, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    n = min(rng.randint(1, 512), len(content) - start)
    content[start : start + n] = bytes(n)
    return bytes(content)


def _lines(
    change: Callable[[list[bytes], int], None],
) -> Callable[[bytearray, random.Random], bytes]:
    def changed(content: bytearray, rng: random.Random) -> bytes:
        lines = bytes(content).splitlines(keepends=True)
        change(lines, rng.randrange(len(lines)))
        return b"".join(lines)

    changed.__name__ = change.__name__
    return changed


def _delete_line(lines: list[bytes], at: int) -> None:
    del lines[at]


def _double_line(lines: list[bytes], at: int) -> None:
    lines.insert(at, lines[at])


def _exchange_lines(lines: list[bytes], at: int) -> None:
    lines[at], lines[at - 1] = lines[at - 1], lines[at]


CHANGES = (
    _flip,
    _swap,
    _digit,
    _cut,
    _without,
    _zeros,
    _lines(_delete_line),
    _lines(_double_line),
    _lines(_exchange_lines),
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Files that were written whole, and how they are read.

    Attributes
    ----------
    name
        For the table.
    files
        Their contents, by name.
    changed
        Which of them are changed.
    read
        Reads them from a folder, as JSON.
    allowed
        What may be read: all, or what a journal held at an earlier moment.
    """

    name: str
    files: dict[str, bytes]
    changed: list[str]
    read: Callable[[Path], str]
    allowed: set[str]


def readings(folder: Path) -> list[Reading]:
    """A saved profile's tables and provenance, and the journals of each `Case`."""
    profile, tracker, study = CASES
    with mock.patch.object(Journal, "close"):  # keeps the journal of the profile
        profile.run(folder / "profile")
    tracker.run(folder / "tracker")
    study.run(folder / "study")
    identity = read_log(folder / "profile" / profile.journal)[0]
    return [
        *_saved(folder / "tracker", tracker.journal),
        _journal(folder / "profile" / profile.journal, lambda run: _unfinished(run, identity)),
        _journal(folder / "tracker" / tracker.journal, _ticks),
        _journal(folder / "study" / study.journal, study.saved),
    ]


def _saved(folder: Path, journal: str) -> list[Reading]:
    """The provenance of a saved profile, and its tables."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != journal}
    tables = [name for name in files if name != HEAD]
    allowed = {_profile(Profile.load(folder))}
    return [
        Reading(
            name=name,
            files=files,
            changed=changed,
            read=lambda run: _profile(Profile.load(run)),
            allowed=allowed,
        )
        for name, changed in ((HEAD, [HEAD]), ("tables of a profile", tables))
    ]


def mutations(reading: Reading, n_mutations: int, seed: int = 0) -> Tally:
    """Change one file at a time and read; what is refused, `dimscope doctor` must find, too."""
    tally, rng = Tally(name=f"{reading.name}, changed"), random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in range(n_mutations):
            file, changed, how = _changed(reading, n, rng)
            for path in folder.iterdir():
                path.unlink()
            for other, content in reading.files.items():
                (folder / other).write_bytes(changed if other == file else content)
            what = f"{file}, {how}, mutation {n} of seed {seed}"
            found = tally.attempt(lambda: reading.read(folder), what)
            tally.n_tries += 1
            tally.n_refused += isinstance(found, DimscopeError)
            if isinstance(found, str) and found not in reading.allowed:
                tally.add("silently different", f"{what}\n{found}")
            if isinstance(found, DimscopeError) and tally.attempt(lambda: _is_right(folder), what):
                tally.add("silently different", f"{what}\ndoctor finds nothing wrong: {found}")
    return tally


def _is_right(folder: Path) -> bool:
    """Whether `dimscope doctor` finds nothing wrong in a folder."""
    try:
        return all(check.is_right for check in checked_folder(folder))
    except DimscopeError:
        return False


def _changed(reading: Reading, n: int, rng: random.Random) -> tuple[str, bytes, str]:
    """A file's name, other bytes for it, and the change that was made, the kinds by turns."""
    change = CHANGES[n % len(CHANGES)]
    while True:
        file = rng.choice(reading.changed)
        changed = change(bytearray(reading.files[file]), rng)
        if changed != reading.files[file]:
            return file, changed, change.__name__


def _journal(path: Path, read: Callable[[Path], str]) -> Reading:
    """A journal, of which every first part is what it held at some moment."""
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    allowed = set()
    with tempfile.TemporaryDirectory() as folder:
        for n_lines in range(1, len(lines) + 1):
            (Path(folder) / path.name).write_bytes(b"".join(lines[:n_lines]))
            with suppress(DimscopeError):  # there is nothing to read yet
                allowed.add(read(Path(folder)))
    if not allowed:
        raise AssertionError(f"{path} cannot be read even where it is whole")
    return Reading(
        name=path.name,
        files={path.name: content},
        changed=[path.name],
        read=read,
        allowed=allowed,
    )


def _unfinished(run: Path, identity: dict[str, Any]) -> str:
    journal = Journal.open(run, identity)
    layers = [(name, layer.to_dict()) for name, layer in journal.layers.items()]
    return json.dumps([list(journal.captured.items()), layers])


def _ticks(run: Path) -> str:
    """All ticks; a journal that was stopped before the first one is right, too."""
    _, *lines = read_log(run / "ticks.jsonl") or [{}]
    return _profile(read_run(run)) if any("tick" in line for line in lines) else "no ticks"


def _profile(profile: Tables) -> str:
    tables = {name: as_records(table) for name, table in profile.tables().items()}
    return json.dumps([tables, profile.provenance])
