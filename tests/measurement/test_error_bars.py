"""Error bars from the scatter over disjoint blocks of points, where theory gives none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import dimscope as ds
from dimscope.estimators import ESTIMATORS, make_estimator, make_estimators
from dimscope.measurement import Level, block_error, block_levels
from dimscope.profiling.measure import measure_layer
from dimscope.profiling.settings import make_settings

WITH_BLOCKS = ["mst_dimension", "knn_graph_dimension", "danco"]


@pytest.mark.statistical
def test_the_error_is_the_scatter_and_the_interval_covers():
    """Thirty draws know their scatter to 13 %, and an error from eight blocks its own to 27 %."""
    manifold = ds.manifolds.gaussian(5)
    found = [ds.estimate(manifold.sample(400, rng=draw), WITH_BLOCKS) for draw in range(30)]
    for name in WITH_BLOCKS:
        values, errors = (
            np.array([getattr(f[name], column) for f in found]) for column in ("value", "stderr")
        )
        assert np.sqrt(np.square(errors).mean()) == pytest.approx(values.std(ddof=1), rel=0.4)
        low, high = np.array([f[name].interval for f in found]).T
        assert ((low < values.mean()) & (values.mean() < high)).mean() >= 0.85


def test_says_of_how_many_blocks_it_is():
    x = ds.manifolds.sphere(2).sample(900, rng=0)
    for n_samples, n_blocks in ((900, 16), (450, 8), (150, 2)):
        (note,) = [n for n in ds.estimate(x[:n_samples], "danco").notes if n.code == "block_errors"]
        assert note == (
            f"The error is the scatter over {n_blocks} disjoint blocks of points: the interval "
            "does not include the bias of edges and curvature."
        )


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("ess", "In simulation it was 0.5 to 1.5 times the true scatter."),
        ("effective_rank", "Whether that is the true scatter has not been simulated."),
        ("stable_rank", "does not include the bias of a finite sample."),
        ("mst_dimension", "does not include the bias of edges and curvature."),
    ],
)
def test_says_how_well_blocks_tell_the_scatter(method, said):
    x = ds.manifolds.gaussian(5).sample(900, rng=0)
    assert ds.estimate(x, method).notes[-1].endswith(said)


def test_pooled_by_degrees_of_freedom_with_student_s_interval():
    estimate = ds.estimate(ds.manifolds.sphere(2).sample(400, rng=0))
    levels = [Level(200, np.array([2.0, 2.2])), Level(100, np.array([1.8, 2.0, 2.2, 2.4]))]
    relative = np.array([np.var(v.values, ddof=1) / v.values.mean() ** 2 for v in levels])
    want = estimate.value * np.sqrt((relative[0] / 2 + 3 * relative[1] / 4) / 4)
    stderr, (low, high) = block_error(estimate, levels)
    assert stderr == pytest.approx(want)
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 4) * want)
    assert (high + low) / 2 == pytest.approx(estimate.value)


def test_points_that_an_estimate_left_out_leave_its_interval():
    estimate = replace(ds.estimate(ds.manifolds.sphere(2).sample(400, rng=0)), n_samples=397)
    stderr, (low, high) = block_error(estimate, [Level(200, np.array([1.9, 2.1]))])
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 1) * stderr)


def cloud(n=500, d=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)) * np.arange(1, d + 1)


def in_a_profile(x, estimator, seed=0):
    settings = make_settings(estimator, metric="euclidean", n_repeats=2, rng=seed)
    (value,) = measure_layer(x, settings).values
    return value


@pytest.mark.parametrize("method", sorted(set(ESTIMATORS) - {"i3d", "bid", "hidalgo"}))
def test_fit_an_estimate_and_a_profile_give_one_error(method):
    """To rounding: a profile has longer lists of neighbours, of which blocks reuse more."""
    x = cloud()
    found = ds.estimate(x, method)
    fitted = make_estimator(method).fit(x).estimate_
    assert (fitted.stderr, fitted.notes) == (found.stderr, found.notes)
    value = in_a_profile(x, method)
    assert (value.error_kind, value.notes) == (found.error_kind, found.notes)
    if found.stderr is None:
        assert value.stderr is None
    else:
        assert value.stderr == pytest.approx(found.stderr, rel=1e-6)
        assert (value.low, value.high) == pytest.approx(found.interval, rel=1e-6)
        assert found.error_kind in {"theory", "posterior", "blocks"}


def test_a_profile_s_seed_is_that_of_its_blocks():
    x = cloud()
    first, other = (ds.estimate(x, "danco", rng=seed).stderr for seed in (0, 7))
    assert first != other
    assert in_a_profile(x, "danco", seed=7).stderr == pytest.approx(other, rel=1e-6)


def test_errors_that_theory_gives_need_no_blocks():
    x = cloud()
    graph = ds.NeighborGraph.from_points(x, 2)
    found = ds.estimate(graph)
    assert replace(found, ceiling=None) == ds.TwoNN().estimate(graph)
    assert ds.estimate(graph).error_kind == "theory"
    assert ds.estimate(graph, "two_nn_bayes").error_kind == "posterior"


def test_blocks_for_all_or_for_none():
    x = cloud()
    blocks = ds.estimate(x, ["two_nn", "danco"], errors="blocks")
    own = ds.estimate(x, ["two_nn", "danco"], errors="own")
    assert {e.error_kind for e in blocks.values()} == {"blocks"}
    assert [e.error_kind for e in own.values()] == ["theory", None]
    assert own["danco"].stderr is None
    with pytest.raises(ds.InputError, match="errors='none' is not known: choose one of auto, bl"):
        ds.estimate(x, errors="none")


def test_blocks_of_another_library_s_estimator():
    class Variance:
        def fit(self, x):
            self.dimension_ = 1 + x.var() / 10
            return self

    in_blocks = ds.estimate(cloud(), Variance(), errors="blocks")
    assert in_blocks.error_kind == "blocks"
    assert in_a_profile(cloud(), Variance()).stderr == pytest.approx(in_blocks.stderr)
    assert ds.estimate(cloud(), Variance()).stderr is None  # each block may cost as much


def test_a_form_without_theory_has_blocks():
    form = ds.ParticipationRatio(correction="none")
    assert ds.estimate(cloud(), form).error_kind == "blocks"


def test_without_blocks_there_is_no_error():
    x = ds.manifolds.sphere(2).sample(90, rng=0)
    assert ds.estimate(x, "danco").stderr is None  # blocks of 45 points
    assert ds.KNNGraphDimension().fit(x).estimate_.error_kind is None


def test_counts_that_agree_in_all_blocks_show_no_error():
    x = cloud(400, 3) @ np.eye(3, 8)
    assert ds.estimate(x, "pca_dimension").stderr is None


def test_blocks_that_agree_show_no_error():
    x = np.random.default_rng(0).normal(size=(400, 3)) @ np.eye(3, 8)
    estimators = make_estimators("pca_dimension")
    spectrum = ds.Spectrum.from_points(x)
    levels = block_levels(estimators, spectrum)["pca_dimension"]
    assert [(level.n_samples, len(level.values)) for level in levels] == [
        (200, 2),
        (100, 4),
        (50, 8),
    ]
    assert block_error(estimators["pca_dimension"].estimate(spectrum), levels) is None
