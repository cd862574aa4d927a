"""Files that a disk or a copy has changed, and that are read."""

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
from dimscope.errors import DimscopeError
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
    read
        Reads them from a folder, as JSON.
    allowed
        What may be read: all, or what a journal held at an earlier moment.
    """

    name: str
    files: dict[str, bytes]
    read: Callable[[Path], str]
    allowed: set[str]


def readings(folder: Path) -> list[Reading]:
    """A saved profile and the journals of a profile, a tracked run and a study."""
    profile, tracker, study = CASES
    with mock.patch.object(Journal, "close"):  # keeps the journal of the profile
        profile.run(folder / "profile")
    tracker.run(folder / "tracker")
    study.run(folder / "study")
    saved = {path.name: path.read_bytes() for path in (folder / "tracker").iterdir()}
    del saved[tracker.journal]
    whole = Reading(
        name="saved profile",
        files=saved,
        read=lambda run: _profile(Profile.load(run)),
        allowed={_profile(Profile.load(folder / "tracker"))},
    )
    identity = read_log(folder / "profile" / profile.journal)[0]
    return [
        whole,
        _journal(folder / "profile" / profile.journal, lambda run: _unfinished(run, identity)),
        _journal(folder / "tracker" / tracker.journal, lambda run: _profile(read_run(run))),
        _journal(folder / "study" / study.journal, study.saved),
    ]


def mutations(reading: Reading, n_mutations: int, seed: int = 0) -> Tally:
    """Change one file at a time, and read."""
    tally, rng = Tally(name=f"{reading.name}, changed"), random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in range(n_mutations):
            change, file = CHANGES[n % len(CHANGES)], rng.choice(list(reading.files))
            changed = change(bytearray(reading.files[file]), rng)
            if changed == reading.files[file]:
                continue
            for path in folder.iterdir():
                path.unlink()
            for other, content in reading.files.items():
                (folder / other).write_bytes(changed if other == file else content)
            what = f"{file}, {change.__name__}, mutation {n} of seed {seed}"
            found = tally.attempt(lambda: reading.read(folder), what)
            tally.n_tries += 1
            tally.n_refused += isinstance(found, DimscopeError)
            if isinstance(found, str) and found not in reading.allowed:
                tally.add("silently different", f"{what}\n{found}")
    return tally


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
    return Reading(name=path.name, files={path.name: content}, read=read, allowed=allowed)


def _unfinished(run: Path, identity: dict[str, Any]) -> str:
    journal = Journal.open(run, identity)
    layers = {name: layer.to_dict() for name, layer in journal.layers.items()}
    return json.dumps([journal.captured, layers])


def _profile(profile: Tables) -> str:
    tables = {name: as_records(table) for name, table in profile.tables().items()}
    return json.dumps([tables, profile.provenance])
