"""DANCo: dimension from how distances and angles concentrate, against points on spheres.

Ceruti, Bassis, Rozza, Lombardi, Casiraghi and Campadelli, "DANCo: an intrinsic dimensionality
estimator exploiting angle and norm concentration", Pattern Recognition 47 (2014).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar, NamedTuple, final

import numpy as np
import scipy.optimize
from jaxtyping import Float64
from scipy.interpolate import PchipInterpolator
from scipy.special import binom, digamma, i0e, i1e

from dimscope._deprecated import renamed_parameters
from dimscope.errors import InputError
from dimscope.estimators._shared.likelihood import maximum_likelihood
from dimscope.estimators._shared.neighborhoods import VectorEstimator
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.manifolds import sphere
from dimscope.measurement import Numbers, Products
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, Note

#: Dimensions of the spheres that data are compared with; between them, interpolation.
SPHERES = (*range(1, 11), 12, 14, 17, 20, 24, 28, 34, 40, 50, 60, 80, 100, 130, 160, 200)
#: Neighbours and numbers of points that `danco.csv` holds (benchmarks/calibration/danco_table.py).
TABLE_NEIGHBORS = 10
TABLE_SAMPLES = (50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600)

_LEAST_SIMULATED = 2_000  # points on spheres of each dimension, where the table does not reach
_MOST_NEIGHBORS = 30  # the divergence alternates in sign with terms of binom(k, k/2)
_STEP = 1e-4  # of ln d, in the slope of the divergence


class Concentration(NamedTuple):
    """What is compared: one number each for a set of points, one array each for many spheres.

    ``radial`` is the dimension by maximum likelihood from r_1 / r_(k+1) (MiND-ML), ``direction``
    and ``strength`` are nu and tau of the von Mises law of the angles between neighbours.
    """

    radial: Float64[np.ndarray, " spheres"]
    direction: Float64[np.ndarray, " spheres"]
    strength: Float64[np.ndarray, " spheres"]


@final
@renamed_parameters(seed="rng")
@dataclass(kw_only=True)
class DANCo(VectorEstimator):
    """The dimension of the sphere on which distances and angles concentrate as they do here.

    At each point, with k + 1 neighbours, rho = r_1 / r_(k+1) has density
    g(rho) = k d rho^(d-1) (1 - rho^d)^(k-1), fitted to all points at once, and the k (k-1) / 2
    angles between its k nearest are fitted by a von Mises law of mean direction
    nu = atan2(sum sin, sum cos) and strength tau, I_1(tau) / I_0(tau) = the resultant length. The
    estimate minimises the Kullback-Leibler
    divergence of both laws, KL(g) + KL(von Mises), from those of as many points uniform on spheres
    of dimension 1 to 200. Where the paper takes the nearest whole dimension, the statistics are
    interpolated and the value is real; where it averages tau over the points, the resultant length
    is the median, for one far outlier sees its neighbours in one direction and has no finite tau.

    Good at high dimensions, whose edge effects the spheres have too; it takes curved or uneven data
    for spheres at this N, and noise for dimensions. There is no theory of its error:
    `dimscope.estimate` gives the scatter over disjoint blocks of points. It never finds more than
    200.

    Cost: N k^2 products of n_features numbers. The spheres are tabulated for k = 10 and N from 50
    to 25,600 (interpolated, 1 ms); for other k or N they are simulated, a search of N points for
    each of up to 25 dimensions.

    Parameters
    ----------
    n_neighbors
        k, from 3 to 30; one neighbour more is searched.
    rng
        Seed of the points on spheres, where they are simulated.
    """

    name: ClassVar[str] = "danco"
    title: ClassVar[str] = "DANCo"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.9, 1.5)
    n_neighbors: int = TABLE_NEIGHBORS
    rng: int = 0

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: k + 1."""
        return self.n_neighbors + 1

    @property
    def n_vectors(self) -> int:
        """How many nearest neighbours of each point it needs as vectors: k."""
        return self.n_neighbors

    def check_graph(self, graph: NeighborGraph) -> None:
        """Raise an InputError if k is out of range or the graph has too few neighbours."""
        k = self.n_neighbors
        if not 3 <= k <= _MOST_NEIGHBORS:
            raise InputError(f"n_neighbors={k} must lie between 3 and {_MOST_NEIGHBORS}")
        super().check_graph(graph)

    def numbers_of(self, products: Products, n_features: int) -> Numbers:  # noqa: ARG002
        """The mean cosine and sine of the angles between neighbours; nan among copies."""
        lengths = np.sqrt(np.einsum("ijj->ij", products))
        numbers = np.full((len(products), 2), np.nan)
        apart = lengths[:, 0] > 0
        first, second = np.triu_indices(self.n_neighbors, 1)
        lengths = lengths[apart]
        cosines = products[apart][:, first, second] / (lengths[:, first] * lengths[:, second])
        sines = np.sqrt(np.maximum(1 - cosines**2, 0))  # angles lie between 0 and pi
        numbers[apart] = np.stack([cosines.mean(axis=1), sines.mean(axis=1)], axis=1)
        return numbers

    def estimate_of(self, graph: NeighborGraph, numbers: Numbers) -> DimensionEstimate:
        """The dimension of the points of ``graph``, from the angles at all of them.

        Raises
        ------
        InputError
            If too few points have distinct neighbours.
        """
        k = self.n_neighbors
        ratios = log_ratios(graph, 1, k + 1)
        observed = _concentration(ratios.values, numbers, k)
        n = graph.n_samples
        tabulated = k == TABLE_NEIGHBORS and TABLE_SAMPLES[0] <= n <= TABLE_SAMPLES[-1]
        spheres = _tabulated(n) if tabulated else _simulated(n, k, self.rng, observed)
        value, top = _nearest_sphere(observed, spheres, k)
        notes = ratios.notes
        if value > 0.99 * top:
            said = f"At the end of the calibration, spheres of dimension {top}: a lower bound."
            notes += (Note("limit", said),)
        return self._answer(
            graph,
            value=value,
            stderr=None,
            scale=ratios.scale,
            n_samples=len(ratios.values),
            notes=notes,
            ranks=(1, k + 1),
        )


def concentration(graph: NeighborGraph, k: int) -> Concentration:
    """The statistics of the points of ``graph`` that have no neighbour at distance 0."""
    ratios = log_ratios(graph, 1, k + 1)
    return _concentration(ratios.values, DANCo(n_neighbors=k)._numbers(graph), k)


def _concentration(log_mu: Float64[np.ndarray, " m"], numbers: Numbers, k: int) -> Concentration:
    x, y = numbers[~np.isnan(numbers[:, 0])].T
    return Concentration(
        radial=np.array(maximum_likelihood(log_mu, 1, k + 1)[0]),
        direction=np.array(np.arctan2(y, x).mean()),
        strength=np.array(_von_mises_strength(float(np.median(np.hypot(x, y))))),
    )


def _von_mises_strength(length: float) -> float:
    """tau where I_1(tau) / I_0(tau) is the mean resultant length."""

    def excess(log_strength: float) -> float:
        strength = math.exp(log_strength)
        return float(i1e(strength) / i0e(strength)) - length

    low, high = -20.0, 20.0  # more concentrated than on any sphere, or less
    if excess(low) >= 0:
        return math.exp(low)
    if excess(high) <= 0:
        return math.exp(high)
    return math.exp(scipy.optimize.brentq(excess, low, high, xtol=1e-14))


def _divergence(
    data: Concentration, model: Concentration, k: int
) -> Float64[np.ndarray, " spheres"]:
    """KL(data || model) of the two radial laws and of the two von Mises laws."""
    q = model.radial / data.radial
    i = np.arange(k + 1)
    signed = (-1.0) ** i * binom(k, i)
    harmonic = float((1 / np.arange(1, k + 1)).sum())
    # E ln(1 - rho^d_model) under the law of the data, by parts
    mean_log = (signed * digamma(1 + i / q[:, None])).sum(axis=1)
    radial = harmonic * (q - 1) - np.log(q) - (k - 1) * (1 / k + mean_log)
    t, s = data.strength, model.strength
    length = i1e(t) / i0e(t)
    angular = (
        np.log(i0e(s) / i0e(t))
        + (s - t)
        + length * (t - s * np.cos(data.direction - model.direction))
    )
    return np.asarray(radial + angular)


class _Spheres(NamedTuple):
    """The statistics of points on spheres of some dimensions."""

    dimensions: Sequence[int]
    statistics: Concentration

    def at(self, dimensions: Float64[np.ndarray, " m"]) -> Concentration:
        """The statistics between whole dimensions."""
        known, wanted = np.log(self.dimensions), np.log(dimensions)
        radial, direction, strength = self.statistics
        return Concentration(
            radial=np.exp(PchipInterpolator(known, np.log(radial))(wanted)),
            direction=PchipInterpolator(known, direction)(wanted),
            strength=np.exp(PchipInterpolator(known, np.log(strength))(wanted)),
        )


def _nearest_sphere(observed: Concentration, spheres: _Spheres, k: int) -> tuple[float, int]:
    """The dimension of least divergence, and the largest of the spheres."""

    def slope(log_dimension: float) -> float:  # differences locate the minimum to more digits
        around = np.exp([log_dimension - _STEP, log_dimension + _STEP])
        return float(np.diff(_divergence(observed, spheres.at(around), k))[0])

    top = spheres.dimensions[-1]
    tried = np.linspace(0, math.log(top), 400)
    best = int(np.argmin(_divergence(observed, spheres.at(np.exp(tried)), k)))
    low, high = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
    inside = slope(low) < 0 < slope(high)
    found = scipy.optimize.brentq(slope, low, high, xtol=1e-13) if inside else tried[best]
    return math.exp(found), top


def on_sphere(
    dimension: int, n_samples: int, k: int, rng: np.random.Generator, draws: int
) -> Concentration:
    """The mean statistics of some draws of points uniform on a sphere of a dimension."""
    made = [
        concentration(NeighborGraph.from_points(sphere(dimension).sample(n_samples, rng), k + 1), k)
        for _ in range(draws)
    ]
    return Concentration(*(np.mean(values, axis=0) for values in zip(*made, strict=True)))


def _simulated(n_samples: int, k: int, seed: int, observed: Concentration) -> _Spheres:
    """Spheres of as many points, up to well above the dimension observed."""
    rng = np.random.default_rng(seed)
    draws = -(-_LEAST_SIMULATED // n_samples)
    made: list[Concentration] = []
    for dimension in SPHERES:
        made.append(on_sphere(dimension, n_samples, k, rng, draws))
        beyond = made[-1].radial > 2 * observed.radial and made[-1].strength > 2 * observed.strength
        if beyond and len(made) > 2:
            break
    return _Spheres(SPHERES[: len(made)], Concentration(*map(np.array, zip(*made, strict=True))))


def _tabulated(n_samples: int) -> _Spheres:
    """Spheres of as many points, interpolated in ln N."""
    known = np.log(TABLE_SAMPLES)
    return _Spheres(
        SPHERES,
        Concentration(
            *(PchipInterpolator(known, values)(math.log(n_samples)) for values in _table())
        ),
    )


@functools.cache
def _table() -> Float64[np.ndarray, "statistics samples spheres"]:
    text = files("dimscope.estimators").joinpath("danco.csv").read_text(encoding="utf-8")
    rows = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1)
    return rows[:, 2:].reshape(len(TABLE_SAMPLES), len(SPHERES), 3).transpose(2, 0, 1)
