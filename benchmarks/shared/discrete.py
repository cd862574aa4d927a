"""The estimators that continuous points cannot judge."""

from __future__ import annotations

#: Of integers and of bits, of which no set of the benchmarks is made.
DISCRETE = ("i3d", "bid")
