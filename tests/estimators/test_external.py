"""Other libraries' estimators wherever a method is expected; scikit-dimension's above all."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import numpy as np
import pytest
import skdim
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA

import dimscope as ds
from dimscope.estimators import make_estimator


def cloud(n=200, d=4):
    return np.random.default_rng(0).normal(size=(n, d))


class Answers:
    """Leaves what it was told to, and remembers what it was given."""

    def __init__(self, answer):
        self.answer = answer

    def fit(self, x):
        if isinstance(self.answer, Exception):
            raise self.answer
        self.seen_, self.dimension_ = x, self.answer


class Center:
    """The first column's mean: not a dimension, but a function of the points it is given."""

    def fit(self, x):
        self.dimension_ = x[:, 0].mean()


@pytest.mark.parametrize(
    "peer",
    [
        skdim.id.MLE(K=7),
        skdim.id.DANCo(random_state=0),
        skdim.id.TwoNN(),
        skdim.id.lPCA(),
        skdim.id.MADA(),
        skdim.id.CorrInt(),
        skdim.id.MOM(),
    ],
    ids=lambda peer: type(peer).__name__,
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning:skdim")
def test_every_estimator_of_scikit_dimension_is_a_method(peer):
    x = cloud(120)
    want = clone(peer).fit(x).dimension_
    before = dict(vars(peer))
    estimate = ds.estimate(x, peer)
    assert estimate.value == want
    assert estimate.method == f"skdim.{type(peer).__name__}"
    assert (estimate.n_samples, estimate.stderr, estimate.interval) == (120, None, None)
    assert peer.get_params().items() <= estimate.parameters.items()
    assert vars(peer) == before  # a copy was fitted
    assert json.loads(json.dumps(estimate.to_dict(), allow_nan=False)) == estimate.to_dict()


def test_it_stands_among_others_in_a_list_as_object_or_class():
    x = cloud()
    found = ds.estimate(x, ["two_nn", skdim.id.TwoNN, skdim.id.MLE(unbiased=True)])
    assert list(found) == ["two_nn", "skdim.TwoNN", "skdim.MLE"]
    assert found["skdim.TwoNN"].value == pytest.approx(found["two_nn"].value, rel=1e-9)
    with pytest.raises(ds.InputError, match=r"method 'tests.Answers' is given twice"):
        ds.estimate(x, [Answers(1), Answers(2)])
    settings = ds.estimate(x, [skdim.id.MLE(), skdim.id.MLE(unbiased=True)])
    assert list(settings) == ["skdim.MLE", "skdim.MLE(unbiased=True)"]
    assert settings["skdim.MLE(unbiased=True)"].value == found["skdim.MLE"].value
    labelled = ds.estimate(
        x, [skdim.id.MLE(), ds.External(estimator=skdim.id.MLE(unbiased=True), label="unbiased")]
    )
    assert labelled["unbiased"].value == found["skdim.MLE"].value != labelled["skdim.MLE"].value


def test_it_sees_the_distinct_points_in_their_own_units():
    x = np.concatenate([cloud(), cloud()[:50]]) * 1e-3 + 5
    peer = ds.External(estimator=Answers(3))
    graph = ds.NeighborGraph.from_points(x, 1)
    seen = peer._fitted(graph).seen_
    np.testing.assert_array_equal(seen, x[:200])
    estimate = peer.estimate(graph)
    assert (estimate.n_samples, estimate.n_duplicates) == (200, 50)
    assert "50 of 250 rows (20%) repeat another row exactly" in estimate.notes[0]
    huge = ds.NeighborGraph.from_points(1e200 * cloud(), 1)
    np.testing.assert_array_equal(peer._fitted(huge).seen_, 1e200 * cloud())
    rows = np.arange(10, 60)
    np.testing.assert_array_equal(peer._fitted(graph.subset(rows, 1)).seen_, x[rows])


def test_under_the_cosine_metric_it_sees_points_of_unit_length():
    x = cloud() + 2
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    found = ds.estimate(x, Center, metric="cosine")
    assert found.value == pytest.approx(unit[:, 0].mean(), rel=1e-12)


def test_a_value_at_every_point():
    graph = ds.NeighborGraph.from_points(cloud(), 5)
    mle = make_estimator(skdim.id.MLE(K=7)).estimate_local(graph)
    want = skdim.id.MLE(K=7).fit(cloud()).dimension_pw_
    np.testing.assert_array_equal(mle.values, want)
    assert mle.method == "skdim.MLE"
    pca = make_estimator(skdim.id.lPCA()).estimate_local(graph)  # global: through its fit_pw
    np.testing.assert_array_equal(pca.values, skdim.id.lPCA().fit_pw(cloud()).dimension_pw_)
    with pytest.raises(ds.InputError, match=r"tests\.Answers has no local form"):
        ds.External(estimator=Answers(3)).estimate_local(graph)


def test_values_that_are_no_dimension_are_unknown_at_a_point_too():
    answers = Answers(3)
    answers.dimension_pw_ = np.array([2.0, 0.0, np.inf, np.nan, -1.0])
    graph = ds.NeighborGraph.from_points(cloud(5), 1)
    values = ds.External(estimator=answers).estimate_local(graph).values
    np.testing.assert_array_equal(values, [2, np.nan, np.nan, np.nan, np.nan])
    with pytest.raises(ds.InputError, match=r"of shape \(5,\), one number for each of 6 points"):
        ds.External(estimator=answers).estimate_local(ds.NeighborGraph.from_points(cloud(6), 1))


@pytest.mark.parametrize("answer", [0.0, -2, np.inf, -np.inf, np.nan])
def test_what_is_no_dimension_is_unknown(answer):
    estimate = ds.estimate(cloud(), Answers(answer))
    assert estimate.value is None
    assert estimate.notes == (f"tests.Answers answered {answer:g}, which is no dimension.",)


@pytest.mark.filterwarnings("ignore::RuntimeWarning:skdim")
def test_the_zero_that_scikit_dimension_answers_for_small_units_is_unknown():
    x = np.random.default_rng(0).random((300, 3))
    assert ds.estimate(x, skdim.id.TLE()).value == pytest.approx(3, rel=0.15)
    assert ds.estimate(1e-4 * x, skdim.id.TLE()).value is None


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Answers(KeyError("x")), r"tests.Answers failed on 200 points: KeyError: 'x'"),
        (Answers("three"), r"tests.Answers left 'three' in dimension_, where a number"),
        (Answers([1, 2]), r"left \[1, 2\] in dimension_, where a number is needed"),
        (PCA(), r"sklearn.PCA has no dimension_ after fit: give an estimator of dimensions"),
        (skdim.id.DANCo(k=500), r"skdim.DANCo failed on 200 points: \w+Error: "),
        (int, "unknown method <class 'int'>: choose from two_nn"),
        ([3], "unknown method 3: choose from two_nn"),
    ],
)
def test_failures_are_bad_input_with_the_reason(method, message):
    with pytest.raises(ds.InputError, match=message):
        ds.estimate(cloud(), method)


def test_it_needs_the_points():
    graph = ds.NeighborGraph.from_points(cloud(), 2)
    given = ds.NeighborGraph.from_neighbors(graph.distances, graph.indices)
    with pytest.raises(ds.InputError, match=r"skdim\.MLE needs the points themselves"):
        ds.estimate(given, skdim.id.MLE())


def test_a_profile_measures_it_like_any_method(tmp_path):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    x = torch.randn(200, 4)
    methods = ["two_nn", skdim.id.MLE(K=7)]
    profile = ds.profile(net, x, methods=methods, out=tmp_path / "run")
    own = profile.to_frame().query("method == 'skdim.MLE'")
    assert set(own["curve"]) == {"estimate", "decimation"}
    row = own.query("layer == 'input' and curve == 'estimate'").iloc[0]
    assert row["value"] == pytest.approx(skdim.id.MLE(K=7).fit(x.double()).dimension_, rel=1e-12)
    assert row["stderr"] > 0  # from disjoint blocks
    assert ds.Profile.load(tmp_path / "run").provenance == profile.provenance


def test_it_clones_and_copies_without_its_fit():
    mine = ds.External(estimator=skdim.id.MLE(K=7)).fit(cloud())
    assert mine.dimension_ == mine.estimate_.value
    for other in (clone(mine), type(mine)(**mine.get_params())):
        assert not hasattr(other, "dimension_")
        assert other.estimator.get_params() == mine.estimator.get_params()
    assert copy.deepcopy(mine).dimension_ == mine.dimension_


def test_no_library_is_imported_for_it():
    code = (
        "import sys, numpy, dimscope as ds\n"
        "class Three:\n    def fit(self, x): self.dimension_ = 3\n"
        "assert ds.estimate(numpy.random.rand(50, 4), Three()).value == 3\n"
        "assert not {'sklearn', 'skdim'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
