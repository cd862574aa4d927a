"""What an estimator reads of data, over what it reads of their surrogates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dimscope._format import counted, number, with_error, without_numbers
from dimscope._parameters import checked_parameters
from dimscope._rng import Rng, seed_of
from dimscope.controls.surrogates import checked_rows, surrogate_draws
from dimscope.errors import InputError
from dimscope.estimators import Method, estimate
from dimscope.results import DimensionEstimate, Note


@dataclass(frozen=True, kw_only=True)
class SurrogateRatio:
    """What a method reads of data, over what it reads of their surrogates.

    Attributes
    ----------
    kind
        Of the surrogates.
    data
        The estimate of the data.
    surrogates
        One estimate for each draw.
    """

    kind: str
    data: DimensionEstimate
    surrogates: tuple[DimensionEstimate, ...]

    @property
    def surrogate_value(self) -> float | None:
        """Mean of the surrogates' values; None where one is unknown."""
        values = [found.value for found in self.surrogates if found.value is not None]
        return float(np.mean(values)) if len(values) == len(self.surrogates) else None

    @property
    def value(self) -> float | None:
        """The data's value over the surrogates' mean; None where one is unknown."""
        mean = self.surrogate_value
        return self.data.value / mean if self.data.value is not None and mean else None

    @property
    def stderr(self) -> float | None:
        """Standard error: that of the data's value, and the scatter of the surrogates' mean.

        That the surrogates' covariance is itself estimated from the data is not included.
        """
        value, mean = self.value, self.surrogate_value
        if not value or not mean or not self.data.value or self.data.stderr is None:
            return None
        values = np.array([found.value for found in self.surrogates], dtype=np.float64)
        scatter = float(values.std(ddof=1))
        of_mean = scatter / mean / math.sqrt(len(self.surrogates))
        return value * math.hypot(self.data.stderr / self.data.value, of_mean)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What a careful reader must know of the estimates; once, where only numbers differ."""
        found = [note for estimate in (self.data, *self.surrogates) for note in estimate.notes]
        first: dict[str, Note] = {}
        for note in found:
            first.setdefault(without_numbers(note), note)
        return tuple(first.values())

    def __str__(self) -> str:
        name = f"{self.data.method}, data over {self.kind} surrogate"
        mean = self.surrogate_value
        if self.value is None or self.data.value is None or mean is None:
            return f"{name}: unknown"
        draws = counted(len(self.surrogates), "draw")
        return (
            f"{name}: {with_error(self.value, self.stderr)} "
            f"({number(self.data.value)} over {number(mean)}, {draws}, N = {self.data.n_samples})"
        )


@checked_parameters
def surrogate_ratio(
    x: Any,
    method: Method = "two_nn",
    *,
    kind: Literal["gaussian", "columns"] = "gaussian",
    n_draws: int = 5,
    rng: Rng = 0,
) -> SurrogateRatio:
    """Compare what a method reads of ``x`` with what it reads of surrogates of as many rows.

    A ratio of 1 says that the surrogate explains the dimension. Far below 1 for the Gaussian, the
    data are not what their covariance alone would make: curved, in clusters, or with long tails,
    which the ratio does not tell apart. Both values hold at this N, and at this N high dimensions
    read too low: the ratio of the true dimensions is smaller still.

    Parameters
    ----------
    x
        Shape (n, n_features): array, tensor, data frame or array on disk.
    method
        A registry name or an estimator.
    kind
        As in `surrogate`.
    n_draws
        Surrogates to draw, at least 2: their scatter is part of the error.
    rng
        A seed, or a generator that draws one.

    Raises
    ------
    InputError
        If ``x`` or the method cannot be used, or ``n_draws`` is below 2.

    Examples
    --------
    >>> angle = np.random.default_rng(0).uniform(0, 6.28, 500)
    >>> curve = np.stack([np.cos(k * angle) for k in range(1, 9)], axis=1)
    >>> print(surrogate_ratio(curve))
    two_nn, data over gaussian surrogate: 0.1232 ± 0.0085 (0.985 over 7.99, 5 draws, N = 500)
    """
    if n_draws < 2:
        raise InputError(f"n_draws={n_draws} must be at least 2: one draw has no scatter")
    points = checked_rows(x)
    seed = seed_of(rng)
    return SurrogateRatio(
        kind=kind,
        data=estimate(points, method, rng=seed),
        surrogates=tuple(
            estimate(rows, method, rng=seed, errors="own")
            for _, rows in surrogate_draws(points, kind, n_draws=n_draws, rng=seed)
        ),
    )
