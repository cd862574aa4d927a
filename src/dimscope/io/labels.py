"""Labels of the rows of an array: a column of the same table, or a file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dimscope.errors import InputError
from dimscope.io.arrays import read_source
from dimscope.io.reading import guarded
from dimscope.io.tables import TABLES, array_columns, read_table


def read_labelled(
    path: str | Path, labels: str, *, key: str | None = None
) -> tuple[npt.NDArray[Any] | pd.DataFrame, npt.NDArray[Any]]:
    """Read an array, or the columns of a table, from a file, and a label for each of its rows.

    Parameters
    ----------
    path, key
        The array or columns, as in `read_source`.
    labels
        A column of the table in ``path``, which is then not part of the array; or a file with a
        label for each row: ``.npy``, ``.csv``, ``.tsv`` or ``.parquet`` with one column, or
        ``.txt`` with a line for each.

    Raises
    ------
    InputError
        If a file cannot be read, ``labels`` is neither a column nor a file, or the file has several
        columns.
    """
    path = Path(path)
    columns: list[str] = []
    if path.suffix.lower() in TABLES:
        table = guarded(read_table, path)
        columns = [str(column) for column in table.columns]
        if labels in columns:
            own = table.columns[columns.index(labels)]
            return array_columns(table.drop(columns=own), key, path), table[own].to_numpy()
    if not Path(labels).is_file():
        names = f"; its columns are {', '.join(columns[:10])}" if columns else ""
        raise InputError(
            f"{labels!r} is neither a column of {str(path)!r} nor a file with a label for each "
            f"row{names}"
        )
    return read_source(path, key=key), guarded(_labels, Path(labels))


def _labels(path: Path) -> npt.NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        found: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    elif suffix in TABLES:
        found = read_table(path).to_numpy()
    elif suffix == ".txt":
        found = np.array(path.read_text(encoding="utf-8").splitlines())
    else:
        raise InputError(f"labels are read from .npy, .txt, {', '.join(TABLES)}, got {str(path)!r}")
    if found.ndim == 2 and found.shape[1] != 1:
        raise InputError(
            f"{str(path)!r} has {found.shape[1]} columns: give a file with the labels alone"
        )
    return found.ravel()
