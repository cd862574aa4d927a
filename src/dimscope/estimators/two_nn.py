"""TwoNN: dimension from the ratio of each point's two nearest distances.

Facco, d'Errico, Rodriguez and Laio, "Estimating the intrinsic dimension of datasets by a minimal
neighborhood information", Scientific Reports 7 (2017). In a neighbourhood of constant density
mu = r_2 / r_1 follows the Pareto law f(mu) = d mu^-(d+1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import scipy.integrate

from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind


@final
@dataclass(kw_only=True)
class TwoNN(NeighborEstimator):
    """TwoNN by the linear fit of Facco et al. (2017), as Ansuini et al. (2019) used it.

    With the ratios sorted and F_i = i / N, the points (ln mu_i, -ln(1 - F_i)) lie on a line
    through the origin of slope d = sum(x y) / sum(x^2). Points with r_1 = 0 or r_1 = r_2 are left
    out, and the largest ratios are discarded.

    Good at curved manifolds and uneven density; assumes constant density on the scale of two
    neighbours. Underestimates dimensions above about 15 at ordinary N, and sees noise where the
    sample is dense enough to resolve it. Cost: a sort of N ratios.

    Parameters
    ----------
    discard_fraction
        Share of the largest ratios left out of the fit, in [0, 1).

    Notes
    -----
    The standard error is that of the fit on independent ratios (an exact integral, 1.08 d/sqrt(N)
    at 10 % discarded) times the `dependence` of points that share neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(2000, 2)) @ rng.normal(size=(2, 5))
    >>> round(TwoNN().fit(plane).dimension_, 1)
    2.0
    """

    name: ClassVar[str] = "two_nn"
    title: ClassVar[str] = "TwoNN"
    error_kind: ClassVar[ErrorKind] = "theory"
    discard_fraction: float = 0.1

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: 2."""
        return 2

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If ``discard_fraction`` is outside [0, 1), the graph has fewer than 2 neighbours, or
            too few ratios remain.
        """
        if not 0 <= self.discard_fraction < 1:
            raise InputError(f"discard_fraction={self.discard_fraction} must lie in [0, 1)")
        self._check(graph)
        ratios = log_ratios(graph, 1, 2)
        x = np.sort(ratios.values[ratios.values > 0])
        n = len(x)
        kept = min(math.floor((1 - self.discard_fraction) * n), n - 1)
        if kept < 2:
            raise InputError(
                f"discard_fraction={self.discard_fraction} leaves {kept} of {n} ratios, at least 2 "
                "are needed: discard less"
            )
        x = x[:kept]
        y = -np.log1p(-np.arange(1, kept + 1) / n)
        value = float(x @ y / (x @ x))
        factor = dependence(self.name, kept / n, value)
        stderr = factor * value * _relative_stderr(kept / n) / math.sqrt(n)
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=ratios.scale,
            n_samples=n,
            notes=ratios.notes + bias_notes(graph, value, stderr, n, 2),
            ranks=(1, 2),
        )


def _relative_stderr(kept: float) -> float:
    """sqrt(N) sd(d) / d of the linear fit on independent ratios, the share ``kept`` of them used.

    The fit is a functional of the quantile process of an exponential sample, Q(u) = -ln(1 - u),
    which has independent increments of variance du / (1 - u)^2 after division by the density;
    with t = -ln(1 - u) and T = -ln(1 - kept), the variance is
    int_0^T (t + 1 - (T + 1) e^(t-T))^2 e^-t dt / (int_0^T t^2 e^-t dt)^2. At kept = 1 it is 5/4.
    """
    end = -math.log1p(-min(kept, 1 - 1e-9))

    def influence(t: float) -> float:
        return float((t + 1 - (end + 1) * math.exp(t - end)) ** 2 * math.exp(-t))

    variance, _ = scipy.integrate.quad(influence, 0, end)
    squares = 2 - math.exp(-end) * (end**2 + 2 * end + 2)
    return math.sqrt(variance) / squares
