"""Reading one array from a file of any known type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dimscope.errors import InputError
from dimscope.io.reading import guarded
from dimscope.io.tables import TABLES, array_columns, read_table
from dimscope.io.tensors import TENSOR_SUFFIXES, read_tensors
from dimscope.points import numbers_of_frame

Array = npt.NDArray[Any]


def _pick(arrays: Mapping[str, Any], key: str | None, path: Path) -> Any:
    """Choose the array called ``key``, or the only one there is."""
    names = ", ".join(map(str, arrays)) or "none"
    if key is None and len(arrays) != 1:
        raise InputError(
            f"{str(path)!r} holds {len(arrays)} arrays ({names}); choose one of them with key=..."
        )
    if key is not None and key not in arrays:
        raise InputError(f"{str(path)!r} holds no array {key!r}; it holds: {names}")
    return arrays[next(iter(arrays)) if key is None else key]


def _reject_key(key: str | None, path: Path) -> None:
    if key is not None:
        raise InputError(f"{str(path)!r} holds one array without a name; leave out key={key!r}")


def _read_npy(path: Path, key: str | None) -> Array:
    _reject_key(key, path)
    with path.open("rb") as file:  # np.load would also accept a zip or a pickle of this name
        return np.lib.format.read_array(file, allow_pickle=False)


def _read_npz(path: Path, key: str | None) -> Array:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return np.asarray(_pick(arrays, key, path))


def _read_tensor(path: Path, key: str | None) -> Array:
    content = read_tensors(path)
    if isinstance(content, Mapping):
        content = _pick(content, key, path)
    else:
        _reject_key(key, path)
    import torch  # noqa: PLC0415 - read_tensors has loaded it; other files need no torch

    if not isinstance(content, torch.Tensor):
        found = type(content).__name__
        raise InputError(f"{str(path)!r} holds a {found} where a tensor is needed; save a tensor")
    if content.dtype == torch.bfloat16:  # NumPy has no such type
        content = content.float()
    return np.asarray(content.detach().resolve_conj().numpy())


def _read_table(path: Path, key: str | None) -> pd.DataFrame:
    return array_columns(read_table(path), key, path)


_READERS: dict[str, Callable[[Path, str | None], Array | pd.DataFrame]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    **dict.fromkeys(TENSOR_SUFFIXES, _read_tensor),
    **dict.fromkeys(TABLES, _read_table),
}


def read_array(path: str | Path, *, key: str | None = None) -> Array:
    r"""Read one array from a file, by the file's type.

    Parameters
    ----------
    path
        A ``.npy``, ``.npz``, ``.pt``, ``.pth``, ``.safetensors``, ``.csv``, ``.tsv`` or
        ``.parquet`` file. Pickled objects are never loaded. A table gives float64, a row for each
        of its rows; a column of lists has a row of the array in each, of their type. Text is
        separated by commas, semicolons, tabs or spaces. Its first line is a header unless it is all
        numbers; 0, 1, 2, ... (which pandas writes for columns without names) and whole numbers at
        equal steps above rows with fractions are a header too. bfloat16 tensors become float32;
        everything else keeps its type.
    key
        Which array of a file that holds several by name; of a table, which column of lists.

    Returns
    -------
    ndarray
        The array, in the shape in which it was stored.

    Raises
    ------
    InputError
        If the file is missing, unreadable, truncated or of an unknown type, if it holds several
        arrays and ``key`` does not choose one, or if a table has columns that are not numbers, or
        whole numbers that float64 would round.
    MissingDependencyError
        If the type needs torch and torch is not installed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "points.csv"
    >>> _ = path.write_text("a,b\n1,2\n3,4\n")
    >>> read_array(path)
    array([[1., 2.],
           [3., 4.]])
    """
    source = read_source(path, key=key)
    if not isinstance(source, pd.DataFrame):
        return source
    numbers = numbers_of_frame(source)
    if numbers.less_least:
        raise InputError(
            f"{str(path)!r} holds whole numbers beyond 2^53, which float64 rounds: read a data "
            "frame and give it to dimscope, which takes their differences"
        )
    return numbers.values


def read_source(path: str | Path, *, key: str | None = None) -> Array | pd.DataFrame:
    """Read what `dimscope.estimate` takes from a file: an array; of a table, its columns.

    Parameters
    ----------
    path, key
        As in `read_array`.

    Raises
    ------
    InputError
        As `read_array` does; whole numbers keep their type here.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"cannot read an array from {str(path)!r}: its type is none of {', '.join(_READERS)}; "
            "save it as one of these"
        )
    source: Array | pd.DataFrame = guarded(lambda existing: reader(existing, key), path)
    return source
