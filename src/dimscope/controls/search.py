"""What inputs read at two scales, and the search for a family that reads the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError, or_reason
from dimscope.estimators import Gride
from dimscope.neighbors import NeighborGraph

#: The inner ranks of Gride at which a control and the data are compared; 1 is TwoNN's likelihood.
SCALES = (1, 8)

Readings = Float64[np.ndarray, " scales"]

#: Readings of a member of a family: its dimension, its other parameter, the number of the draw.
Measure = Callable[[int, float, int], Readings]

_EQUAL = 0.02  # distances that differ by less are equal: the error of the fit
_N_DRAWS = 4  # of the member that is found, whose readings are averaged
_N_OTHERS = 49  # values of the other parameter that the fit is looked up at


def readings(points: Float64[np.ndarray, "n_samples n_features"]) -> Readings:
    """What Gride reads of points at the two scales.

    Raises
    ------
    InputError
        If the points show no dimension.
    """
    graph = NeighborGraph.from_points(points, 2 * max(SCALES))
    return np.array([Gride(n1=n1).estimate(graph).value for n1 in SCALES])


def mismatch(found: Readings, target: Readings) -> float:
    """The largest relative difference: 0.1 is a factor of 1.1 either way, at the worse scale."""
    return float(np.exp(np.abs(np.log(found / target)).max()) - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Match:
    """The member of a family that reads nearest the target.

    Attributes
    ----------
    dimension, other
        Which member.
    control
        What it reads, averaged over draws.
    """

    dimension: int
    other: float
    control: Readings


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """The search through the members of a family.

    Each member of a grid is read once. A cubic in the logarithms of both parameters, fitted to the
    logarithms of the readings, averages their scatter out and says what lies between. Many members
    read the same: few curved dimensions as many straight ones. Of those that are equally near to
    within the error of the fit, the one of fewest dimensions is taken.

    Attributes
    ----------
    target
        What is to be read.
    measure
        Reads a member.
    dimensions, others
        The grid, ascending.
    between
        Whether dimensions between those of the grid may be taken.
    """

    target: Readings
    measure: Measure
    dimensions: Sequence[int]
    others: Sequence[float]
    between: bool

    def best(self) -> Match:
        """The member that reads nearest the target, at both scales together.

        Raises
        ------
        InputError
            If no member shows a dimension.
        """
        grid = list(itertools.product(self.dimensions, self.others))
        read = [or_reason(partial(self.measure, *member, draw)) for draw, member in enumerate(grid)]
        seen = [(member, r) for member, r in zip(grid, read, strict=True) if not isinstance(r, str)]
        if not seen:
            raise InputError(f"no control shows a dimension at this number of samples: {read[0]}")
        members, logs = _cubic([m for m, _ in seen]), np.log([r for _, r in seen])
        fit = np.linalg.lstsq(members, logs, rcond=None)[0]
        finer = list(itertools.product(self._dimensions(), np.geomspace(*self._ends(), _N_OTHERS)))
        distances = np.linalg.norm(_cubic(finer) @ fit - np.log(self.target), axis=1)
        good = distances <= distances.min() + _EQUAL
        fewest = min(d for (d, _), is_good in zip(finer, good, strict=True) if is_good)
        among = [i for i, (d, _) in enumerate(finer) if d == fewest]
        dimension, other = finer[min(among, key=distances.__getitem__)]
        draws = [self.measure(dimension, float(other), len(grid) + j) for j in range(_N_DRAWS)]
        return Match(dimension=dimension, other=float(other), control=np.mean(draws, axis=0))

    def _dimensions(self) -> Sequence[int]:
        most = self.dimensions[-1]
        return range(self.dimensions[0], most + 1) if self.between else self.dimensions

    def _ends(self) -> tuple[float, float]:
        return self.others[0], self.others[-1]


def _cubic(members: Sequence[tuple[int, float]]) -> Float64[np.ndarray, "members terms"]:
    """All products, up to the third degree, of the logarithms of both parameters."""
    x, y = np.log(np.array(members, dtype=float)).T
    return np.stack([x**i * y**j for i in range(4) for j in range(4 - i)], axis=1)
