"""Reading arrays, tables and tensors from files."""

from __future__ import annotations

from dimscope.io.arrays import read_array
from dimscope.io.labels import read_labelled
from dimscope.io.tensors import read_tensors

__all__ = ["read_array", "read_labelled", "read_tensors"]
