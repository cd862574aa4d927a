"""Bad input, one row for every estimator: too few points, copies, an outlier, discrete data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators import ESTIMATORS, danco, make_estimator


class Row(NamedTuple):
    """What becomes of an estimator with its default parameters.

    ``least`` is the least number of points that it answers from, ``refusal`` what it says of one
    fewer. ``outlier`` is the relative change that one of 300 points at 1e6 makes, at most; a pair
    is the range of the dimension that is left. ``grid`` is what happens to 9 x 9 x 9 integers.
    """

    least: int
    refusal: str
    outlier: float | tuple[float, float] = 0.02
    grid: str = "noted"


ONE_DIRECTION = (0.4, 1.01)  # linear: the outlier is nearly all of the variance
TABLE = {
    "two_nn": Row(5, "only 4 of 4 points have r_2 > r_1 > 0, at least 5"),
    "two_nn_mle": Row(5, "only 4 of 4 points have r_2 > r_1 > 0, at least 5"),
    "two_nn_bayes": Row(5, "only 4 of 4 points have r_2 > r_1 > 0, at least 5"),
    "gride": Row(5, "4 neighbours need at least 5 distinct points, got 4 samples"),
    "levina_bickel": Row(21, "20 neighbours need at least 21 distinct points"),
    "mom": Row(21, "20 neighbours need at least 21 distinct points"),
    "mada": Row(21, "20 neighbours need at least 21 distinct points"),
    "mind_mlk": Row(12, "11 neighbours need at least 12 distinct points"),
    "mind_mli": Row(12, "11 neighbours need at least 12 distinct points"),
    "correlation_integral": Row(21, "20 neighbours need at least 21 distinct points"),
    "correlation_dimension": Row(65, "64 neighbours need at least 65", grid="look discrete; use"),
    "local_pca": Row(51, "50 neighbours need at least 51 distinct points"),
    "abid": Row(51, "50 neighbours need at least 51 distinct points"),
    "tle": Row(21, "20 neighbours need at least 21 distinct points", outlier=0.05),
    "ess": Row(51, "50 neighbours need at least 51 distinct points"),
    "mst_dimension": Row(96, "3 halvings of 95 points are too small for 10 neighbours"),
    "knn_graph_dimension": Row(56, "3 halvings of 55 points are too small for 5 neighbours"),
    "geodesic": Row(6, "5 neighbours need at least 6 distinct points"),
    "binomial": Row(21, "20 neighbours need at least 21 distinct points"),
    "abide": Row(101, "100 neighbours need at least 101 distinct points"),
    "i3d": Row(4, "0 of the 3 pairs within 94 lie within 47", grid="meant for it"),
    "bid": Row(
        7,
        "hold distances of 2 lengths, at least 3",
        outlier=np.nan,
        grid="needs data of two values",
    ),
    "danco": Row(12, "11 neighbours need at least 12 distinct points"),
    "hidalgo": Row(5, "only 4 of 4 points have r_2 > r_1 > 0, at least 5"),
    "ca_pca": Row(22, "21 neighbours need at least 22 distinct points"),
    "fisher_s": Row(2, "at least 2 samples, got 1 sample", ONE_DIRECTION, "meant for it"),
    "consensus": Row(65, "64 neighbours need at least 65 distinct points"),
    # the unbiased sums leave out the products of the outlier with itself
    "participation_ratio": Row(4, "needs at least 4 samples, got 3", 0.15, "meant for it"),
    "pca_dimension": Row(2, "at least 2 samples, got 1 sample", ONE_DIRECTION, "meant for it"),
    "stable_rank": Row(2, "at least 2 samples, got 1 sample", ONE_DIRECTION, "meant for it"),
    "effective_rank": Row(2, "at least 2 samples, got 1 sample", ONE_DIRECTION, "meant for it"),
    "rankme": Row(2, "at least 2 samples, got 1 sample", ONE_DIRECTION, "meant for it"),
    # an exponent: the first eigenvalue is 1e9 times the second
    "alpha_req": Row(2, "at least 2 samples, got 1 sample", (10.0, 40.0), "meant for it"),
}
LIGHT = {"hidalgo": {"n_sweeps": 50, "n_chains": 1}}


def test_the_table_has_a_row_for_every_estimator():
    assert TABLE.keys() == ESTIMATORS.keys()


@pytest.fixture(params=TABLE)
def case(request):
    return make_estimator(request.param).set_params(**LIGHT.get(request.param, {})), TABLE[
        request.param
    ]


def points(estimator):
    rng = np.random.default_rng(0)
    if estimator.data == "bits":
        return rng.integers(0, 2, size=(300, 24)).astype(float)
    if estimator.data == "integers":
        return rng.integers(0, 40, size=(300, 4)).astype(float)
    return rng.normal(size=(300, 4))


def test_too_few_points(case, monkeypatch):
    monkeypatch.setattr(danco, "_LEAST_SIMULATED", 200)
    estimator, row = case
    x = points(estimator)
    with pytest.raises(ds.InputError, match=row.refusal):
        estimator.fit(x[: row.least - 1])
    value = estimator.fit(x[: row.least]).dimension_
    assert value is None or value > 0


def test_copies(case):
    """A third of the rows twice: set aside by distances, rows like others to linear methods."""
    estimator, _ = case
    x = points(estimator)
    alone = estimator.fit(x).dimension_
    twice = estimator.fit(np.concatenate([x, x[:100]])).estimate_
    if estimator.name in {"i3d", "bid"}:  # points that share a site count
        assert "100 rows that repeat another row were counted as well." in twice.notes
    elif hasattr(estimator, "n_neighbors_needed"):
        assert twice.value == pytest.approx(alone, rel=1e-9)
        assert twice.n_duplicates == 100
        assert "100 of 400 rows (25%) repeat another row exactly" in " ".join(twice.notes)
    else:
        near = {"abs": 0.05} if estimator.name == "alpha_req" else {"rel": 0.05}  # 0 if all alike
        assert twice.value == pytest.approx(alone, **near)


def test_only_copies_of_few_points(case):
    estimator, _ = case
    x = np.repeat(points(estimator)[:3], 50, axis=0)
    if hasattr(estimator, "n_neighbors_needed"):
        with pytest.raises(ds.InputError):
            estimator.fit(x)
    else:
        value = estimator.fit(x).dimension_  # three points fill two directions, from 0 three
        assert value is None or 0 < value <= (3.1 if estimator.name == "rankme" else 2.1)


def test_one_outlier(case):
    """A mean of local dimensions would be above 1e3 here: see the test below."""
    estimator, row = case
    x = points(estimator)
    far = np.concatenate([x, np.full((1, x.shape[1]), 1e6)])
    if estimator.name == "bid":
        with pytest.raises(ds.InputError, match="bid needs data of two values, and these hold 0"):
            estimator.fit(far)
        return
    value = estimator.fit(far).dimension_
    if isinstance(row.outlier, tuple):
        low, high = row.outlier
        assert low < value < high
    else:
        assert value == pytest.approx(estimator.fit(x).dimension_, rel=row.outlier)


@pytest.mark.parametrize("estimator", [ds.LevinaBickel(), ds.MOM(), ds.MADA()], ids=repr)
def test_a_mean_of_local_dimensions_explodes_where_ours_do_not(estimator):
    x = np.random.default_rng(0).normal(size=(300, 4))
    graph = ds.NeighborGraph.from_points(np.concatenate([x, np.full((1, 4), 1e6)]), 20)
    local = estimator.estimate_local(graph).values
    assert np.mean(local) > 1e3
    assert estimator.estimate(graph).value == pytest.approx(4, rel=0.05)


def test_discrete_data(case):
    estimator, row = case
    side = 16 if row.grid == "noted" else 9
    grid = np.random.default_rng(0).integers(0, side, size=(400, 3)).astype(float)
    if row.grid in {"noted", "meant for it"}:
        notes = estimator.fit(grid).estimate_.notes
        said = [note for note in notes if "the data look discrete" in note]
        assert len(said) == (row.grid == "noted")
    else:
        with pytest.raises(ds.InputError, match=row.grid):
            estimator.fit(grid)


@pytest.mark.parametrize("n_features", [1, 3])
def test_the_warning_tells_of_the_values_alone(n_features):
    """Coarse values are noted in any number of features, those of 16 digits never."""
    x = np.random.default_rng(0).random((500, n_features))
    steps = {1: 3, 3: 1}[n_features]  # digits that leave most points distinct, and many ties
    assert any("look discrete" in note for note in ds.estimate(x.round(steps)).notes)
    assert ds.estimate(x).notes == ()
