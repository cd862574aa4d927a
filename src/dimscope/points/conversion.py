"""Arrays, tensors, data frames and arrays on disk become `Points`; anything else is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError, InputTypeError
from dimscope.points.points import Points


def as_points(x: Any) -> Points:
    """Check ``x``, an array, tensor, data frame, nested list or array on disk, and wrap it.

    Parameters
    ----------
    x
        Anything of shape (n_samples, n_features) holding real numbers: integers, booleans and
        floats of any width. Points pass through.

    Raises
    ------
    InputError
        If it is not two-dimensional, is empty, or does not hold real numbers.

    Examples
    --------
    >>> as_points([[0, 1], [2, 3], [4, 5]]).n_samples
    3
    """
    if isinstance(x, Points):
        return x
    source = _as_sliceable(x)
    if source.ndim == 0:
        raise InputError(
            f"cannot read {type(x).__name__} as a matrix: give (n_samples, n_features)"
        )
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
    if np.dtype(source.dtype).kind == "O":
        source = _numbers_of(source)
    if np.dtype(source.dtype).kind == "c":
        raise InputError(
            f"expected real numbers, got dtype {source.dtype}. Complex data not supported: give "
            "real and imaginary parts as features of their own, or the magnitudes"
        )
    if np.dtype(source.dtype).kind not in "fiub":
        raise InputError(f"expected real numbers, got dtype {source.dtype}: convert them first")
    return Points(source, roundoff=_roundoff(x, np.dtype(source.dtype)))


def _numbers_of(objects: Any) -> Float64[np.ndarray, "n d"]:
    """The numbers that an array of Python objects holds."""
    values = np.asarray(objects)
    if any(isinstance(value, str | bytes) for value in values.flat):
        raise InputError("expected real numbers, got dtype object with text: drop or encode it")
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"expected real numbers, got dtype object: {error}") from error


def _roundoff(x: Any, dtype: np.dtype[Any]) -> float:
    if "bfloat16" in str(getattr(x, "dtype", "")):
        return 2.0**-8
    return float(np.finfo(dtype).eps) / 2 if dtype.kind == "f" else 0.0


def _as_sliceable(x: Any) -> Any:
    """Return ``x`` as an object with ndim, shape, dtype and slices that are NumPy arrays."""
    if hasattr(x, "toarray"):
        raise InputError(f"{type(x).__name__} is sparse: give x.toarray()")
    if np.ma.is_masked(x):
        raise InputError("the array has masked values: fill them, or drop their rows")
    if hasattr(x, "select_dtypes"):  # a pandas data frame
        other = list(x.columns[[not _is_real(dtype) for dtype in x.dtypes]])
        if other:
            raise InputError(f"columns {other} are not numeric: drop or encode them")
        return x.to_numpy(dtype=np.float64, na_value=np.nan)
    try:
        if hasattr(x, "detach"):  # a torch tensor, without importing torch
            return _tensor_values(x.detach().cpu())
        is_array = all(hasattr(x, name) for name in ("ndim", "shape", "dtype", "__getitem__"))
        return x if is_array else np.asarray(x)
    except (TypeError, ValueError) as error:
        raise InputError(f"cannot read {type(x).__name__} as a matrix: {error}") from error


def _tensor_values(tensor: Any) -> np.ndarray:
    """The numbers of a tensor; floats that NumPy does not have (bfloat16, float8) as float32."""
    known = hasattr(np, str(tensor.dtype).removeprefix("torch."))
    widened = tensor.float() if tensor.is_floating_point() and not known else tensor
    return np.asarray(widened.numpy())


def _is_real(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "fiub"
