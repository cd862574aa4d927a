"""The exponent of a spectrum, on spectra of known exponent."""

from __future__ import annotations

import numpy as np
import pytest

from dimscope import InputError, Spectrum


def spectrum(exponent, n, d, seed=0):
    scales = np.arange(1, d + 1) ** (-exponent / 2)
    return Spectrum.from_points(np.random.default_rng(seed).normal(size=(n, d)) * scales)


@pytest.mark.statistical
@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.5])
def test_the_exponent_is_found_within_its_error(exponent):
    """30 draws know a scatter to 13 %."""
    found = [spectrum(exponent, 3000, 30, seed).power_law() for seed in range(30)]
    values = np.array([law.exponent for law in found])
    assert values.mean() == pytest.approx(exponent, abs=0.02)
    assert 0.6 < np.mean([law.stderr for law in found]) / values.std(ddof=1) < 1.6
    assert min(law.r_squared for law in found) > 0.98
    assert found[0].notes == ()


def test_ranks_are_chosen():
    """A law that begins at rank 6; the weights are 1 / rank, as polyfit takes their roots."""
    x = np.random.default_rng(0).normal(size=(2000, 40))
    x *= np.r_[np.full(5, 3.0), np.arange(6.0, 41.0) ** -1.0]
    law = Spectrum.from_points(x).power_law(6, 40)
    values = Spectrum.from_points(x).eigenvalues[5:40]
    ranks = np.arange(6, 41)
    slope = np.polyfit(np.log(ranks), np.log(values), 1, w=ranks**-0.5)[0]
    assert law.exponent == pytest.approx(-slope)
    assert law.exponent == pytest.approx(2, abs=0.1)
    assert (law.first, law.last, law.n_samples) == (6, 40, 2000)


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "bias"), [(1000, 0.014), (200, 0.094)])
def test_too_few_samples_bias_it_as_documented(n, bias):
    found = [spectrum(1.0, n, 100, seed).power_law() for seed in range(10)]
    assert np.mean([law.exponent for law in found]) - 1 == pytest.approx(bias, rel=0.5)
    few = spectrum(1.0, 200, 100).power_law()
    assert "200 samples for 100 ranks" in few.notes[0]


def test_the_unit_does_not_matter():
    x = np.random.default_rng(0).normal(size=(300, 10)) * np.arange(1, 11)
    laws = [Spectrum.from_points(scale * x).power_law() for scale in (1e-50, 1.0, 1e50)]
    assert laws[0].exponent == pytest.approx(laws[1].exponent, rel=1e-12)
    assert laws[2].exponent == pytest.approx(laws[1].exponent, rel=1e-12)


@pytest.mark.parametrize(("first", "last"), [(0, 9), (1, 2), (9, 10), (1, 11)])
def test_ranks_out_of_range(first, last):
    with pytest.raises(InputError, match=r"are not at least 3 of the 10 eigenvalues above"):
        spectrum(1.0, 100, 10).power_law(first, last)


@pytest.mark.parametrize("n", [2000, 40])
def test_directions_that_are_not_there_are_no_part_of_the_law(n):
    """Ten directions turned into 50 features, and moved: what is left of the others is rounding."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 10)) * np.arange(1, 11) ** -0.5
    x = x @ np.linalg.qr(rng.normal(size=(50, 10)))[0].T + 3
    law = Spectrum.from_points(x).power_law()
    assert law.last == 10
    assert law.exponent == pytest.approx(1, abs=0.05 if n > 40 else 0.6)
    with pytest.raises(InputError, match="of the 10 eigenvalues above rounding"):
        Spectrum.from_points(x).power_law(1, 11)
