"""Rows that alone decide a covariance are found, and said with the value that the others give."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.results import DimensionEstimate
from dimscope.spectra.outliers import outlying_rows

LINEAR = ["pca_dimension", "effective_rank", "stable_rank", "participation_ratio"]


def cloud(n=1000, d=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def outlier_notes(estimate: DimensionEstimate) -> list[str]:
    return [note for note in estimate.notes if note.code == "outlier"]


@pytest.mark.parametrize("far", [40.0, 1e3, 1e7])
@pytest.mark.parametrize("shape", [(1000, 3), (150, 400)])
def test_one_outlier_is_named_with_its_share_and_the_value_of_the_others(shape, far):
    x = cloud(*shape)
    alone = ds.estimate(np.delete(x, 17, axis=0), LINEAR)
    x[17] *= far * np.sqrt(shape[1] / 3) / np.linalg.norm(x[17])
    share = np.square(x[17] - x.mean(axis=0)).sum() / np.square(x - x.mean(axis=0)).sum()
    moved = ds.estimate(x, LINEAR)
    assert abs(moved["stable_rank"].value / alone["stable_rank"].value - 1) > 0.1
    for name, found in moved.items():
        want = alone[name].value
        if found.value is not None and abs(found.value - want) < 0.1 * want:
            assert outlier_notes(found) == []
            continue
        (note,) = outlier_notes(found)
        assert note.startswith(f"{share:.1%} of the variance is that of row 17, far from all")
        told = float(note.rsplit(" ", 1)[1].rstrip("."))
        assert told == pytest.approx(want, rel=0.01), name


def test_the_case_of_the_report():
    """One row of a thousand takes PCA's count from 3 to 2 and the stable rank below 2."""
    x = cloud()
    clean = ds.estimate(x, LINEAR)
    assert clean["pca_dimension"].value == 3
    assert not any(map(outlier_notes, clean.values()))
    x[400] = [100.0, 0.0, 0.0]
    moved = ds.estimate(x, LINEAR)
    assert moved["pca_dimension"].value == 2
    assert moved["stable_rank"].value < 0.6 * clean["stable_rank"].value
    for name in LINEAR[:3]:  # the corrected ratio takes no row with itself
        assert "row 400" in outlier_notes(moved[name])[0]


def test_several_outliers_are_named():
    x = cloud()
    x[[5, 900]] *= 1e3
    (note,) = outlier_notes(ds.estimate(x, "stable_rank"))
    assert "rows 5, 900, far from all others: without them the value is 2.8" in note


def test_an_outlier_that_moves_nothing_is_not_named():
    x = cloud(3000, 1)
    x[7] = 40.0
    assert outlier_notes(ds.estimate(x, "effective_rank")) == []


@pytest.mark.parametrize("n", [100, 400, 2000])
def test_light_tails_have_none(n):
    for name in ds.manifolds.MANIFOLDS:
        if name not in ("student_t", "log_normal", "Mp2_Paraboloid"):
            x = ds.make_manifold(name).sample(n, rng=1)
            rows = np.square(x - x.mean(axis=0)).sum(axis=1)
            assert len(outlying_rows(rows)) == 0, name


@pytest.mark.statistical
def test_heavy_tails_seldom_have_any():
    draws = np.random.default_rng(0).standard_t(8, size=(300, 500, 8))
    found = [len(outlying_rows(np.square(x).sum(axis=1))) > 0 for x in draws]
    assert np.mean(found) < 0.02


def test_few_rows_have_none():
    assert outlying_rows(np.array([1e9, *np.ones(18)])).tolist() == []
    assert outlying_rows(np.array([1e9, *np.ones(19)])).tolist() == [0]


def test_rows_are_those_of_the_input_and_the_cost_is_paid_once():
    spectrum = ds.Spectrum.from_points(np.concatenate([cloud(), [[1e4, 0, 0]]]))
    assert spectrum.outliers.tolist() == [1000]
    assert spectrum.without_outliers is spectrum.without_outliers
    assert spectrum.without_outliers.n_samples == 1000
    assert len(spectrum.without_outliers.outliers) == 0
