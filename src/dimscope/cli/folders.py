"""What `dimscope doctor DIR` says of the files that dimscope wrote into a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dimscope._log import Line, lines_of, set_damaged_aside
from dimscope.errors import DimscopeError, InputError, StoreError, or_reason
from dimscope.profiling import Profile
from dimscope.profiling.head import NAME as HEAD, Head, holds_profile
from dimscope.profiling.saved import check_tables, finish_save
from dimscope.store import ActivationStore

_UNCHECKED = "right as far as can be told: a version without checksums wrote it"
_RESTORE = "copy it from where it is whole, or measure again"
_UNFINISHED, _TICKS, _STORE = "unfinished.jsonl", "ticks.jsonl", "store.json"


@dataclass(frozen=True, kw_only=True)
class FileCheck:
    """What is known of a file.

    Attributes
    ----------
    file
        Its name in the folder.
    is_right
        Whether everything in it can be used.
    says
        What was found.
    to_do
        What to do about it; empty if nothing need be done.
    """

    file: str
    is_right: bool
    says: str
    to_do: str = ""


def checked_folder(folder: Path) -> list[FileCheck]:
    """Check every file of a profile, a run or a store of activations.

    Raises
    ------
    InputError
        If there is no such folder, or nothing in it that dimscope wrote.
    StoreError
        If a file cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give that of a profile, a run or a store")
    found = [*_profile_checks(folder), *_journal_checks(folder), *_store_checks(folder)]
    if not found:
        raise InputError(
            f"{folder} holds nothing that can be checked: give the folder of a profile, of a run "
            "that was tracked, of a study, or of a store of activations"
        )
    return found


def repaired_folder(folder: Path) -> list[str]:
    """Set damaged lines of journals aside, finish a save that was killed; say what was done.

    Raises
    ------
    InputError
        If the first line of a journal is damaged.
    StoreError
        If a file cannot be written.
    """
    done = []
    for path in _journals(folder):
        if any(line.fault for line in lines_of(path)):
            n_lines = set_damaged_aside(path)
            done.append(f"{path.name}: {n_lines} damaged lines moved to {path.name}.damaged")
    try:
        finish_save(folder)
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error}") from error
    return done


def _profile_checks(folder: Path) -> Iterator[FileCheck]:
    if not holds_profile(folder):
        return
    faults = check_tables(folder)
    if not any(faults.values()):
        loaded = or_reason(partial(Profile.load, folder))
        faults[HEAD] = loaded if isinstance(loaded, str) else None
    is_old = not any(faults.values()) and Head.read(folder).digests is None
    for name, fault in faults.items():
        says = fault or (_UNCHECKED if is_old else "right")
        yield FileCheck(file=name, is_right=not fault, says=says, to_do=_RESTORE if fault else "")


def _journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def _journal_checks(folder: Path) -> Iterator[FileCheck]:
    for path in _journals(folder):
        lines = lines_of(path)
        damaged = [line for line in lines if line.fault is not None]
        for line in damaged:
            yield FileCheck(
                file=path.name,
                is_right=False,
                says=f"line {line.number}: {line.fault}",
                to_do=_RESTORE if damaged[0].number == 1 else "--repair sets it aside",
            )
        if not damaged:
            yield _whole_journal(path, lines)


def _whole_journal(path: Path, lines: list[Line]) -> FileCheck:
    """A journal whose lines are right one by one; those of a tracker must also fit together."""
    if not lines:
        says = "no whole line is left, not even the first, which is written at once"
        return FileCheck(file=path.name, is_right=False, says=says, to_do=_RESTORE)
    is_old = lines[-1].own_number is None
    says = f"{len(lines)} lines, {_UNCHECKED if is_old else 'right'}"
    if not path.read_bytes().endswith(b"\n"):
        says += "; half a line at the end does not count"
    to_do = "the run is not finished: start it again to go on" if path.name == _UNFINISHED else ""
    if path.name == _TICKS and any("tick" in (line.content or {}) for line in lines):
        try:
            to_do = _older_profile(path.parent)
        except DimscopeError as error:
            return FileCheck(file=path.name, is_right=False, says=str(error), to_do=_RESTORE)
    return FileCheck(file=path.name, is_right=True, says=says, to_do=to_do)


def _older_profile(folder: Path) -> str:
    """What to do if the saved profile has fewer ticks than the journal; nothing otherwise."""
    from dimscope.tracking import read_run  # noqa: PLC0415 - torch

    n_ticks = len(read_run(folder).ticks)
    if not holds_profile(folder) or any(check_tables(folder).values()):
        return "dimscope.tracking.read_run reads its ticks"
    n_saved = len(Profile.load(folder).ticks)
    if n_saved == n_ticks:
        return ""
    return (
        f"the profile beside it has {n_saved} of {n_ticks} ticks: "
        "dimscope.tracking.read_run reads all"
    )


def _store_checks(folder: Path) -> Iterator[FileCheck]:
    """Open a store and read all its chunks, which compares them with their checksums."""
    if not (folder / _STORE).exists():
        return
    try:
        layers = ActivationStore.open(folder)
    except DimscopeError as error:
        yield FileCheck(file=_STORE, is_right=False, says=str(error), to_do=_RESTORE)
        return
    yield FileCheck(file=_STORE, is_right=True, says=f"{len(layers)} layers, right")
    for name in layers:
        try:
            array = layers[name]
            for start in range(0, array.shape[0], array.chunks[0]):
                array[start : start + array.chunks[0]]
        except DimscopeError as error:
            yield FileCheck(file=name, is_right=False, says=str(error), to_do=_RESTORE)
        else:
            yield FileCheck(file=name, is_right=True, says="all chunks are there")
