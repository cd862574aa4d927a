"""Reading torch and safetensors files, without running any code that they may contain."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dimscope._optional import require
from dimscope.errors import InputError
from dimscope.io.reading import guarded, require_file


def _read_torch(path: Path) -> Any:
    torch = require("torch", extra="torch", purpose=f"{path.suffix} files")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} is damaged or holds more than tensors, which would run code when loaded; "
            "save tensors only: torch.save(model.state_dict(), path)"
        ) from error


def _read_safetensors(path: Path) -> Any:
    safetensors = require("safetensors.torch", extra="torch", purpose=".safetensors files")
    return safetensors.load_file(path, device="cpu")


_READERS: dict[str, Callable[[Path], Any]] = {
    ".pt": _read_torch,
    ".pth": _read_torch,
    ".safetensors": _read_safetensors,
}
TENSOR_SUFFIXES = tuple(_READERS)


def read_tensors(path: str | Path) -> Any:
    """Load a ``.pt``, ``.pth`` or ``.safetensors`` file onto the CPU.

    Parameters
    ----------
    path
        The file. Nothing in it is executed (``weights_only=True``).

    Returns
    -------
    Any
        What was saved: a tensor, or a (possibly nested) dictionary of tensors.

    Raises
    ------
    InputError
        If the file is missing, of another type, truncated, or holds more than tensors.
    """
    check_tensor_file(path := Path(path))
    return guarded(_READERS[path.suffix.lower()], path)


def check_tensor_file(path: str | Path) -> None:
    """Refuse a file that is missing or of another type, without reading it.

    Raises
    ------
    InputError
        If it is.
    """
    path = Path(path)
    if path.suffix.lower() not in _READERS:
        raise InputError(
            f"cannot read tensors from {str(path)!r}: its type is none of "
            f"{', '.join(TENSOR_SUFFIXES)}; save it as one of these"
        )
    require_file(path)
