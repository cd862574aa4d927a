"""Processes of other libraries, and what becomes of a call that takes too long."""

import sys
from pathlib import Path

from benchmarks.accuracy.peers import PYTHONS
from benchmarks.accuracy.rows import TOO_SLOW, Method
from benchmarks.accuracy.samples import Sample
from benchmarks.accuracy.workers import Workers


def test_a_call_beyond_its_limit_is_too_slow_and_the_next_one_is_answered(tmp_path, monkeypatch):
    """A process of scikit-dimension itself, stopped in its first call by a limit it cannot keep."""
    monkeypatch.setitem(PYTHONS, "scikit-dimension", Path(sys.executable))
    sample = Sample("M9_Affine", 2_000, 0)
    workers = Workers(limit=0.5)
    try:
        slow = workers.row(Method("scikit-dimension", "PH"), sample, sample.file(tmp_path))
        assert (slow.value, slow.note) == (None, TOO_SLOW)
        workers.limit = 60.0
        known = workers.row(Method("scikit-dimension", "lPCA"), sample, sample.file(tmp_path))
        assert known.value == 20
    finally:
        workers.stop()
