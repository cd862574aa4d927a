"""Results as JSON documents, and the version of their schema."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dimscope.results.notes import Note

#: Version of the documents that this dimscope writes.
SCHEMA_VERSION = 2


def plain(value: Any) -> Any:
    """Turn ``value`` into what JSON can hold.

    NumPy arrays become lists, nan and inf become None, and notes keep their code.
    """
    if isinstance(value, Note):
        return {"code": value.code, "text": str(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    known = value is None or isinstance(value, bool | int | float | str)
    return value if known else str(value)
