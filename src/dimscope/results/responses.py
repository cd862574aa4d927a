"""Response curves: what a method says of data whose dimension is known, and what follows.

The set of all dimensions whose band holds a value is the confidence interval of Neyman, "Outline of
a theory of statistical estimation", Phil. Trans. R. Soc. A 236 (1937). It is as right as the family
is like the data, and is named after it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import PchipInterpolator

from dimscope._format import number
from dimscope.errors import InputError
from dimscope.results.documents import plain
from dimscope.results.estimates import resolves
from dimscope.results.notes import Note

Numbers = Float64[np.ndarray, " dimensions"]

_N_FINE = 1_500  # steps of half a per cent
_LEAST = 1e-6  # below dimension 1 a reading is taken as the same share of the dimension


class Response(NamedTuple):
    """Readings at one true dimension: mean, standard deviation and the ends of the 95 % band."""

    mean: float
    sd: float
    low: float
    high: float


class Inverted(NamedTuple):
    """A value led back to the dimension.

    Attributes
    ----------
    value
        The dimension at which the mean reading is the value; None where the curve ends below it.
    low, high
        The least and the largest dimension whose band holds the value; ``high`` is None where the
        band holds it at the end of the curve, so that no dimension is too high.
    """

    value: float | None
    low: float
    high: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class ResponseCurve:
    """What a method reads of N points of a family, against their true dimension.

    Attributes
    ----------
    method
        Registry name of the method, with its setting if that is not the default, such as
        ``"gride(n1=4)"``.
    n_samples
        N.
    family
        The family whose random members were read; ``"any"`` is the envelope over all.
    n_draws
        Members drawn at each dimension.
    dimensions
        True dimensions, ascending from 1.
    means, sds, lows, highs
        Mean and standard deviation of the readings at these, and the ends of the band that holds
        95 % of them. Spread within the family is part of it.
    """

    method: str
    n_samples: int
    family: str
    n_draws: int
    dimensions: Numbers
    means: Numbers
    sds: Numbers
    lows: Numbers
    highs: Numbers

    @classmethod
    def envelope(cls, family: str, curves: Sequence[ResponseCurve]) -> Self:
        """The curve of several families: from the lowest band to the highest, the median between.

        ``curves`` are of one method, N and grid of dimensions.
        """
        first = curves[0]
        means = np.array([curve.means for curve in curves])
        within = np.mean([curve.sds**2 for curve in curves], axis=0)
        return cls(
            method=first.method,
            n_samples=first.n_samples,
            family=family,
            n_draws=sum(curve.n_draws for curve in curves),
            dimensions=first.dimensions,
            means=np.median(means, axis=0),
            sds=np.sqrt(within + means.var(axis=0)),
            lows=np.min([curve.lows for curve in curves], axis=0),
            highs=np.max([curve.highs for curve in curves], axis=0),
        )

    def at(self, dimension: float) -> Response:
        """The readings at a true dimension; between those simulated, smooth in its logarithm.

        Raises
        ------
        InputError
            If the dimension is below 1 or beyond the end of the curve.
        """
        if not 1 <= dimension <= self.dimensions[-1]:
            raise InputError(
                f"dimension={dimension} must lie between 1 and {self.dimensions[-1]:g}, where the "
                "response curve is known"
            )
        shares = (float(share[0]) for share in self._shares(np.log([dimension])))
        return Response(*(dimension * share for share in shares))

    def invert(self, value: float) -> Inverted:
        """The dimension that a reading stands for, with its 95 % interval.

        Below dimension 1 a reading is taken as the same share of the dimension as there.

        Raises
        ------
        InputError
            If the value is not positive and finite.
        """
        if not (value > 0 and math.isfinite(value)):
            raise InputError(f"value={value} must be positive and finite to be calibrated")
        at, means, lows, highs = self._fine
        sought = math.log(value)

        def dimension(readings: Numbers) -> float:
            return math.exp(np.interp(sought, readings, at))

        return Inverted(
            value=None if sought > means[-1] else dimension(means),
            low=dimension(highs),
            high=None if sought > lows[-1] else dimension(lows),
        )

    def dimensions_of(self, values: Numbers) -> Numbers:
        """The dimensions at which the mean readings are these; infinite beyond the curve."""
        at, means, _, _ = self._fine
        sought = np.log(values)
        return np.where(sought > means[-1], np.inf, np.exp(np.interp(sought, means, at)))

    @cached_property
    def _fine(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Logarithms of dimensions, and of mean, low and high readings, made to rise with them.

        A band that falls again holds a value at several dimensions; the outermost count.
        """
        end = math.log(self.dimensions[-1])
        at = np.concatenate([[math.log(_LEAST)], np.linspace(0, end, _N_FINE)])
        mean, _, low, high = (at + np.log(share) for share in self._shares(at))
        lowest = np.minimum.accumulate(low[::-1])[::-1]
        return at, np.maximum.accumulate(mean), lowest, np.maximum.accumulate(high)

    def _shares(self, at: Numbers) -> list[Numbers]:
        """Mean, deviation, low and high as shares of the dimension, at logarithms of dimensions."""
        known, wanted = np.log(self.dimensions), np.maximum(at, 0)
        readings = (self.means, self.sds, self.lows, self.highs)
        logs = (np.log(reading / self.dimensions) for reading in readings)
        return [np.exp(PchipInterpolator(known, log)(wanted)) for log in logs]


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """A value led back to the dimension by a response curve, beside the value itself.

    Attributes
    ----------
    value
        The dimension at which members of the family read ``raw`` on average; None above the end of
        the curve.
    low, high
        95 % interval; ``high`` is None where there is no upper end, as a note says.
    family
        The family that the interval holds for; ``"any"`` stands for all that were simulated.
    raw
        The value as it was estimated.
    n_samples
        Points that entered.
    method
        Registry name of the method, with its setting if that is not the default.
    ceiling
        The largest raw value that this many points can resolve; None where unknown.
    notes
        What a reader must know.
    """

    value: float | None
    low: float
    high: float | None
    family: str
    raw: float
    n_samples: int
    method: str
    ceiling: float | None = None
    notes: tuple[Note, ...] = ()

    @property
    def resolvable(self) -> bool | None:
        """Whether N resolves the raw value; None where the ceiling is unknown."""
        return resolves(self.ceiling, self.raw)

    def to_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON."""
        fields = {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}
        return fields | {"resolvable": self.resolvable}

    def __str__(self) -> str:
        value = "beyond the curve" if self.value is None else number(self.value)
        end = "no upper end" if self.high is None else number(self.high)
        return (
            f"{self.method}: {value} ({number(self.low)} .. {end}) if the family is {self.family}; "
            f"raw {number(self.raw)} (N = {self.n_samples:,})"
        )
