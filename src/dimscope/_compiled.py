"""Compiling loops with numba.

numba loads slowly, so modules of compiled loops are imported inside the functions that use them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from numba import njit


def compiled(function: Any, **options: Any) -> Any:
    """Compile ``function``, and cache the result on disk if a folder for it can be written to."""
    try:
        return njit(nogil=True, error_model="numpy", cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written to
        return njit(nogil=True, error_model="numpy", **options)(function)


#: Compile a function whose sums may be taken in any order, which makes them faster.
reordered = partial(compiled, fastmath={"reassoc", "contract"})
