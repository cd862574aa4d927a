"""The participation ratio: its correction by enumeration and known spectra, its error."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from known_points import matrix, stderr_over_scatter, with_spectrum

from dimscope import InputError, ParticipationRatio, Spectrum, estimate


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


def ratio(eigenvalues):
    return eigenvalues.sum() ** 2 / np.square(eigenvalues).sum()


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

    @pytest.mark.statistical
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


class TestError:
    """The error is the scatter where variances differ, and above it where they are equal."""

    @pytest.mark.statistical
    @pytest.mark.parametrize(
        ("n", "d", "power", "least", "most"),
        [(200, 100, -0.5, 0.85, 1.2), (100, 300, -0.25, 0.85, 1.3), (200, 50, 0.0, 1.2, 1.6)],
    )
    def test_error_against_scatter(self, n, d, power, least, most):
        rng = np.random.default_rng(n + d)
        scale = np.arange(1, d + 1) ** power
        found = [ParticipationRatio().fit(rng.normal(size=(n, d)) * scale) for _ in range(300)]
        assert least < stderr_over_scatter([f.estimate_ for f in found]) < most
        mean = np.mean([f.dimension_ for f in found])
        covered = [f.estimate_.interval[0] < mean < f.estimate_.interval[1] for f in found]
        assert np.mean(covered) >= 0.91

    def test_both_forms_of_the_spectrum_agree(self):
        rng = np.random.default_rng(0)
        tall = 1000 + np.maximum(rng.normal(size=(200, 20)) @ rng.normal(size=(20, 30)), 0)
        wide = tall @ np.linalg.qr(rng.normal(size=(300, 30)))[0].T
        errors = [ParticipationRatio().fit(x).estimate_.stderr for x in (tall, wide)]
        assert errors[0] == pytest.approx(errors[1], rel=1e-8)

    @pytest.mark.parametrize("correction", ["none", "rows_and_columns"])
    def test_other_forms_have_none_of_their_own(self, correction):
        x = np.random.default_rng(0).normal(size=(100, 20))
        form = ParticipationRatio(correction=correction)
        assert estimate(x, form, errors="own").stderr is None
        assert estimate(x, form).error_kind == "blocks"


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "d"), [(10, 2000), (20, 200), (50, 50)])
def test_the_interval_holds_where_samples_are_fewer_than_the_dimension(n, d):
    found = [
        ParticipationRatio().fit(np.random.default_rng(s).normal(size=(n, d))).estimate_
        for s in range(200)
    ]
    held = [e.interval[0] <= d <= e.interval[1] for e in found]
    assert np.mean(held) > 0.91
    spread = np.std([e.value for e in found])
    assert 0.8 < np.median([e.stderr for e in found]) / spread < 1.6


def test_a_value_above_the_number_of_features_is_said():
    """Chance may take an unbiased ratio above its bound: 4 samples in 3 dimensions."""
    few = np.random.default_rng(0).normal(size=(4, 3))
    found = ParticipationRatio().fit(few).estimate_
    assert found.value > 4
    assert [note.code for note in found.notes] == ["limit"]
    assert found.interval[0] < 3
    many = np.random.default_rng(0).normal(size=(200, 3))
    assert ParticipationRatio().fit(many).estimate_.notes == ()


@pytest.mark.parametrize("name", ["pca_dimension", "stable_rank", "effective_rank"])
def test_ranks_that_near_the_number_of_samples_are_said(name):
    wide = np.random.default_rng(0).normal(size=(10, 5000))
    found = estimate(wide, name)
    assert 5 < found.value <= 9
    assert "limit" in [note.code for note in found.notes]
    assert "limit" not in [n.code for n in estimate(wide.T[:500], name).notes]
