"""RankMe: the entropy of the singular values of an embedding as it is, not centred."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import scipy.special

from dimscope.errors import InputError
from dimscope.estimators._shared.base import SpectrumEstimator
from dimscope.estimators._shared.checks import require_variance
from dimscope.estimators._shared.notes import few_samples_notes
from dimscope.results import DimensionEstimate
from dimscope.spectra import Spectrum


@final
@dataclass(kw_only=True)
class RankMe(SpectrumEstimator):
    """exp of -sum p ln p, p_k = sigma_k / sum(sigma) + eps (Garrido et al., ICML 2023, eq. 1).

    sigma are the singular values of the rows themselves, about the origin. `EffectiveRank` takes
    eigenvalues of the covariance, which are squares and centred: another number. An offset
    therefore counts, and a large one hides all else. Weak directions and noise weigh more than in
    `EffectiveRank`, which is never larger where the mean is zero. Assumes no curvature. Cost: a
    pass over the rows and a singular value decomposition, not by products of rows, which would be
    right to 1e-6 at best.

    Parameters
    ----------
    eps
        From 0, below 1: added to each share, inside the logarithm and before it, as the authors
        do; public codes take 1e-7. Every zero singular value adds eps ln(1 / eps) to the entropy,
        which is nothing at 1e-7; 1e-5 can move 27.4 to 29.0.

    Examples
    --------
    >>> import numpy as np
    >>> round(RankMe().fit(np.diag([2.0, 1.0, 1.0])).dimension_, 4)
    2.8284
    """

    name: ClassVar[str] = "rankme"
    title: ClassVar[str] = "RankMe"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.8, 4.1)
    eps: float = 1e-7

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """RankMe of the points of ``spectrum``.

        Raises
        ------
        InputError
            If ``eps`` is not in [0, 1), the representation is constant, or it holds integers beyond
            2^53.
        """
        if not 0 <= self.eps < 1:
            raise InputError(f"eps={self.eps} must lie in [0, 1)")
        require_variance(spectrum)
        sigma = spectrum.singular_values
        value = math.exp(float(scipy.special.entr(sigma / np.sum(sigma) + self.eps).sum()))
        notes = few_samples_notes(value, spectrum, centred=False)
        return self._answer(spectrum, value=value, notes=notes)
