"""Arrays, tensors, data frames and arrays on disk become `Points`; anything else is refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from dimscope.errors import InputError, InputTypeError
from dimscope.points.index_columns import index_columns
from dimscope.points.integers import less_the_least
from dimscope.points.points import Points
from dimscope.points.sparse import dense_or_blocks
from dimscope.points.tables import Numbers, are_rows, joined_rows, numbers_of_frame


def as_points(x: Any) -> Points:
    """Check ``x``, an array, tensor, data frame, nested list or array on disk, and wrap it.

    Parameters
    ----------
    x
        Anything of shape (n_samples, n_features) holding real numbers: integers, booleans and
        floats of any width. A SciPy sparse matrix holds the numbers of its dense form, and a column
        of lists, arrays or tensors has a row in each. Points pass through.

    Raises
    ------
    InputError
        If it is not two-dimensional, is empty, does not hold real numbers, or holds integers that
        float64 cannot tell apart.

    Examples
    --------
    >>> as_points([[0, 1], [2, 3], [4, 5]]).n_samples
    3
    """
    if isinstance(x, Points):
        return x
    read = numbers_of_frame(x) if hasattr(x, "select_dtypes") else Numbers(_as_sliceable(x), None)
    _check_shape(read.values, type(x).__name__)
    source: Any = read.values
    if np.dtype(source.dtype).kind == "O":
        source = _numbers_of(source)
    _check_real(np.dtype(source.dtype))
    roundoff = _roundoff(x, np.dtype(source.dtype))
    exact = less_the_least(source)
    if exact is not None:
        source, roundoff = exact
    in_memory = isinstance(source, np.ndarray)
    return Points(
        source,
        roundoff=roundoff,
        less_least=read.less_least or exact is not None,
        index_columns=index_columns(np.asarray(source), read.names) if in_memory else (),
    )


def _check_shape(source: Any, kind: str) -> None:
    if source.ndim == 0:
        raise InputError(f"cannot read {kind} as a matrix: give (n_samples, n_features)")
    if source.ndim != 2:
        hint = "x.reshape(-1, 1)" if source.ndim == 1 else "x.reshape(len(x), -1)"
        raise InputError(
            f"expected an array of shape (n_samples, n_features), got shape {tuple(source.shape)}: "
            f"use {hint} if each entry along the first axis is a sample"
        )
    if 0 in source.shape:
        n, d = source.shape
        raise InputError(
            f"the array is empty: {n} sample(s) and {d} feature(s) (shape=({n}, {d})) while a "
            "minimum of 1 is required of each"
        )


def _check_real(dtype: np.dtype[Any]) -> None:
    if dtype.kind == "c":
        raise InputError(
            f"expected real numbers, got dtype {dtype}. Complex data not supported: give "
            "real and imaginary parts as features of their own, or the magnitudes"
        )
    if dtype.kind not in "fiub":
        raise InputError(f"expected real numbers, got dtype {dtype}: convert them first")


def _numbers_of(objects: Any) -> np.ndarray:
    """The numbers that an array of Python objects holds: integers if all are, else float64."""
    values = np.asarray(objects)
    if any(isinstance(value, str | bytes) for value in values.flat):
        raise InputError("expected real numbers, got dtype object with text: drop or encode it")
    try:
        floats = values.astype(np.float64)
    except OverflowError as error:
        raise InputError(f"a number lies outside float64's range: {error}") from error
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"expected real numbers, got dtype object: {error}") from error
    if not all(isinstance(value, int | np.integer) for value in values.flat):
        return floats
    integers = np.array(values.tolist())
    if integers.dtype.kind not in "iu" and (floats.astype(object) != values).any():
        raise InputError(
            "whole numbers beyond 64 bits would be rounded: subtract the smallest of each column "
            "first, as x - x.min(axis=0)"
        )
    return integers if integers.dtype.kind in "iu" else floats


def _roundoff(x: Any, dtype: np.dtype[Any]) -> float:
    if "bfloat16" in str(getattr(x, "dtype", "")):
        return 2.0**-8
    return float(np.finfo(dtype).eps) / 2 if dtype.kind == "f" else 0.0


def _as_sliceable(x: Any) -> Any:
    """Return ``x`` as an object with ndim, shape, dtype and slices that are NumPy arrays."""
    if hasattr(x, "tocsr"):  # of SciPy, without importing it
        return dense_or_blocks(x)
    if np.ma.is_masked(x):
        raise InputError("the array has masked values: fill them, or drop their rows")
    try:
        if hasattr(x, "detach"):  # a torch tensor, without importing torch
            return _tensor_values(x.detach().cpu())
        is_array = all(hasattr(x, name) for name in ("ndim", "shape", "dtype", "__getitem__"))
        if not is_array:
            return np.asarray(x)
        return joined_rows(x) if x.shape and are_rows(x) else x
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        if isinstance(x, list | tuple):
            return joined_rows(x)  # which names the row
        raise InputError(f"cannot read {type(x).__name__} as a matrix: {error}") from error


def _tensor_values(tensor: Any) -> np.ndarray:
    """The numbers of a tensor; floats that NumPy does not have (bfloat16, float8) as float32."""
    known = hasattr(np, str(tensor.dtype).removeprefix("torch."))
    widened = tensor.float() if tensor.is_floating_point() and not known else tensor
    return np.asarray(widened.numpy())
