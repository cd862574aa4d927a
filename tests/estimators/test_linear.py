"""Linear dimensions against their definitions, and the correction against known spectra."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from dimscope import (
    EffectiveRank,
    InputError,
    ParticipationRatio,
    PCADimension,
    Spectrum,
    StableRank,
)


def matrix(n=7, d=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * rng.uniform(0.2, 2, size=d) + rng.normal(size=d)


def with_spectrum(eigenvalues, n=200, seed=0):
    """A Gaussian sample whose population covariance has the given eigenvalues."""
    return np.random.default_rng(seed).normal(size=(n, len(eigenvalues))) * np.sqrt(eigenvalues)


def ratio(eigenvalues):
    return eigenvalues.sum() ** 2 / np.square(eigenvalues).sum()


def naive_corrected_ratio(x, distinct_columns):
    """Averages over four distinct rows (and two distinct columns) of the raw, uncentred values.

    tr(C)^2 is <x_ia x_ia x_jb x_jb> - 2 <x_ia x_ia x_jb x_kb> + <x_ia x_ja x_kb x_lb> summed over
    columns a, b, and tr(C^2) is <x_ia x_ja x_ib x_jb> - 2 <x_ia x_ja x_jb x_kb> + the same.
    """
    n, d = x.shape
    pairs = [(a, b) for a in range(d) for b in range(d) if a != b or not distinct_columns]
    numerator = denominator = 0.0
    for i, j, k, m in itertools.permutations(range(n), 4):
        for a, b in pairs:
            four = x[i, a] * x[j, a] * x[k, b] * x[m, b]
            numerator += x[i, a] ** 2 * x[j, b] ** 2 - 2 * x[i, a] ** 2 * x[j, b] * x[k, b] + four
            denominator += (
                x[i, a] * x[j, a] * x[i, b] * x[j, b]
                - 2 * x[i, a] * x[j, a] * x[j, b] * x[k, b]
                + four
            )
    return numerator / denominator


class TestParticipationRatio:
    @pytest.mark.parametrize("shape", [(6, 4), (4, 3), (6, 9)])
    def test_is_the_average_over_distinct_rows(self, shape):
        x = matrix(*shape)
        want = naive_corrected_ratio(x, distinct_columns=False)
        assert ParticipationRatio().fit(x).dimension_ == pytest.approx(want, rel=1e-9)

    @pytest.mark.parametrize("shape", [(6, 4), (4, 3), (6, 9)])
    def test_is_the_average_over_distinct_rows_and_columns(self, shape):
        """Columns move together, so that even these few entries bound the ratio."""
        x = matrix(*shape) + 3 * matrix(shape[0], 1)
        want = naive_corrected_ratio(x, distinct_columns=True)
        both = ParticipationRatio(correction="rows_and_columns").fit(x).dimension_
        assert both == pytest.approx(want, rel=1e-9)

    # The authors' package, dimensionality 0.1.4, agrees to 1e-11 on
    # default_rng(0).normal((40, 70)) * uniform(0.2, 2, 70) + 3, in all three forms.

    def test_uncorrected_is_the_ratio_of_the_sample_covariance(self):
        x = matrix(30, 9)
        want = ratio(np.linalg.eigvalsh(np.cov(x, rowvar=False)))
        assert ParticipationRatio(correction="none").fit(x).dimension_ == pytest.approx(want)

    def test_finite_sample_bias_and_its_correction(self):
        """PR 90 in 400 units at 200 samples: naive 61.8, and 1/PR_naive = 1/P + 1/PR gives 62.1."""
        width = np.arange(400)
        decay = np.exp(-width / 45.0)
        truth = ratio(decay)
        assert truth == pytest.approx(90, abs=0.1)
        spectra = [Spectrum.from_points(with_spectrum(decay, seed=seed)) for seed in range(20)]
        naive, corrected = (
            np.mean([ParticipationRatio(correction=c).estimate(s).value for s in spectra])
            for c in ("none", "rows")
        )
        assert naive == pytest.approx(61.8, rel=0.01)
        assert 1 / (1 / 200 + 1 / truth) == pytest.approx(naive, rel=0.02)
        assert corrected == pytest.approx(truth, rel=0.03)

    def test_features_as_a_sample_of_a_population(self):
        """20 latent directions of equal variance seen by 60 random neurons."""
        values = []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            seen = rng.normal(size=(100, 20)) @ rng.normal(size=(20, 60))
            spectrum = Spectrum.from_points(seen)
            values.append(
                [
                    ParticipationRatio(correction=c).estimate(spectrum).value
                    for c in ("rows_and_columns", "rows", "none")
                ]
            )
        both, rows, naive = np.mean(values, axis=0)
        assert both == pytest.approx(20, rel=0.03)
        assert 1 / rows == pytest.approx(1 / 20 + 1 / 60, rel=0.03)
        assert 1 / naive == pytest.approx(1 / 20 + 1 / 60 + 1 / 100, rel=0.03)

    def test_subsets_of_rows_are_corrected_alike(self):
        spectrum = Spectrum.from_points(with_spectrum(np.ones(300), n=100))
        rows = np.arange(0, 100, 2)
        alone = ParticipationRatio().fit(with_spectrum(np.ones(300), n=100)[rows]).dimension_
        assert ParticipationRatio().estimate(spectrum.subset(rows)).value == pytest.approx(alone)

    @pytest.mark.parametrize("correction", ["rows", "rows_and_columns"])
    @pytest.mark.parametrize("shape", [(5, 3), (57, 300), (200, 3), (200, 300)])
    def test_one_row_unlike_all_others_bounds_nothing(self, correction, shape):
        """Without that row nothing varies: both averages over distinct rows are 0."""
        x = np.full(shape, 0.1)
        x[2] = matrix(1, shape[1])
        estimate = ParticipationRatio(correction=correction).fit(x).estimate_
        assert estimate.value is None
        assert estimate.notes == (
            f"{shape[0]} samples are too few to bound the participation ratio.",
        )

    @pytest.mark.parametrize("correction", ["rows", "rows_and_columns"])
    def test_three_samples_cannot_be_corrected(self, correction):
        with pytest.raises(InputError, match=r"needs at least 4 samples, got 3: use correction="):
            ParticipationRatio(correction=correction).fit(matrix(3))

    def test_unknown_correction(self):
        with pytest.raises(InputError, match=r"correction='both' is not known: choose rows, rows_"):
            ParticipationRatio(correction="both").fit(matrix())

    def test_a_subset_of_a_gram_matrix_has_no_column_sums(self):
        subset = Spectrum.from_points(matrix(8, 20)).subset(np.arange(5))
        with pytest.raises(InputError, match=r"needs column sums.*use Spectrum.from_points"):
            ParticipationRatio(correction="rows_and_columns").estimate(subset)


class TestPCADimension:
    @pytest.mark.parametrize(
        ("fraction", "count"), [(0.4, 1), (0.6, 2), (0.7, 2), (0.8, 3), (0.95, 4), (1.0, 4)]
    )
    def test_is_a_count_of_components(self, fraction, count):
        """Variances of exactly 4, 3, 2, 1: shares held 0.4, 0.7, 0.9, 1.0."""
        signs = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))
        x = signs * np.sqrt([4.0, 3.0, 2.0, 1.0])
        assert PCADimension(variance_fraction=fraction).fit(x).dimension_ == count

    def test_says_when_the_samples_are_the_limit(self):
        limited, ample = (
            PCADimension().fit(with_spectrum(np.ones(50), n)).estimate_ for n in (40, 2000)
        )
        assert "half of the 39 components that 40 samples allow" in limited.notes[0]
        assert ample.notes == ()

    @pytest.mark.parametrize("fraction", [0.0, -0.1, 1.01, math.nan])
    def test_fraction_out_of_range(self, fraction):
        with pytest.raises(InputError, match=r"variance_fraction=.* must lie in \(0, 1\]"):
            PCADimension(variance_fraction=fraction).fit(matrix())


class TestEffectiveRank:
    def test_of_equal_variances_is_their_number(self):
        signs = np.array(list(itertools.product([-1.0, 1.0], repeat=6)))
        assert EffectiveRank().fit(signs).dimension_ == pytest.approx(6, rel=1e-12)

    def test_is_the_exponential_of_the_entropy(self):
        x = matrix(30, 9)
        share = np.linalg.eigvalsh(np.cov(x, rowvar=False))
        share = share / share.sum()
        want = math.prod(p**-p for p in share)
        assert EffectiveRank().fit(x).dimension_ == pytest.approx(want, rel=1e-10)


class TestStableRank:
    @pytest.mark.parametrize("shape", [(30, 9), (9, 30)])
    def test_is_the_ratio_of_squared_norms(self, shape):
        x = matrix(*shape)
        x = x - x.mean(axis=0)
        want = np.linalg.norm(x, "fro") ** 2 / np.linalg.norm(x, 2) ** 2
        assert StableRank().fit(x).dimension_ == pytest.approx(want, rel=1e-10)

    @pytest.mark.parametrize("seed", range(5))
    def test_of_the_three_it_is_the_smallest(self, seed):
        spectrum = Spectrum.from_points(matrix(30, 9, seed))
        naive, rank = ParticipationRatio(correction="none"), EffectiveRank()
        assert (
            StableRank().estimate(spectrum).value
            < naive.estimate(spectrum).value
            < rank.estimate(spectrum).value
        )

    @pytest.mark.parametrize("n", [200, 800, 3200])
    def test_of_white_noise_is_what_random_matrix_theory_says(self, n):
        """The largest eigenvalue scatters by N^(-2/3), about 1 % here."""
        value = StableRank().fit(with_spectrum(np.ones(200), n)).dimension_
        assert value == pytest.approx(200 / (1 + math.sqrt(200 / n)) ** 2, rel=0.04)


@pytest.mark.parametrize(
    "estimator",
    [
        ParticipationRatio(),
        ParticipationRatio(correction="none"),
        PCADimension(),
        EffectiveRank(),
        StableRank(),
    ],
    ids=repr,
)
class TestAll:
    @pytest.mark.parametrize("shape", [(10, 3), (10, 30)])
    def test_a_constant_is_refused(self, estimator, shape):
        with pytest.raises(InputError, match="all 10 rows are equal: a constant representation"):
            estimator.fit(np.full(shape, 0.1))

    def test_claims_no_scale_and_no_error_that_was_not_shown(self, estimator):
        estimate = estimator.fit(matrix(20)).estimate_
        assert estimate.scale is None
        shown = estimator == ParticipationRatio()
        assert (estimate.stderr is not None) == (estimate.interval is not None) == shown
        assert (estimate.n_samples, estimate.n_duplicates) == (20, 0)
