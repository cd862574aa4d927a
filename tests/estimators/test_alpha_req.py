"""alpha-ReQ is the exponent of a spectrum that falls as a power of the rank."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from known_points import matrix

from dimscope import AlphaReQ, InputError, Spectrum

SEEDS = st.integers(0, 2**32 - 1)


def with_exact_eigenvalues(eigenvalues, n=300, seed=0):
    """A sample whose own covariance has these eigenvalues, to rounding."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(eigenvalues)))
    basis = np.linalg.qr(x - x.mean(axis=0))[0]
    turn = np.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))[0]
    return np.sqrt(n - 1) * (basis * np.sqrt(eigenvalues)) @ turn + 3.0


class TestTheory:
    @pytest.mark.parametrize(
        ("alpha", "first", "last"),
        [(a, *r) for a, r in itertools.product([0.5, 1.0, 2.5], [(1, 100), (4, 100), (12, 60)])],
    )
    def test_of_an_exact_power_law_is_its_exponent(self, alpha, first, last):
        x = with_exact_eigenvalues(np.arange(1.0, 121) ** -alpha)
        found = AlphaReQ(first=first, last=last).fit(x).dimension_
        assert found == pytest.approx(alpha, rel=1e-6)

    def test_only_the_ranks_of_the_fit_count(self):
        """A knee at rank 10: 0.5 before it, 3 after it."""
        ranks = np.arange(1.0, 101)
        x = with_exact_eigenvalues(np.where(ranks <= 10, ranks**-0.5, 10**2.5 * ranks**-3.0))
        assert AlphaReQ(last=10).fit(x).dimension_ == pytest.approx(0.5, rel=1e-6)
        assert AlphaReQ(first=10).fit(x).dimension_ == pytest.approx(3.0, rel=1e-6)
        assert 0.5 < AlphaReQ().fit(x).dimension_ < 3.0

    def test_is_a_fit_with_weights_of_one_over_the_rank(self):
        x = matrix(200, 30)
        values = np.sort(np.linalg.eigvalsh(np.cov(x, rowvar=False)))[::-1][3:20]
        ranks = np.arange(4, 21)
        slope = np.polyfit(np.log(ranks), np.log(values), 1, w=1 / np.sqrt(ranks))[0]
        assert AlphaReQ(first=4, last=20).fit(x).dimension_ == pytest.approx(-slope, rel=1e-9)


@given(seed=SEEDS, exponent=st.floats(-12, 12))
@settings(max_examples=10)
def test_rotation_scale_offset_and_order_change_nothing(seed, exponent):
    rng = np.random.default_rng(seed)
    x = matrix(60, 6, seed)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    moved = 10**exponent * rng.permutation(x @ turn + 10 * rng.normal(size=6))
    assert AlphaReQ().fit(moved).dimension_ == pytest.approx(AlphaReQ().fit(x).dimension_, rel=1e-6)


class TestRanges:
    def test_a_fit_that_ends_sooner_says_so(self):
        """By the features, by the samples and by the rank; not where all ranks are there."""
        wide = np.random.default_rng(0).normal(size=(3000, 120)) / np.arange(1, 121)
        for x, last in ((wide[:, :20], 20), (wide[:50], 49), (wide[:, :40] @ np.eye(40, 400), 40)):
            assert f"The fit ends at rank {last}, not 100" in AlphaReQ().fit(x).estimate_.notes[0]
        assert {note.code for note in AlphaReQ().fit(wide).estimate_.notes} == {"block_errors"}

    @pytest.mark.parametrize("offset", [0.0, 3.0, 300.0])
    @pytest.mark.parametrize("dtype", [np.float32, np.float16])
    def test_the_rounding_of_stored_values_spans_no_directions(self, dtype, offset):
        """Forty directions among 300 features: rounding fills the others, and is not fitted."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(1000, 40)) @ rng.normal(size=(40, 300)) + offset
        found = AlphaReQ().fit(x.astype(dtype)).estimate_
        exact = AlphaReQ().fit(x).estimate_
        assert found.value == pytest.approx(exact.value, rel=0.01)
        assert "The fit ends at rank 40, not 100" in found.notes[0]

    def test_few_samples_for_the_ranks_are_noted(self):
        wide = np.random.default_rng(0).normal(size=(500, 120)) / np.arange(1, 121)
        assert "500 samples for 100 ranks" in AlphaReQ().fit(wide).estimate_.notes[0]

    @pytest.mark.parametrize(("n", "first"), [(3, 1), (5, 3)])
    def test_fewer_than_three_eigenvalues_have_no_exponent(self, n, first):
        found = AlphaReQ(first=first).estimate(Spectrum.from_points(matrix(n, 8)))
        assert found.value is None
        (note,) = found.notes
        assert note.code == "undetermined"
        assert (
            note
            == f"The points span {n - 1} directions: a fit from rank {first} on needs {first + 2}."
        )

    @pytest.mark.parametrize(
        ("first", "last", "message"),
        [(0, 100, "first=0 must be at least 1"), (5, 6, "first=5 and last=6 leave fewer than 3")],
    )
    def test_ranks_that_cannot_be_used(self, first, last, message):
        with pytest.raises(InputError, match=message):
            AlphaReQ(first=first, last=last).fit(matrix())
