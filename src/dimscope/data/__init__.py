"""Named data sets: found on this computer, or fetched, verified and kept."""

from __future__ import annotations

from dimscope.data.load import check_data, load_data
from dimscope.data.named import NamedData

__all__ = ["NamedData", "check_data", "load_data"]
