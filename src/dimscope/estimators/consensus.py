"""Consensus: several estimators, corrected by what they read on sets of known dimension.

Each estimator is biased in its own way: ratios of distances fall short where neighbours reach the
edges, angles and principal components overshoot where the set bends. Their readings together tell
which of these biases is at work, and how large it is. The rule that turns readings into a dimension
is learned from random sets of known dimension, none of which is a benchmark set; the method is our
own.
"""

from __future__ import annotations

import csv
import functools
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar, NamedTuple, final

import numpy as np
from jaxtyping import Float64, Int64

from dimscope._format import with_error
from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.gaussian_process import Alike, GaussianProcess, Inputs, Kernel
from dimscope.estimators._shared.notes import graph_notes
from dimscope.estimators.abid import ABID
from dimscope.estimators.ess import ESS
from dimscope.estimators.gride import Gride
from dimscope.estimators.local_pca import LocalPCA
from dimscope.estimators.two_nn import TwoNN
from dimscope.measurement import Representation, measure, points_of
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, Note

#: Whose readings are compared: ratios of distances at four scales, and vectors between neighbours.
MEMBERS: Mapping[str, NeighborEstimator] = {
    "two_nn": TwoNN(),
    "gride_4": Gride(n1=2),
    "gride_16": Gride(n1=8),
    "gride_64": Gride(n1=32),
    "ess_10": ESS(n_neighbors=10),
    "ess_50": ESS(n_neighbors=50),
    "abid_20": ABID(n_neighbors=20),
    "local_pca_50": LocalPCA(n_neighbors=50),
}
#: What is known of a set: the dimensions its members read, and two numbers of its density.
READINGS = (*MEMBERS, "unevenness", "hubness")
#: The most likely kernel, given the table (`benchmarks/calibration/consensus_table.py --fit`).
KERNEL = Kernel(length=1.81, signal=1.0, linear=0.0044, noise=0.0906)

#: How many similar known sets tell the error of the method, and its causes.
N_ALIKE = 50
#: Points that the known sets have, at least and at most.
N_SAMPLES = 200, 10_000

_DENSITY_RANK = 10
_FAR = 99  # percentile of the known sets' own distances, beyond which a set is like none of them
_LEAST_NUMBER = 1e-3  # below all in the table: a lattice has unevenness 0, which has no logarithm
_NORMAL_95 = 1.96


class Reading(NamedTuple):
    """The members' estimates by name, and all of `READINGS` as numbers."""

    estimates: Mapping[str, DimensionEstimate]
    numbers: Float64[np.ndarray, " n_readings"]


@final
@dataclass(kw_only=True)
class Consensus(NeighborEstimator):
    """One number from several estimators, corrected by what they read on known sets.

    Eight readings (TwoNN; Gride at 4, 16 and 64 neighbours; ESS at 10 and 50; ABID at 20; local PCA
    at 50), the number of points, the spread of ln r_10 and the spread of how often a point is among
    the 10 nearest of others are compared with those of random sets of 1 to 100 dimensions
    (`benchmarks/calibration/random_sets.py`: nine densities, seven ways to bend them, some with
    noise), and ln (dimension / TwoNN) is predicted from them by a Gaussian process (Rasmussen and
    Williams 2006). The notes say which sets are alike, and how TwoNN and the steadiest member err
    on them.

    Good where one estimator alone is biased: high dimensions, edges, uneven density, curvature at
    the scale of the neighbours. It knows only what the random sets show it, and a note says where
    data are like none of them. It does not see a dimension that changes from place to place. It
    stands beside TwoNN, which assumes less; it does not replace it.

    Cost: that of ESS and local PCA with 50 neighbours, from one pass over the vectors: N 50^2
    products of n_features numbers and N eigenvalue problems of side 50.

    Notes
    -----
    The standard error is the root mean square of what the method errs by on the 50 known sets most
    alike, each predicted from all others: it includes both bias and sampling error. Over all 1,200
    known sets, each left out in turn, the 95 % interval holds the true dimension of 94 %, and the
    value errs by 6 % on average, by 3 % in the median. On sets of other kinds see
    `docs/accuracy.md`. Its kind is ``"posterior"``: it says how far the model can be relied on,
    given the known sets, and not how the points scatter.

    Examples
    --------
    >>> import numpy as np
    >>> cube = np.random.default_rng(0).random((1000, 12))
    >>> round(TwoNN().fit(cube).dimension_), round(Consensus().fit(cube).dimension_)
    (10, 12)
    """

    name: ClassVar[str] = "consensus"
    title: ClassVar[str] = "Consensus"
    error_kind: ClassVar[ErrorKind] = "posterior"

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: 64."""
        return max(member.n_neighbors_needed for member in MEMBERS.values())

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If the graph has fewer than 64 neighbours or was made without points, or a member
            finds no dimension.
        """
        self._check(graph)
        points_of(graph, self.name)
        reading = read(graph)
        known = known_sets()
        case = _case(reading.numbers, graph.n_samples)
        value = float(reading.numbers[0] * np.exp(known.process.predict(case))[0])
        alike = known.process.alike(case, N_ALIKE)
        error = float(known.errors_around(alike)[0])
        spread = math.exp(_NORMAL_95 * error)
        notes = graph_notes(graph) + _why(reading, known, alike.positions[0], error)
        if not N_SAMPLES[0] <= graph.n_samples <= N_SAMPLES[1]:
            said = (
                f"The known sets have {N_SAMPLES[0]} to {N_SAMPLES[1]} points: with "
                f"{graph.n_samples}, expect more error than stated."
            )
            notes += (Note("extrapolated", said),)
        if alike.distances.mean() > known.far:
            said = (
                "These readings are unlike those of any known set: neither the value nor its "
                "error can be relied on."
            )
            notes += (Note("extrapolated", said),)
        return self._answer(
            graph,
            value=value,
            stderr=value * error,
            interval=(value / spread, value * spread),
            scale=reading.estimates["gride_64"].scale,
            n_samples=graph.n_samples,
            notes=notes,
            ranks=(1, self.n_neighbors_needed),
        )


def read(graph: NeighborGraph) -> Reading:
    """Run the members on a graph with at least 64 neighbours of each point.

    Raises
    ------
    InputError
        If a member finds no dimension.
    """
    estimates = measure(Representation.of(graph), MEMBERS, errors="own").estimates
    for estimate in estimates.values():
        if estimate.problem is not None:
            raise InputError(estimate.problem)
    values = [estimate.value or math.nan for estimate in estimates.values()]
    return Reading(estimates, np.array([*values, unevenness(graph), hubness(graph)]))


def unevenness(graph: NeighborGraph) -> float:
    """The standard deviation of ln r_10: how much the density varies over the points."""
    radii = graph.distances[:, _DENSITY_RANK - 1]
    return float(np.log(radii[radii > 0]).std())


def hubness(graph: NeighborGraph) -> float:
    """The relative standard deviation of how many points have a point among their 10 nearest."""
    nearest = graph.indices[:, :_DENSITY_RANK]
    return float(np.bincount(nearest.ravel(), minlength=graph.n_samples).std()) / _DENSITY_RANK


class KnownSets(NamedTuple):
    """The table of random sets, and the process that predicts from it.

    Attributes
    ----------
    process
        Of ln (dimension / TwoNN), given the readings and the number of points.
    dimensions, families
        Of each set, and what it is in a few words.
    member_errors
        ln (reading / dimension) of each member, (n_sets, n_members).
    far
        99 % of the known sets have a smaller mean distance to the 50 sets most like them.
    """

    process: GaussianProcess
    dimensions: Float64[np.ndarray, " n_sets"]
    families: tuple[str, ...]
    member_errors: Float64[np.ndarray, "n_sets n_members"]
    far: float

    def errors_around(self, alike: Alike) -> Float64[np.ndarray, " n"]:
        """Root mean square of ln (prediction / dimension) on similar sets, each left out."""
        return np.asarray(np.sqrt(np.square(self.process.left_out[alike.positions]).mean(axis=1)))


def _why(
    reading: Reading, known: KnownSets, alike: Int64[np.ndarray, " n_alike"], error: float
) -> tuple[Note, ...]:
    """Explain the value by how the members err on similar known sets."""
    errors = known.member_errors[alike]
    steadiest = 1 + int(errors[:, 1:].std(axis=0).argmin())
    name, bias = list(MEMBERS)[steadiest], np.expm1(np.median(errors, axis=0))
    two_nn, steady = reading.estimates["two_nn"], reading.estimates[name]
    low, high = np.percentile(known.dimensions[alike], [10, 90])
    kinds = Counter(kind for i in alike for kind in known.families[i].split())
    common = ", ".join(kind for kind, _ in kinds.most_common(3))
    said = (
        f"two_nn reads {with_error(reading.numbers[0], two_nn.stderr)} here, {name} "
        f"{with_error(reading.numbers[steadiest], steady.stderr)}.",
        f"The {len(alike)} known sets with the most similar readings have {low:.3g} to {high:.3g} "
        f"dimensions (often {common}); on them two_nn reads {_by(bias[0])} and {name}, the "
        f"steadiest of the others, {_by(bias[steadiest])}, and the consensus errs by {error:.0%}.",
    )
    return tuple(Note("calibration", sentence) for sentence in said)


def _by(bias: float) -> str:
    return "right" if abs(bias) < 0.005 else f"{abs(bias):.0%} too {'high' if bias > 0 else 'low'}"


def _case(numbers: Float64[np.ndarray, " n_readings"], n_samples: int) -> Inputs:
    """What the process knows of a set: logarithms, those of the members relative to the first."""
    logs = np.log(np.maximum(numbers, _LEAST_NUMBER))
    logs[1 : len(MEMBERS)] -= logs[0]
    least, most = N_SAMPLES
    return np.append(logs, math.log(min(max(n_samples, least), most)))[None]


@functools.cache
def known_sets() -> KnownSets:
    """The table `consensus.csv`, which `benchmarks/calibration/consensus_table.py` makes."""
    text = files("dimscope.estimators").joinpath("consensus.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    dimensions = np.array([float(row["dimension"]) for row in rows])
    numbers = np.array([[float(row[name]) for name in READINGS] for row in rows])
    n_samples = [int(row["n_samples"]) for row in rows]
    cases = np.concatenate([_case(*case) for case in zip(numbers, n_samples, strict=True)])
    process = GaussianProcess.of_cases(cases, np.log(dimensions / numbers[:, 0]), KERNEL)
    return KnownSets(
        process=process,
        dimensions=dimensions,
        families=tuple(row["family"] for row in rows),
        member_errors=np.log(numbers[:, : len(MEMBERS)] / dimensions[:, None]),
        far=float(np.percentile(process.alike_among_known(N_ALIKE).distances.mean(axis=1), _FAR)),
    )
