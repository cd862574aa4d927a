"""Compiled loops, kept for the next process; modules of these are imported where they are used."""

from __future__ import annotations

from functools import partial
from typing import Any

from numba import njit


def compiled(function: Any, **options: Any) -> Any:
    """``function`` compiled, and kept for the next process where a folder can be written to."""
    try:
        return njit(nogil=True, error_model="numpy", cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written to
        return njit(nogil=True, error_model="numpy", **options)(function)


reordered = partial(compiled, fastmath={"reassoc", "contract"})
