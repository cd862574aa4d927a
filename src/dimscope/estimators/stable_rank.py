"""Stable rank: the total variance over that along the strongest direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from dimscope.estimators._shared.base import SpectrumEstimator
from dimscope.estimators._shared.checks import require_variance
from dimscope.estimators._shared.notes import few_samples_notes
from dimscope.results import DimensionEstimate
from dimscope.spectra import Spectrum


@final
@dataclass(kw_only=True)
class StableRank(SpectrumEstimator):
    """(sum of eigenvalues) / (largest eigenvalue) of the covariance.

    The squared Frobenius norm of the centred data over their squared spectral norm, the numerical
    rank of Rudelson and Vershynin (J. ACM 54, 2007). Never above the uncorrected
    `ParticipationRatio`, which is never above `EffectiveRank`; one strong direction alone decides
    it, so weak ones and noise hardly count. The largest eigenvalue of a sample is too large: N
    samples of white noise in D directions have D / (1 + sqrt(D / N))^2 in place of D. Cost: nothing
    after the eigenvalues.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.diag([2.0, 1.0, 1.0])
    >>> round(StableRank().fit(np.concatenate([x, -x])).dimension_, 6)
    1.5
    """

    name: ClassVar[str] = "stable_rank"
    title: ClassVar[str] = "Stable rank"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.8, 1.1)

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The stable rank of the points of ``spectrum``.

        Raises
        ------
        InputError
            If the representation is constant.
        """
        require_variance(spectrum)
        value = spectrum.trace / float(spectrum.eigenvalues[0])
        return self._answer(spectrum, value=value, notes=few_samples_notes(value, spectrum))
