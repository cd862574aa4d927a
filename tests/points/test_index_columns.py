"""Columns that number the rows, and others that are measurements."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import dimscope as ds
from dimscope.manifolds import MANIFOLDS, make_manifold
from dimscope.points import as_points

N = 300
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 4))
NUMBERS = np.arange(N)


def with_column(column, name="c", x=X):
    return pd.DataFrame(x).add_prefix("f").assign(**{name: column})


@pytest.mark.parametrize(
    ("frame", "columns"),
    [
        (with_column(NUMBERS), ("'c'",)),
        (with_column(NUMBERS.astype(float) + 1000), ("'c'",)),
        (with_column(RNG.permutation(N)), ("'c'",)),
        (with_column(np.cumsum(RNG.integers(1, 9, N))), ("'c'",)),
        (with_column(RNG.choice(10**6, N, replace=False), "row_id"), ("'row_id'",)),
        (with_column(NUMBERS, x=RNG.integers(0, 50, (N, 3))), ("'c'",)),
        (with_column(NUMBERS).assign(id=NUMBERS[::-1]), ("'c'", "'id'")),
        (with_column(NUMBERS).to_numpy(), ("4",)),
        (with_column(NUMBERS).to_numpy(dtype=np.float32), ("4",)),
        (with_column(RNG.choice(10**6, N, replace=False)), ()),  # large counts
        (with_column(RNG.integers(0, 50, N)), ()),
        (with_column(NUMBERS + 0.5), ()),
        (np.stack([NUMBERS, np.sqrt(NUMBERS)], axis=1), ()),  # a line
        (np.argsort(X, axis=0), ()),  # all columns are ranks
        (RNG.integers(0, 255, (N, 30), dtype=np.uint8), ()),
        (NUMBERS[:, None], ()),
        (X[:1], ()),
    ],
)
def test_which_columns_are_named(frame, columns):
    assert as_points(frame).index_columns == columns


@pytest.mark.parametrize("method", ["two_nn", "consensus", "participation_ratio", "fisher_s"])
def test_every_estimate_says_so(method):
    said = ds.estimate(with_column(NUMBERS, "id"), method).notes
    (note,) = [note for note in said if note.code == "index_column"]
    assert note.startswith("Column 'id' holds another whole number in every row")


def test_no_set_of_known_dimension_has_such_a_column():
    for name in MANIFOLDS:
        for n in (60, N):
            assert as_points(make_manifold(name).sample(n, rng=0)).index_columns == (), name
