"""Reading one array from a file of any known type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dimscope.errors import InputError
from dimscope.io.tensors import TENSOR_SUFFIXES, guarded, read_tensors

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


def _read_csv(path: Path, key: str | None) -> Array:
    _reject_key(key, path)
    return numbers_of(csv_table(path), path)


def csv_table(path: Path) -> pd.DataFrame:
    """Read a table from text, with its header if it has one."""
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    first = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str)
    header = 0 if _is_header(first.iloc[0].fillna("").tolist()) else None
    return pd.read_csv(path, sep=separator, header=header)


def _is_header(cells: list[str]) -> bool:
    """Tell a header from a row of numbers; 0, 1, 2, ... are what pandas calls unnamed columns."""
    counted = [str(i) for i in range(len(cells))]
    if len(cells) > 1 and cells in (counted, ["", *counted[:-1]]):
        return True
    return not all(_is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def _read_parquet(path: Path, key: str | None) -> Array:
    _reject_key(key, path)
    return numbers_of(pd.read_parquet(path), path)


def numbers_of(table: pd.DataFrame, path: Path) -> Array:
    """Convert the table to float64; refuse columns that are no measurements."""
    others = [str(c) for c in table.columns.difference(table.select_dtypes("number").columns)]
    if others:
        raise InputError(
            f"{str(path)!r} has {len(others)} columns that are not numbers: "
            f"{', '.join(others[:5])}{', ...' if len(others) > 5 else ''}; "
            "remove them or encode them as numbers"
        )
    if str(table.columns[0]).startswith("Unnamed:"):
        raise InputError(
            f"the first column of {str(path)!r} has no name, as a row index has; "
            "write the table without its index (to_csv(..., index=False)) or name the column"
        )
    return table.to_numpy(dtype=np.float64, na_value=np.nan)


_READERS: dict[str, Callable[[Path, str | None], Array]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    **dict.fromkeys(TENSOR_SUFFIXES, _read_tensor),
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
}


def read_array(path: str | Path, *, key: str | None = None) -> Array:
    r"""Read one array from a file, by the file's type.

    Parameters
    ----------
    path
        A ``.npy``, ``.npz``, ``.pt``, ``.pth``, ``.safetensors``, ``.csv``, ``.tsv`` or
        ``.parquet`` file. Pickled objects are never loaded. A table gives float64, a row for each
        of its rows; its first line is a header unless it is all numbers other than 0, 1, 2, ...
        (which pandas writes for columns without names). bfloat16 tensors become float32;
        everything else keeps its type.
    key
        Which array of a file that holds several by name.

    Returns
    -------
    ndarray
        The array, in the shape in which it was stored.

    Raises
    ------
    InputError
        If the file is missing, unreadable, truncated or of an unknown type, if it holds several
        arrays and ``key`` does not choose one, or if a table has columns that are not numbers.
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
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"cannot read an array from {str(path)!r}: its type is none of {', '.join(_READERS)}; "
            "save it as one of these"
        )
    array: Array = guarded(lambda existing: reader(existing, key), path)
    return array
