"""The law of Hamming distances is found again from its own shares, on the side of bits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln

import dimscope as ds
from dimscope import BID
from dimscope.estimators._shared.binary_law import nearest_law

#: d0 and d1 as recorded for Ising spins below, near and above their transition (DADApy's example
#: Ising2D, 100 x 100 spins), with distances that hold a share of the pairs there.
RECORDED = [
    (508.5, 1.145, (30, 600)),
    (838.2, 1.547, (1281, 1857)),
    (605.1, 1.770, (1500, 2620)),
    (3153.6, 1.372, (3900, 4880)),
    (8171.8, 0.367, (4700, 4970)),
]


def counts_of(d0: float, d1: float, r: np.ndarray) -> np.ndarray:
    d = d0 + d1 * r
    log_p = gammaln(d + 1) - gammaln(r + 1) - gammaln(d - r + 1) - d * np.log(2)
    return np.rint(1e15 * np.exp(log_p - log_p.max())).astype(np.int64)


@pytest.mark.parametrize(("d0", "d1", "ends"), RECORDED)
def test_the_law_that_made_the_counts_is_found(d0: float, d1: float, ends: tuple[int, int]) -> None:
    r = np.arange(*ends)
    assert nearest_law(r, counts_of(d0, d1, r)) == pytest.approx(d0, rel=1e-5)


def spins(temperature: float, side: int = 16, n: int = 250) -> np.ndarray:
    """Independent samples of Ising spins on a torus, by Metropolis moves of half at once."""
    rng = np.random.default_rng(0)
    s = np.ones((n, side, side))
    black = np.indices((side, side)).sum(axis=0) % 2 == 0
    for _ in range(200):
        for half in (black, ~black):
            field = sum(np.roll(s, shift, axis) for shift in (1, -1) for axis in (1, 2))
            accepted = rng.random(s.shape) < np.exp(-2 * s * field / temperature)
            s[accepted & half] *= -1
    s *= rng.choice([-1, 1], size=(n, 1, 1))
    return s.reshape(n, -1)


def test_spins_lose_dimensions_as_they_are_cooled() -> None:
    """Once, a second minimum of the divergence gave up to four times as much at some shares."""
    drawn = [spins(temperature) for temperature in (20.0, 3.5, 2.0)]
    hot, warm, cold = (
        [BID(share=share).fit(x).dimension_ for share in (0.2, 0.3, 0.45)] for x in drawn
    )
    assert max(cold) < min(warm) < max(warm) < min(hot)
    assert max(hot) < 1.15 * 256
    assert max(cold) < 1.3 * min(cold)


def test_all_pairs_of_random_bits_count_the_bits() -> None:
    bits = np.random.default_rng(0).integers(0, 2, size=(1000, 100))
    for share in (0.2, 0.9, 1 - 1e-7):
        assert BID(share=share).fit(bits).dimension_ == pytest.approx(100, rel=0.02)


def test_shares_with_two_humps_are_no_law_of_bits() -> None:
    """Rows are copies of three prototypes with a few bits changed."""
    rng = np.random.default_rng(0)
    prototypes = rng.integers(0, 2, size=(3, 200))
    bits = prototypes[rng.integers(0, 3, size=400)] ^ (rng.random((400, 200)) < 0.01)
    estimate = ds.estimate(bits, BID(share=0.5), errors="own")
    assert estimate.value is None
    said = {note.code: note for note in estimate.notes}
    assert "Try another share" in said["undetermined"]
