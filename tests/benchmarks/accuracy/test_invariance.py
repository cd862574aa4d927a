"""No change that leaves a dimension as it is moves a value out of its interval without a note."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings

from benchmarks.accuracy import invariance
from benchmarks.accuracy.invariance import verdict
from benchmarks.accuracy.triples import CHANGES, Triple, triples
from dimscope.results import DimensionEstimate, Note


@settings(max_examples=50)
@given(triples(most=150))
def test_random_triples_have_no_fault(triple):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not verdict(triple).startswith("FAULT")


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_every_change_leaves_what_two_nn_reads(change):
    said = verdict(Triple("two_nn_mle", "normal", change, 200, 3))
    assert said in {"the same bits", "equal to rounding"}


def found(value, interval=None, code=None):
    return DimensionEstimate(
        value=value, stderr=None, interval=interval, scale=None, n_samples=100, n_duplicates=0,
        method="two_nn", notes=(Note(code, "Something."),) if code else (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "before", "after", "said"),
    [
        ("in_chunks", found(3.0), found(3.0), "the same bits"),
        ("in_chunks", found(3.0), found(np.nextafter(3.0, 4)), "FAULT"),
        ("in_chunks", found(3.0), "too few", "FAULT"),
        ("turned", found(3.0), found(np.nextafter(3.0, 4)), "equal to rounding"),
        ("turned", found(3.0, (2.9, 3.1)), found(3.05, (2.9, 3.2)), "within the interval"),
        ("turned", found(3.0, (2.9, 3.1)), found(3.05, (3.01, 3.1)), "FAULT"),
        ("turned", found(3.0), found(3.5), "within the interval"),
        ("turned", found(3.0), found(3.7), "FAULT"),
        ("turned", found(3.0), found(3.7, code="bias"), "FAULT"),
        ("turned", found(3.0), found(3.7, code="rounding"), "outside, with a note"),
        ("turned", found(3.0), "too few", "refused on one side"),
        ("turned", "too few", "too few", "refused"),
    ],
)
def test_verdicts(monkeypatch, change, before, after, said):
    answers = iter([before, after])
    monkeypatch.setattr(invariance, "_answer", lambda triple, x: next(answers))
    assert verdict(Triple("two_nn", "normal", change, 20, 0)).split(":")[0] == said
