"""What counts as a representation, and what is said about what does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
import zarr

from dimscope import InputError
from dimscope.points import as_points


def matrix(n=60, d=5):
    return np.random.default_rng(0).normal(size=(n, d))


def with_entry(value, row=3):
    x = matrix()
    x[row, 1] = value
    return x


def values_of(p):
    return np.concatenate(list(p.column_blocks()), axis=1)


FRAME = pd.DataFrame({"a": [1.5, 2.0, 3.0], "b": [1, 2, 3], "c": [True, False, True]})


@pytest.mark.parametrize(
    "x",
    [
        FRAME.to_numpy(dtype=float).tolist(),
        FRAME,
        FRAME.convert_dtypes(),
        FRAME.astype({"b": "UInt8", "c": "boolean"}),
        FRAME.astype({"a": "float32", "b": "float64[pyarrow]"}),
        torch.tensor(FRAME.to_numpy(dtype=float), requires_grad=True),
        torch.tensor(FRAME.to_numpy(dtype=float)).T.contiguous().T,
        np.asfortranarray(FRAME.to_numpy(dtype=float)),
        np.asmatrix(FRAME.to_numpy(dtype=float)),
        np.ma.array(FRAME.to_numpy(dtype=float)),
        FRAME.to_numpy(dtype=np.float16),
        FRAME.to_numpy(dtype=np.longdouble),
        FRAME.to_numpy(dtype=">f4"),
        zarr.array(FRAME.to_numpy(dtype=float)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_every_kind_of_matrix_holds_the_same_numbers(x):
    np.testing.assert_array_equal(values_of(as_points(x)), FRAME.to_numpy(dtype=float))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (with_entry(np.nan), r"1 of 60 rows hold NaN or infinite values \(row 3\): drop or repair"),
        (with_entry(-np.inf), r"1 of 60 rows hold NaN or infinite values \(row 3\)"),
        (np.full((9, 2), np.nan), r"9 of 9 rows hold NaN .* \(rows 0, 1, 2, 3, 4, \.\.\.\)"),
        (pd.DataFrame({"a": [1, None, 2]}, dtype="Int64"), r"1 of 3 rows hold NaN .* \(row 1\)"),
        (matrix()[:, 0], r"got shape \(60,\): use x.reshape\(-1, 1\) if each entry"),
        (pd.Series([1.0, 2.0]), r"got shape \(2,\): use x.reshape\(-1, 1\)"),
        (np.zeros((4, 3, 2)), r"got shape \(4, 3, 2\): use x.reshape\(len\(x\), -1\)"),
        (np.zeros((0, 3)), r"the array is empty: 0 sample\(s\) and 3 feature\(s\) \(shape="),
        (np.zeros((3, 0)), r"the array is empty: 3 sample\(s\) and 0 feature\(s\)"),
        (pd.DataFrame(), "the array is empty"),
        ([], r"expected an array of shape \(n_samples, n_features\), got shape \(0,\)"),
        (np.array([[1, "a"]], dtype=object), "expected real numbers, got dtype object with text"),
        (np.array([[1, {}]], dtype=object), "got dtype object: .* must be a string or a real num"),
        ([["a", "b"], ["c", "d"]], "expected real numbers, got dtype <U1"),
        (np.ones((3, 2), dtype=complex), "expected real numbers, got dtype complex128"),
        (torch.ones((3, 2), dtype=torch.complex64), "expected real numbers, got dtype complex64"),
        (np.ones((3, 2), dtype="datetime64[s]"), "expected real numbers, got dtype datetime64"),
        (pd.DataFrame({"a": [1.0], "b": ["x"]}), r"columns \['b'\] are not numeric: drop or enc"),
        ([[1, 2], [3, 4], [3]], r"row 2 has shape \(1,\) where 2 of 3 rows have shape \(2,\)"),
        ([[1, 2], 3], r"row 1 holds 3, where others hold a list of numbers"),
        (pd.Series([[1, 2], None, [3, 4]]), "row 1 holds None, where others hold a list of num"),
        (pd.Series([[1, 2], [None, 4]]), r"1 of 2 rows hold NaN .* \(row 1\)"),
        (pd.Series([[1, 2], ["a", "b"]]), "row 1 is no list of real numbers: it has dtype <U1"),
        (pd.Series([np.ones((2, 2))] * 3), r"got shape \(3, 2, 2\): use x.reshape\(len\(x\), -1\)"),
        (pd.DataFrame({"n": [1, 2], "v": [[1], [2]]}), "column 'v' holds a list .* as x\\['v'\\]"),
        (np.array([[10**400, 1], [2, 3]], dtype=object), "a number lies outside float64's range"),
        (np.array([[2**70 + 1, 1], [2, 3]], dtype=object), "whole numbers beyond 64 bits would"),
        (3.0, "cannot read float as a matrix"),
        (None, "cannot read NoneType as a matrix"),
        ("x.npy", "cannot read str as a matrix"),
        ({"a": [1.0]}, "cannot read dict as a matrix"),
        (scipy.sparse.coo_array(np.ones(4)), r"got shape \(4,\): use x.reshape\(-1, 1\)"),
        (torch.eye(3).to_sparse(), "cannot read Tensor as a matrix: .* Use Tensor.to_dense"),
        (np.ma.masked_greater(matrix(), 1.0), "the array has masked values"),
    ],
)
def test_what_is_no_matrix_is_named_in_one_line(x, message):
    with pytest.raises(InputError, match=message) as caught:
        _ = as_points(x).scan
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_what_is_no_number_is_a_type_error_too():
    """As `float` and NumPy have it, and scikit-learn's own checks."""
    with pytest.raises(TypeError, match="not 'dict'"):
        as_points(np.array([[1.0, {}]], dtype=object))


def test_numbers_as_python_objects_are_numbers():
    x = matrix().astype(object)
    x[0, 0] = 2**70
    assert values_of(as_points(x))[0, 0] == 2.0**70
    np.testing.assert_array_equal(values_of(as_points(x))[1:], matrix()[1:])


def test_points_pass_through():
    p = as_points(matrix())
    assert as_points(p) is p
