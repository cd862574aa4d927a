"""Rows that are lists, as embeddings stand in a column of a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

import dimscope as ds
from dimscope.points import as_points

RNG = np.random.default_rng(0)
X = np.sin(RNG.normal(size=(500, 3)) @ RNG.normal(size=(3, 40))).astype(np.float32)
SERIES = pd.Series(list(X))


@pytest.mark.parametrize(
    "column",
    [
        SERIES,
        SERIES.to_frame("emb"),
        SERIES.to_numpy(),
        SERIES.to_numpy().reshape(-1, 1),
        pd.Series([row.tolist() for row in X]),
        pd.Series([tuple(row) for row in X]),
        pd.Series(list(torch.from_numpy(X))),
        pd.Series(pa.array(X.tolist()), dtype=pd.ArrowDtype(pa.list_(pa.float32()))),
    ],
    ids=["series", "frame", "objects", "one column", "lists", "tuples", "tensors", "arrow"],
)
def test_a_column_of_lists_is_the_matrix_that_they_make(column):
    points = as_points(column)
    np.testing.assert_array_equal(np.hstack(list(points.column_blocks())), X)


def test_their_dimension_is_that_of_the_matrix():
    assert ds.estimate(SERIES.to_frame("emb")) == ds.estimate(X)


def test_nested_lists_keep_their_shape():
    images = pd.Series([[[1.0, 2.0], [3.0, 4.0]]] * 3)
    with pytest.raises(ds.InputError, match=r"got shape \(3, 2, 2\)"):
        as_points(images)
