"""The conformance suite of stores: ours pass it, and for each check there is one that fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from io import BytesIO

import numpy as np
import pytest
import zarr

from dimscope.errors import ConformanceError, InputError, StoreError
from dimscope.store import ActivationStore
from dimscope.testing import check_store, store_checks

BUDGETS = {"in memory": 2**30, "on disk": 0, "the largest on disk": 2_000}


def stays(memory_budget, folder):
    return ActivationStore(memory_budget=memory_budget, directory=folder)


@pytest.mark.parametrize("budget", BUDGETS.values(), ids=BUDGETS)
def test_our_own_passes(budget):
    check_store(lambda folder: ActivationStore(memory_budget=budget))


@pytest.mark.parametrize("budget", BUDGETS.values(), ids=BUDGETS)
def test_our_own_passes_in_a_directory(budget):
    check_store(partial(stays, budget), reopen=ActivationStore.open)


@pytest.mark.parametrize(
    "check", store_checks(partial(stays, 0), reopen=ActivationStore.open), ids=str
)
def test_checks_are_ready_for_pytest(check):
    check()
    assert check.function.__doc__


class Held(Mapping):
    """Layers in a dict of lists of batches, to be broken below."""

    def __init__(self, folder):
        self.folder = folder
        self.batches = {}

    def append(self, name, batch):
        self.check(name, batch)
        self.batches.setdefault(name, []).append(np.array(batch))

    def check(self, name, batch):
        first = self.batches.get(name, [batch])[0]
        if batch.ndim != 2 or batch.shape[1] == 0 or batch.shape[1:] != first.shape[1:]:
            raise InputError(f"layer {name!r}: a batch of shape {batch.shape}")
        if batch.dtype != first.dtype:
            raise InputError(f"layer {name!r}: a batch of {batch.dtype}")

    def drop(self, name):
        del self.batches[name]

    def __getitem__(self, name):
        return np.concatenate(self.batches[name])

    def __iter__(self):
        return iter(self.batches)

    def __len__(self):
        return len(self.batches)

    @property
    def n_samples(self):
        return min((len(self[name]) for name in self), default=0)

    @property
    def nbytes(self):
        return sum(self[name].nbytes for name in self)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass


class Backwards(Held):
    def __getitem__(self, name):
        return np.concatenate(self.batches[name][::-1])


class NanIsZero(Held):
    def __getitem__(self, name):
        return np.nan_to_num(super().__getitem__(name), nan=0.0)


class InFloat32(Held):
    def __getitem__(self, name):
        return super().__getitem__(name).astype(np.float32)


class Row:
    """An array whose single rows keep two dimensions."""

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, part):
        return self.array[part : part + 1] if isinstance(part, int) else self.array[part]


class KeepsDimensions(Held):
    def __getitem__(self, name):
        return Row(super().__getitem__(name))


class Slices(Row):
    def __getitem__(self, part):
        if isinstance(part, np.ndarray):
            part = slice(part.min(), part.max() + 1)
        return self.array[part]


class NoListsOfRows(Held):
    """Lists of rows are read as ranges."""

    def __getitem__(self, name):
        return Slices(super().__getitem__(name))


class KeepsWhatWasRead(Held):
    def __init__(self, folder):
        super().__init__(folder)
        self.read = {}

    def __getitem__(self, name):
        return self.read.setdefault(name, super().__getitem__(name))


class KeepsTheBatch(Held):
    def append(self, name, batch):
        self.check(name, batch)
        self.batches.setdefault(name, []).append(batch)


class SkipsEmptyBatches(Held):
    def append(self, name, batch):
        if len(batch):
            super().append(name, batch)


class CountsTheMost(Held):
    @property
    def n_samples(self):
        return max((len(self[name]) for name in self), default=0)


class EmptyIfUnknown(Held):
    def __getitem__(self, name):
        return super().__getitem__(name) if name in self.batches else np.empty((0, 0))


class NeverForgets(Held):
    def drop(self, name):
        pass


class TakesAnything(Held):
    def check(self, name, batch):
        pass


class Whole(Held):
    """As `Held`, in one file, which is written on close."""

    def __exit__(self, kind, error, trace):
        if error is None:
            self.save(self.folder / "layers.npz")

    def save(self, path):
        if path.exists():
            raise StoreError(f"{path} exists")
        np.savez(path, **self)


def load(folder):
    try:
        with np.load(BytesIO((folder / "layers.npz").read_bytes())) as saved:
            return dict(saved)
    except Exception as error:
        raise StoreError(f"no layers in {folder}: {error}".replace("\n", " ")) from error


class Sorted(Whole):
    def save(self, path):
        np.savez(path, **{name: self[name] for name in sorted(self, reverse=True)})


class SavesWhatFailed(Whole):
    def __exit__(self, kind, error, trace):
        self.save(self.folder / "layers.npz")


class Overwrites(Whole):
    def save(self, path):
        np.savez(path, **self)


def load_or_nothing(folder):
    return load(folder) if (folder / "layers.npz").exists() else {}


class Chunked(Held):
    """Zarr arrays, of which a missing chunk is read as zeros."""

    def __exit__(self, kind, error, trace):
        for name in self:
            zarr.create_array(
                self.folder / name, data=self[name], chunks=(4, 4096), compressors=None
            )
        (self.folder / "names.json").write_text(json.dumps(list(self)))


def load_chunked(folder):
    try:
        names = json.loads((folder / "names.json").read_text())
        return {name: zarr.open_array(folder / name, mode="r")[:] for name in names}
    except Exception as error:
        raise StoreError(str(error)) from error


def open_chunked(folder):
    """Open the arrays without reading them; every chunk is there when they are opened."""
    whole = load_chunked(folder)
    return {name: zarr.open_array(folder / name, mode="r") for name in whole}


class Raw(Held):
    """A file of numbers for each layer, read as far as they reach."""

    def __exit__(self, kind, error, trace):
        for name in self:
            self[name].tofile(self.folder / name)


def load_raw(folder):
    types = {"narrow": (np.float32, 24), "wide": (np.float64, 9000)}
    found = {}
    for name, (dtype, width) in types.items():
        if not (folder / name).exists():
            raise StoreError(f"no layer {name}")
        values = np.fromfile(folder / name, dtype)
        found[name] = np.resize(values, (11, width))
    return found


BROKEN = [
    (Backwards, None, "check_rows_come_back"),
    (NanIsZero, None, "check_special_values_come_back"),
    (InFloat32, None, "check_dtypes_are_kept"),
    (KeepsDimensions, None, "check_slices"),
    (NoListsOfRows, None, "check_layers_are_points"),
    (KeepsWhatWasRead, None, "check_reading_between_batches"),
    (KeepsTheBatch, None, "check_batches_are_copied"),
    (SkipsEmptyBatches, None, "check_empty_batches"),
    (CountsTheMost, None, "check_counts"),
    (EmptyIfUnknown, None, "check_unknown_layers_are_key_errors"),
    (NeverForgets, None, "check_dropped_layers_are_gone"),
    (TakesAnything, None, "check_bad_batches_are_refused"),
    (Sorted, load, "check_layers_are_read_back"),
    (SavesWhatFailed, load, "check_an_unfinished_store_is_refused"),
    (Whole, load_or_nothing, "check_another_folder_is_refused"),
    (Overwrites, load, "check_nothing_is_overwritten"),
    (Chunked, load_chunked, "check_lost_files_are_noticed"),
    (Raw, load_raw, "check_truncated_files_are_noticed"),
    (Raw, load_raw, "check_changed_files_are_noticed"),
    (Chunked, load_chunked, "check_exchanged_files_are_noticed"),
    (Chunked, open_chunked, "check_files_lost_later_are_noticed"),
]


def test_what_is_to_be_broken_is_sound():
    check_store(Held)
    check_store(Whole, reopen=load)


@pytest.mark.parametrize(
    ("make", "reopen", "failed"), BROKEN, ids=[make.__name__ for make, *_ in BROKEN]
)
def test_what_is_broken_is_found(make, reopen, failed):
    checks = {check.name: check for check in store_checks(make, reopen=reopen)}
    with pytest.raises((AssertionError, KeyError)):
        checks[failed]()


def test_there_is_a_broken_one_for_every_check():
    every = {check.name for check in store_checks(Held, reopen=load)}
    assert {failed for *_, failed in BROKEN} == every


def test_failures_are_listed():
    with pytest.raises(ConformanceError, match=r"Backwards failed .* checks:\n") as caught:
        check_store(Backwards)
    assert "check_rows_come_back" in caught.value.failures
    known = dict.fromkeys(caught.value.failures, "made so")
    check_store(Backwards, expected_failures=known)
