"""One way to call every estimator: by name, by object, or as scikit-learn does."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import dimscope as ds
from dimscope.estimators import (
    ESTIMATORS,
    NeighborEstimator,
    apply_estimator,
    make_estimator,
)


def cloud(n=200, d=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


DISCRETE = {"i3d", "bid"}  # tests/estimators/_shared/test_discrete.py


@pytest.fixture(params=[name for name in ESTIMATORS if name not in DISCRETE], ids=str)
def estimator(request):
    return make_estimator(request.param)


class TestEveryEstimator:
    """Beside what `dimscope.testing` checks of each (tests/testing)."""

    def test_fits_as_scikit_learn_expects(self, estimator):
        x = cloud()
        assert estimator.fit(x, np.zeros(200)) is estimator
        assert estimator.dimension_ == estimator.estimate_.value == ds.estimate(x, estimator).value
        assert estimator.n_features_in_ == 4

    def test_clones(self, estimator):
        copy = clone(estimator.fit(cloud()))
        assert copy == estimator
        assert not hasattr(copy, "dimension_")

    def test_ends_a_pipeline(self, estimator):
        x = cloud() * [1.0, 10, 100, 1000]
        pipeline = make_pipeline(StandardScaler(), estimator).fit(x)
        scaled = StandardScaler().fit_transform(x)
        assert pipeline[-1].dimension_ == clone(estimator).fit(scaled).dimension_

    def test_refuses_a_constant(self, estimator):
        with pytest.raises(ds.InputError, match="all 50 rows are equal"):
            estimator.fit(np.full((50, 3), 0.1))

    def test_refuses_too_few_samples(self, estimator):
        with pytest.raises(ds.InputError):
            estimator.fit([[1.0, 2.0]])

    def test_knows_which_statistic_it_needs(self, estimator):
        wrong = ds.Spectrum if isinstance(estimator, NeighborEstimator) else ds.NeighborGraph
        with pytest.raises(ds.InputError, match=f"{estimator.name} cannot be estimated from a"):
            apply_estimator(estimator, wrong.from_points(cloud()))


class TestParameters:
    def test_are_set_by_name(self):
        assert ds.TwoNN().set_params(discard_fraction=0.2) == ds.TwoNN(discard_fraction=0.2)

    @pytest.mark.parametrize(
        ("estimator", "message"),
        [
            (ds.TwoNN(), "TwoNN has no parameter 'discard': it has discard_fraction"),
            (ds.TwoNNMLE(), "TwoNNMLE has no parameter 'discard': it has none"),
        ],
    )
    def test_unknown(self, estimator, message):
        with pytest.raises(ds.InputError, match=message):
            estimator.set_params(discard=0.2)

    @pytest.mark.parametrize(
        ("estimator", "message"),
        [
            (ds.TwoNN(discard_fraction=1.0), r"discard_fraction=1.0 must lie in \[0, 1\)"),
            (ds.TwoNN(discard_fraction=-0.1), r"discard_fraction=-0.1 must lie in \[0, 1\)"),
            (ds.TwoNN(discard_fraction=np.nan), r"discard_fraction=nan must lie in \[0, 1\)"),
            (ds.TwoNN(discard_fraction=0.995), "leaves 1 of 200 ratios, at least 2 are needed"),
            (ds.TwoNNBayes(prior_shape=0.0), "prior_shape=0.0 must lie between 0 and inf"),
            (ds.TwoNNBayes(prior_rate=-1.0), "prior_rate=-1.0 must lie between 0 and inf"),
            (ds.TwoNNBayes(credibility=1.0), "credibility=1.0 must lie between 0 and 1"),
            (ds.Gride(n1=0), "n1=0 must be at least 1"),
            (ds.Gride(n1=50), "gride needs 100 neighbours of each point, the graph has 99"),
            (ds.LevinaBickel(n_neighbors=1), "n_neighbors=1 must be at least 2"),
            (ds.LevinaBickel(n_neighbors=100), "levina_bickel needs 100 neighbours of each point"),
            (ds.MOM(n_neighbors=1), "n_neighbors=1 must be at least 2"),
            (ds.MOM(n_neighbors=100), "mom needs 100 neighbours of each point"),
            (ds.MADA(n_neighbors=1), "n_neighbors=1 must be at least 2"),
            (ds.MADA(n_neighbors=100), "mada needs 100 neighbours of each point"),
            (ds.MADA(combination="mean"), "combination='mean' is not known: choose median"),
            (ds.MiNDMLk(n_neighbors=1), "n_neighbors=1 must be at least 2"),
            (ds.MiNDMLi(n_neighbors=100), "mind_mli needs 100 neighbours of each point"),
            (ds.CorrelationIntegral(k1=0), "k1=0 must be at least 1"),
            (ds.CorrelationIntegral(k1=9, k2=9), "k2=9 must be at least 10"),
            (ds.CorrelationIntegral(k2=100), "correlation_integral needs 100 neighbours of each"),
            (ds.CorrelationDimension(n_neighbors=7), "n_neighbors=7 must be at least 8"),
            (ds.CorrelationDimension(n_neighbors=100), "correlation_dimension needs 100 neigh"),
        ],
    )
    def test_out_of_range(self, estimator, message):
        graph = ds.NeighborGraph.from_points(cloud(), 99)
        with pytest.raises(ds.InputError, match=message):
            estimator.estimate(graph)

    def test_local_levina_bickel_needs_three(self):
        graph = ds.NeighborGraph.from_points(cloud(), 5)
        with pytest.raises(ds.InputError, match="n_neighbors=2 must be at least 3"):
            ds.LevinaBickel(n_neighbors=2).estimate_local(graph)

    @pytest.mark.parametrize("estimator", [ds.Gride(), ds.CorrelationDimension()])
    def test_a_scan_needs_two_neighbours(self, estimator):
        with pytest.raises(ds.InputError, match="at least 2 neighbours of each point, got 1"):
            estimator.scan(ds.NeighborGraph.from_points(cloud(), 1))


class TestDegenerateClouds:
    """All distances equal, few points, a grid, many duplicates."""

    @pytest.mark.parametrize(
        "method",
        ["two_nn", "two_nn_mle", "two_nn_bayes", "gride", "mada", "mind_mlk", "mind_mli"],
    )
    def test_all_distances_equal(self, method):
        with pytest.raises(ds.InputError, match=r"only 0 of 30 points have r_\d+ > r_\d+ > 0"):
            ds.estimate(np.eye(30), method)

    @pytest.mark.parametrize("method", ["levina_bickel", "mom"])
    def test_all_distances_equal_for_means_over_neighbours(self, method):
        with pytest.raises(ds.InputError, match="all its 20 neighbours at one distance"):
            ds.estimate(np.eye(30), method)

    @pytest.mark.parametrize("method", ["correlation_integral", "correlation_dimension"])
    def test_equal_radii(self, method):
        with pytest.raises(ds.InputError, match="must be different and above 0: the data look"):
            ds.estimate(np.eye(70), method)

    def test_more_than_half_of_the_points_at_equal_distances_have_no_median(self):
        x = np.concatenate([np.eye(30), 100 + cloud(20, 30)])
        with pytest.raises(ds.InputError, match="half of the points have their 5 neighbours at"):
            ds.MADA(n_neighbors=5).fit(x)
        assert ds.MADA(n_neighbors=5, combination="vote").fit(x).dimension_ > 1

    def test_an_average_needs_the_number_of_features(self):
        graph = ds.NeighborGraph.from_points(cloud(), 20)
        given = ds.NeighborGraph.from_neighbors(graph.distances, graph.indices)
        average = ds.MADA(combination="average")
        assert average.estimate(graph).value < 4
        with pytest.raises(ds.InputError, match="the number of features, which a graph of"):
            average.estimate(given)

    @pytest.mark.parametrize("local", [ds.LevinaBickel, ds.MOM, ds.MADA])
    def test_local_estimates_are_nan_where_there_is_nothing_to_see(self, local):
        x = np.concatenate([np.eye(30), 100 + cloud(30, 30), np.full((6, 30), 500.0)])
        graph = ds.NeighborGraph.from_points(x, 5, duplicates="keep")
        values = local(n_neighbors=5).estimate_local(graph).values
        assert np.isnan(values[:30]).all()
        assert (values[30:60] > 0).all()
        assert np.isnan(values[60:]).all()

    def test_a_discrete_grid_is_noted(self):
        grid = np.random.default_rng(0).integers(0, 40, (225, 2)).astype(float)
        grid = np.unique(grid, axis=0)
        estimate = ds.estimate(grid, "two_nn")
        r = ds.NeighborGraph.from_points(grid, 2).distances
        n_tied = int((r[:, 0] == r[:, 1]).sum())
        assert estimate.notes == (
            f"{n_tied} of {len(grid)} points have neighbours at equal distances: the data look "
            "discrete, and this estimator assumes continuous data.",
        )

    @pytest.mark.parametrize("method", ["levina_bickel", "mom"])
    def test_equal_distances_among_many_neighbours_are_noted(self, method):
        grid = np.stack(np.meshgrid(np.arange(15.0), np.arange(15.0)), -1).reshape(-1, 2)
        assert any("neighbours at equal distances" in n for n in ds.estimate(grid, method).notes)

    def test_continuous_data_have_nothing_to_note(self, estimator):
        """But that edges bias many neighbours of 200 points beyond their interval."""
        estimate = ds.estimate(cloud(), estimator)
        codes = [note.code for note in estimate.notes if "as in a cube" not in note]
        own = {
            "two_nn_bayes": ["dependence"],
            "hidalgo": ["mixture"],
            "consensus": ["calibration", "calibration"],
            "alpha_req": ["limit"],  # four features have four eigenvalues
        }
        blocks = ["block_errors"] if estimate.error_kind == "blocks" else []
        assert codes == own.get(estimator.name, []) + blocks

    def test_duplicates_are_counted_and_noted(self):
        x = cloud()
        estimate = ds.estimate(np.concatenate([x, x[:50]]))
        assert estimate.n_duplicates == 50
        assert estimate.notes == (
            "50 of 250 rows (20%) repeat another row exactly and were set aside.",
        )
        assert estimate.value == pytest.approx(ds.estimate(x).value, rel=1e-12)

    def test_duplicates_kept_are_left_out_of_the_ratios(self):
        x = cloud()
        estimate = ds.estimate(np.concatenate([x, x[:50]]), "two_nn_mle", duplicates="keep")
        assert (estimate.n_samples, estimate.n_duplicates) == (150, 0)
        assert estimate.notes[0] == "100 of 250 points with r_1 = 0 were left out."

    def test_distances_that_are_mere_rounding_are_noted(self, estimator):
        x = 1 + 3e-7 * cloud(200, 20)
        notes = ds.estimate(x.astype(np.float32), estimator).notes
        assert any("the rounding of stored values of this size" in note for note in notes)
        exact = ds.estimate(x, estimator).notes + ds.estimate(cloud(), estimator).notes
        assert not any("rounding" in note for note in exact)

    @pytest.mark.parametrize(
        ("n", "message"),
        [
            (1, "2 neighbours need at least 3 distinct points, got 1"),
            (2, "2 neighbours need at least 3 distinct points, got 2"),
            (3, "only 3 of 3 points have r_2 > r_1 > 0, at least 5 are needed"),
            (4, "only 4 of 4 points have r_2 > r_1 > 0, at least 5 are needed"),
        ],
    )
    def test_few_points_are_refused(self, n, message):
        with pytest.raises(ds.InputError, match=message):
            ds.estimate(cloud(n))

    def test_a_nan_is_refused_whatever_the_method(self, estimator):
        x = cloud()
        x[17, 2] = np.nan
        with pytest.raises(ds.InputError, match=r"1 of 200 rows hold NaN or .* \(row 17\)"):
            ds.estimate(x, estimator)
