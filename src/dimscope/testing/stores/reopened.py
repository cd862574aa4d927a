"""Checks of stores that stay: they open again as they were, and damage is noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dimscope.errors import DimscopeError
from dimscope.testing.checks import require
from dimscope.testing.stores._kind import LAYERS, StoreKind, empty_folder, fill, require_layers


def check_layers_are_read_back(kind: StoreKind) -> None:
    """A closed store can be opened again, repeatedly, with all its layers in order."""
    with empty_folder() as folder:
        _write(kind, folder)
        for _ in range(2):
            saved = kind.reopened(folder)
            require(list(saved) == list(LAYERS), f"the layers are {list(saved)}")
            require_layers(saved, LAYERS, "opened again")


def check_an_unfinished_store_is_refused(kind: StoreKind) -> None:
    """The folder of a run that failed, or has not ended, is refused."""
    with empty_folder() as folder:
        try:
            with kind.make(folder) as store:
                fill(store, LAYERS)
                _require_refused(kind, folder, "a store that is still written")
                raise _FailedError
        except _FailedError:
            pass
        _require_refused(kind, folder, "a store whose writing failed")


def check_another_folder_is_refused(kind: StoreKind) -> None:
    """A folder without a store raises an error of dimscope's."""
    with empty_folder() as folder:
        _require_refused(kind, folder, "an empty folder")
        _require_refused(kind, folder / "nowhere", "a folder that is not there")


def check_nothing_is_overwritten(kind: StoreKind) -> None:
    """A second store in the same folder is refused, and leaves the first as it was."""
    with empty_folder() as folder:
        _write(kind, folder)
        try:
            with kind.make(folder) as store:
                store.append("narrow", -LAYERS["narrow"])
        except DimscopeError:
            pass
        else:
            raise AssertionError("a second store is written into the folder of the first")
        require_layers(kind.reopened(folder), LAYERS, "after a second store was refused")


def check_lost_files_are_noticed(kind: StoreKind) -> None:
    """Whichever file is deleted, reading fails, unless the numbers do not depend on it."""
    _check_damage(kind, "without", Path.unlink)


def check_truncated_files_are_noticed(kind: StoreKind) -> None:
    """Whichever file is cut in half, reading fails, unless the numbers do not depend on it."""
    _check_damage(kind, "with half of", lambda path: path.write_bytes(_first_half(path)))


def check_changed_files_are_noticed(kind: StoreKind) -> None:
    """Whichever file has one bit changed, reading fails, unless the numbers do not depend on it."""
    _check_damage(kind, "with a bit changed in", lambda path: path.write_bytes(_flipped(path)))


def check_exchanged_files_are_noticed(kind: StoreKind) -> None:
    """Whichever file is replaced by another of its size, reading fails, or gives the numbers."""
    _check_damage(kind, "with another in place of", _replace_by_its_like)


def check_files_lost_later_are_noticed(kind: StoreKind) -> None:
    """Whichever file is deleted once the layers are at hand, reading them fails."""
    with empty_folder() as folder:
        _write(kind, folder)
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            layers = {name: kind.reopened(folder)[name] for name in LAYERS}
            held = file.read_bytes()
            file.unlink()
            _require_right_or_refused(layers.copy, f"after the loss of {file.name}")
            file.write_bytes(held)


class _FailedError(Exception):
    """The error with which the run of a check fails."""


def _write(kind: StoreKind, folder: Path) -> None:
    with kind.make(folder) as store:
        fill(store, LAYERS)


def _require_refused(kind: StoreKind, folder: Path, what: str) -> None:
    try:
        found = kind.reopened(folder)
    except DimscopeError as error:
        require("\n" not in str(error), f"{what}: the message must be one line")
    else:
        raise AssertionError(f"{what} is opened, with the layers {list(found)}")


def _check_damage(kind: StoreKind, how: str, damage: Callable[[Path], Any]) -> None:
    with empty_folder() as folder:
        whole = folder / "whole"
        whole.mkdir()
        _write(kind, whole)
        files = sorted(path for path in whole.rglob("*") if path.is_file())
        require(bool(files), "a closed store has left no files")
        for file in files:
            damaged = folder / "damaged"
            shutil.copytree(whole, damaged)
            name = file.relative_to(whole)
            damage(damaged / name)
            _require_right_or_refused(partial(kind.reopened, damaged), f"{how} {name}")
            shutil.rmtree(damaged)


def _require_right_or_refused(reopen: Callable[[], Mapping[str, Any]], when: str) -> None:
    """Fail the check if layers hold other numbers, or reading raises an error of another library.

    A store that repairs its own files may give the right numbers.
    """
    try:
        require_layers(reopen(), LAYERS, when)
    except DimscopeError:
        pass
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(
            f"{when}, reading raises a {type(error).__name__}, which is no error of dimscope's"
        ) from error


def _flipped(path: Path) -> bytes:
    held = bytearray(path.read_bytes())
    if held:
        held[len(held) // 2] ^= 1
    return bytes(held)


def _replace_by_its_like(path: Path) -> None:
    """Copy another file of the same size here, if there is one."""
    others = (other for other in path.parent.rglob("*") if other.is_file() and other != path)
    like = next((one for one in others if one.stat().st_size == path.stat().st_size), None)
    if like is not None:
        shutil.copyfile(like, path)


def _first_half(path: Path) -> bytes:
    held = path.read_bytes()
    return held[: len(held) // 2]
