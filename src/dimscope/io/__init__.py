"""Reading arrays, tables and tensors from files."""

from __future__ import annotations

from dimscope.io.arrays import read_array, read_source
from dimscope.io.labels import read_labelled
from dimscope.io.pickles import read_pickled_arrays
from dimscope.io.reading import guarded
from dimscope.io.tensors import check_tensor_file, read_tensors

__all__ = [
    "check_tensor_file",
    "guarded",
    "read_array",
    "read_labelled",
    "read_pickled_arrays",
    "read_source",
    "read_tensors",
]
