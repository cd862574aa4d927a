"""Reading arrays out of pickles, without running any code that they may name."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from dimscope.errors import InputError
from dimscope.io.reading import guarded


class _ArrayUnpickler(pickle.Unpickler):
    """Builds NumPy arrays and plain containers, and refuses a pickle that names anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return lambda code, *_: np.dtype(code, copy=True)
        raise InputError(
            f"the pickle names {module}.{name}, which would run code when loaded; it must hold "
            "NumPy arrays in lists and dictionaries only"
        )


def read_pickled_arrays(path: Path, *, encoding: str = "ASCII") -> Any:
    """Load a pickle of NumPy arrays in plain containers.

    Parameters
    ----------
    path
        The file. Nothing in it is executed.
    encoding
        Of the byte strings in a pickle of Python 2.

    Raises
    ------
    InputError
        If the file is missing, truncated, no pickle, or names anything but arrays.
    """
    return guarded(lambda existing: _read(existing, encoding), path)


def _read(path: Path, encoding: str) -> Any:
    with path.open("rb") as file:
        try:
            return _ArrayUnpickler(file, encoding=encoding).load()
        except InputError as error:
            raise InputError(f"cannot read {str(path)!r}: {error}") from error
