"""Checks of every store: what was appended can be read back, whole and in parts."""

from __future__ import annotations

import numpy as np

from dimscope.errors import InputError
from dimscope.points import as_points
from dimscope.testing.checks import require
from dimscope.testing.stores._kind import (
    LAYERS,
    N_ROWS,
    StoreKind,
    empty_folder,
    fill,
    require_layers,
)

_DTYPES = ("float16", "float32", "float64", "int64", "uint8", "bool")


def check_rows_come_back(kind: StoreKind) -> None:
    """Layers hold the rows of all batches, in order, to the bit."""
    with empty_folder() as folder, kind.make(folder) as store:
        fill(store, LAYERS)
        require_layers(store, LAYERS, "after the last batch")


def check_special_values_come_back(kind: StoreKind) -> None:
    """Infinite values, nan, -0.0 and the smallest and largest numbers come back to the bit."""
    for dtype in (np.float16, np.float32, np.float64):
        limits = np.finfo(dtype)
        values = [np.nan, np.inf, -np.inf, -0.0, limits.smallest_subnormal, limits.max, limits.min]
        layers = {"a": np.array([values, values[::-1]], dtype=dtype)}
        with empty_folder() as folder, kind.make(folder) as store:
            fill(store, layers)
            require_layers(store, layers, "with special values")


def check_dtypes_are_kept(kind: StoreKind) -> None:
    """Every type of real numbers comes back as it was."""
    for dtype in _DTYPES:
        layers = {"a": (np.arange(24).reshape(6, 4) % 2 + 1).astype(dtype)}
        with empty_folder() as folder, kind.make(folder) as store:
            fill(store, layers)
            require_layers(store, layers, f"as {dtype}")


def check_slices(kind: StoreKind) -> None:
    """Layers have shape, dtype and ndim, and slice into NumPy arrays by rows and columns."""
    with empty_folder() as folder, kind.make(folder) as store:
        fill(store, LAYERS)
        for name, want in LAYERS.items():
            layer = store[name]
            facts = layer.ndim, tuple(layer.shape), np.dtype(layer.dtype)
            require(
                facts == (2, want.shape, want.dtype),
                f"layer {name!r} has ndim, shape and dtype {facts}",
            )
            for part in (
                np.s_[3],
                np.s_[2:7],
                np.s_[:, 5:21],
                np.s_[-4:, :3],
                np.s_[4:4],
                np.s_[1, 2],
            ):
                found = layer[part]
                require(
                    np.array_equal(found, want[part]) and np.shape(found) == want[part].shape,
                    f"the part {part} of layer {name!r} differs",
                )


def check_layers_are_points(kind: StoreKind) -> None:
    """Layers can be measured: `Points` reads blocks of them, of all rows or of some."""
    rows = np.array([8, 2, 5])
    with empty_folder() as folder, kind.make(folder) as store:
        fill(store, LAYERS)
        for name, want in LAYERS.items():
            points = as_points(store[name])
            for when, part, values in (
                ("all rows", points, want),
                ("some rows", points.take(rows), want[rows]),
            ):
                by_rows = np.concatenate(list(part.row_blocks()))
                by_columns = np.concatenate(list(part.column_blocks()), axis=1)
                require(
                    np.array_equal(by_rows, values) and np.array_equal(by_columns, values),
                    f"the blocks of {when} of layer {name!r} hold other numbers",
                )


def check_reading_between_batches(kind: StoreKind) -> None:
    """A layer can be read while it grows."""
    want = LAYERS["wide"]
    with empty_folder() as folder, kind.make(folder) as store:
        for end in range(1, len(want) + 1):
            store.append("wide", want[end - 1 : end])
            require_layers(store, {"wide": want[:end]}, f"after {end} batches")


def check_batches_are_copied(kind: StoreKind) -> None:
    """A batch may be changed after it was appended; the store keeps its own copy."""
    batch = LAYERS["narrow"].copy()
    with empty_folder() as folder, kind.make(folder) as store:
        store.append("narrow", batch)
        batch[:] = -1
        require_layers(store, {"narrow": LAYERS["narrow"]}, "once the batch is changed")


def check_empty_batches(kind: StoreKind) -> None:
    """A batch without rows adds none, and makes a layer of its width and type."""
    layers = {"a": np.empty((0, 4), dtype=np.float32)}
    with empty_folder() as folder, kind.make(folder) as store:
        store.append("a", layers["a"])
        require_layers(store, layers, "without rows")


def check_counts(kind: StoreKind) -> None:
    """Layers are in the order of their first batch; n_samples and nbytes count what is held."""
    with empty_folder() as folder, kind.make(folder) as store:
        require(len(store) == 0 and store.n_samples == 0, "a new store is not empty")
        fill(store, LAYERS)
        require(list(store) == list(LAYERS), f"the layers are {list(store)}, not {list(LAYERS)}")
        require(len(store) == len(LAYERS), f"{len(store)} layers, not {len(LAYERS)}")
        require("wide" in store and "other" not in store, "`in` does not tell which layers it has")
        require(store.n_samples == N_ROWS, f"n_samples is {store.n_samples}, not {N_ROWS}")
        n_bytes = sum(layer.nbytes for layer in LAYERS.values())
        require(store.nbytes == n_bytes, f"nbytes is {store.nbytes}, not {n_bytes}")
        store.append("wide", LAYERS["wide"][:2])
        require(store.n_samples == N_ROWS, "n_samples must be the rows that every layer has")


def check_unknown_layers_are_key_errors(kind: StoreKind) -> None:
    """Asking for a layer that is not there raises a KeyError."""
    with empty_folder() as folder, kind.make(folder) as store:
        fill(store, LAYERS)
        try:
            found = store["other"]
        except KeyError:
            return
        raise AssertionError(
            f"a layer that was never appended gives a {type(found).__name__}, not a KeyError"
        )


def check_dropped_layers_are_gone(kind: StoreKind) -> None:
    """A dropped layer is forgotten and can be appended again; the others stay as they are."""
    with empty_folder() as folder, kind.make(folder) as store:
        fill(store, LAYERS)
        store.drop("wide")
        require("wide" not in store, "a dropped layer is still there")
        require_layers(store, {"narrow": LAYERS["narrow"]}, "after another was dropped")
        store.append("wide", LAYERS["wide"][:3])
        require_layers(store, {"wide": LAYERS["wide"][:3]}, "appended again")


def check_bad_batches_are_refused(kind: StoreKind) -> None:
    """Batches of another width, type or number of dimensions are InputErrors and add nothing."""
    want = LAYERS["narrow"]
    with empty_folder() as folder, kind.make(folder) as store:
        store.append("narrow", want)
        for what, batch in (
            ("another width", want[:, :-1]),
            ("another type", want.astype(np.float64)),
            ("one dimension", want[0]),
            ("three dimensions", want[None]),
            ("no features", want[:, :0]),
        ):
            try:
                store.append("narrow", batch)
            except InputError as error:
                require("narrow" in str(error), f"{error} does not name the layer")
            else:
                raise AssertionError(f"a batch of {what} is taken")
        require_layers(store, {"narrow": want}, "after batches that were refused")
