"""DANCo: its statistics and divergence written out, its table, and spheres it should know."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import skdim
from scipy.special import i0

import dimscope as ds
from dimscope import DANCo, NeighborGraph
from dimscope.estimators import danco
from dimscope.estimators.danco import Concentration, concentration, on_sphere

K = 10


def sphere(dimension, n=1000, seed=0):
    return ds.make_manifold("sphere", dimension=dimension).sample(n, rng=seed)


def angles(x, i, k):
    """Between the directions to the k nearest neighbours of a point, in pairs."""
    nearest = np.argsort(np.linalg.norm(x - x[i], axis=1))[1 : k + 1]
    units = [(x[j] - x[i]) / math.dist(x[j], x[i]) for j in nearest]
    return np.array([math.acos(a @ b) for n, a in enumerate(units) for b in units[:n]])


class TestStatistics:
    X = sphere(3, 150)
    FOUND = concentration(NeighborGraph.from_points(X, K + 1), K)

    def test_radial_is_the_maximum_of_the_likelihood(self):
        r = np.sort(np.linalg.norm(self.X[:, None] - self.X[None], axis=2), axis=1)
        rho = r[:, 1] / r[:, K + 1]

        def loss(d):
            density = K * d * rho ** (d - 1) * (1 - rho**d) ** (K - 1)
            return -np.log(density).sum()

        best = scipy.optimize.minimize_scalar(loss, bounds=(1, 10), method="bounded")
        assert self.FOUND.radial == pytest.approx(best.x, rel=1e-5)

    def test_direction_and_strength_are_those_of_von_mises_laws(self):
        """The paper's maximum of likelihood of each point, by a search in place of formulas."""
        directions, strengths = [], []
        for i in range(len(self.X)):
            theta = angles(self.X, i, K)

            def loss(parameters, theta=theta):
                nu, tau = parameters[0], math.exp(parameters[1])
                return math.log(i0(tau)) - tau * np.cos(theta - nu).mean()

            found = scipy.optimize.minimize(loss, [1.5, 0.5], options={"gtol": 1e-9})
            directions.append(found.x[0])
            strengths.append(math.exp(found.x[1]))
        assert self.FOUND.direction == pytest.approx(np.mean(directions), rel=1e-6)
        assert self.FOUND.strength == pytest.approx(np.median(strengths), rel=1e-3)

    def test_direction_lies_in_the_right_quadrant(self):
        """Half of the neighbourhoods on a surface have a negative mean cosine.

        arctan in place of atan2 moves their direction by pi, and the mean of it to -0.3 where
        angles between 0 and pi are averaged.
        """
        x = sphere(2)
        found = concentration(NeighborGraph.from_points(x, K + 1), K)
        assert found.direction == pytest.approx(math.pi / 2, abs=0.05)
        peer = skdim.id.DANCo(k=K)
        peer._k = K
        assert peer._dancoDimEstNoCalibration(x, 3)["mu_nu"] < 0  # version 0.5.0

    @pytest.mark.statistical
    def test_a_sphere_keeps_its_dimension_in_a_larger_space(self):
        """What the wrong quadrant does to estimates: 12 for 10 in version 0.5.0."""
        made = ds.make_manifold("sphere", dimension=10, ambient_dimension=50)
        x = made.sample(2500, rng=0)
        assert skdim.id.DANCo(ver="DANCoFit").fit(x).dimension_ > 11.4
        assert DANCo().fit(x).dimension_ == pytest.approx(10, rel=0.03)

    def test_one_far_point_moves_nothing_much(self):
        x = sphere(5).copy()
        before = DANCo().fit(x).dimension_
        x[0] = 1e6
        assert DANCo().fit(x).dimension_ == pytest.approx(before, rel=0.02)

    def test_copies_are_left_out(self):
        x = sphere(3, 300)
        copies = np.concatenate([x, x[:9]])
        graph = NeighborGraph.from_points(copies, K + 1, duplicates="keep")
        estimate = DANCo().estimate(graph)
        assert estimate.n_samples == 291
        assert estimate.value == pytest.approx(3, abs=0.3)
        assert any("18 of 309 points with r_1 = 0" in note for note in estimate.notes)


@pytest.mark.parametrize(("d", "model"), [(4.0, 5.5), (10.0, 7.0), (30.0, 31.0)])
def test_the_divergence_is_the_integral(d, model):
    def radial(r, d):
        return K * d * r ** (d - 1) * (1 - r**d) ** (K - 1)

    def angular(theta, nu, tau):
        return math.exp(tau * math.cos(theta - nu)) / (2 * math.pi * i0(tau))

    def divergence(p, q, low, high):
        return scipy.integrate.quad(lambda t: p(t) * math.log(p(t) / q(t)), low, high)[0]

    want = divergence(lambda r: radial(r, d), lambda r: radial(r, model), 0, 1)
    want += divergence(
        lambda t: angular(t, 1.5, 3.0), lambda t: angular(t, 1.3, 4.0), -3.14159, math.pi
    )
    data = Concentration(*map(np.array, (d, 1.5, 3.0)))
    spheres = Concentration(*map(np.array, ([model], [1.3], [4.0])))
    assert danco._divergence(data, spheres, K)[0] == pytest.approx(want, abs=1e-5)
    assert danco._divergence(data, Concentration(*map(np.atleast_1d, data)), K)[0] == pytest.approx(
        0, abs=1e-12
    )


def alone(estimator, x):
    """The value without its error: spheres that are simulated for every block take minutes."""
    return ds.estimate(x, estimator, errors="own").value


class TestCalibration:
    @pytest.mark.statistical
    @pytest.mark.parametrize("dimension", [1, 4, 17, 80, 200])
    @pytest.mark.parametrize("n", [50, 300, 2_000])
    def test_the_table_is_what_new_draws_give(self, dimension, n):
        """12,000 new points know the radial dimension to about 1 %; 300 and 2,000 lie between
        numbers of points that the table holds."""
        drawn = on_sphere(dimension, n, K, np.random.default_rng(0), 12_000 // n)
        table = danco._tabulated(n).at(np.array([float(dimension)]))
        assert table.radial[0] == pytest.approx(drawn.radial, rel=0.04)
        assert table.direction[0] == pytest.approx(drawn.direction, abs=0.05)
        assert table.strength[0] == pytest.approx(drawn.strength, rel=0.03, abs=0.05)

    def test_between_whole_dimensions_it_rises(self):
        between = danco._tabulated(1_000).at(np.linspace(1, 200, 997))
        assert (np.diff(between.radial) > 0).all()
        assert (np.diff(between.strength) > 0).all()

    @pytest.mark.statistical
    def test_simulation_gives_what_the_table_gives(self, monkeypatch):
        x = sphere(6, 600)
        tabulated = alone(DANCo(), x)
        monkeypatch.setattr(danco, "TABLE_SAMPLES", (0, 0))
        simulated = alone(DANCo(), x)
        assert simulated != tabulated
        assert simulated == pytest.approx(tabulated, rel=0.06)

    def test_beyond_the_table_spheres_are_simulated_from_a_seed(self):
        x = sphere(4, 300)
        one, again, other = (alone(DANCo(n_neighbors=7, rng=seed), x) for seed in (0, 0, 1))
        assert one == again != other
        assert one == pytest.approx(4, rel=0.12)
        assert DANCo().fit(sphere(2, 30)).dimension_ == pytest.approx(2, rel=0.35)


class TestKnownDimensions:
    @pytest.mark.statistical
    @pytest.mark.parametrize("dimension", [1, 2, 5, 10, 20, 50, 100])
    def test_spheres(self, dimension):
        """The model's own; four draws of 1,000 points scatter by about 1 %."""
        values = [DANCo().fit(sphere(dimension, seed=seed)).dimension_ for seed in range(4)]
        assert np.mean(values) == pytest.approx(dimension, rel=0.02)
        assert np.std(values) < 0.03 * dimension + 0.02

    @pytest.mark.statistical
    @pytest.mark.parametrize(
        ("name", "dimension", "tolerance"),
        [
            ("M7_Roll", 2, 0.05),
            ("M4_Nonlinear", 4, 0.05),
            ("M9_Affine", 20, 0.1),
            ("M10c_Cubic", 24, 0.1),
            ("M10d_Cubic", 70, 0.08),
            ("M12_Norm", 20, 0.06),
        ],
    )
    def test_benchmark_sets(self, name, dimension, tolerance):
        """Not spheres: edges of cubes lower it, where nearest distances alone lose a third."""
        estimate = DANCo().fit(ds.make_manifold(name).sample(1500, rng=0)).estimate_
        assert estimate.value == pytest.approx(dimension, rel=tolerance)
        assert estimate.error_kind == "blocks"

    def test_above_the_last_sphere_it_says_so(self):
        estimate = DANCo().fit(np.random.default_rng(0).normal(size=(200, 2000))).estimate_
        assert estimate.value == pytest.approx(200, rel=0.01)
        assert "a lower bound" in estimate.notes[-1]


class TestInvariance:
    X = np.random.default_rng(0).normal(size=(120, 6)) * np.arange(1, 7)

    @pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e12, 1e150])
    def test_scale(self, scale):
        assert DANCo().fit(scale * self.X).dimension_ == pytest.approx(
            DANCo().fit(self.X).dimension_, rel=1e-7
        )

    def test_rotation_translation_and_order(self):
        rng = np.random.default_rng(1)
        turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
        moved = rng.permutation(self.X @ turn + 1e3 * rng.normal(size=6))
        wide = np.hstack([moved, np.full((120, 2000), 0.1)])
        value = DANCo().fit(self.X).dimension_
        assert DANCo().fit(moved).dimension_ == pytest.approx(value, rel=1e-7)
        assert DANCo().fit(wide).dimension_ == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("k", [2, 31])
def test_neighbours_out_of_range(k):
    with pytest.raises(ds.InputError, match=f"n_neighbors={k} must lie between 3 and 30"):
        DANCo(n_neighbors=k).fit(sphere(2, 100))


def test_it_needs_the_points():
    graph = NeighborGraph.from_points(sphere(2, 100), K + 1)
    given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
    with pytest.raises(ds.InputError, match="danco needs the points themselves"):
        DANCo().estimate(given)


def test_a_subset_has_its_own_points():
    x = sphere(3, 400)
    graph = NeighborGraph.from_points(np.concatenate([x[:50], x]), K + 1)
    rows = np.arange(100, 350)
    part = DANCo().estimate(graph.subset(rows, K + 1)).value
    assert part == pytest.approx(DANCo().fit(x[rows]).dimension_, rel=1e-9)
