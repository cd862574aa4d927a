"""Effective rank: the entropy of the eigenvalues of the covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from dimscope.estimators._shared.base import SpectrumEstimator
from dimscope.estimators._shared.checks import require_variance
from dimscope.estimators._shared.notes import few_samples_notes
from dimscope.results import DimensionEstimate
from dimscope.spectra import Spectrum


@final
@dataclass(kw_only=True)
class EffectiveRank(SpectrumEstimator):
    """exp of the entropy of the normalised eigenvalues (Roy and Vetterli, EUSIPCO 2007).

    Between 1 and the rank; weighs weak directions more than the participation ratio does, so it
    depends more on the sample and on noise. Assumes no curvature, which fills further directions.
    Cost: a sum over the eigenvalues.
    """

    name: ClassVar[str] = "effective_rank"
    title: ClassVar[str] = "Effective rank"

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The effective rank of the points of ``spectrum``.

        Raises
        ------
        InputError
            If the representation is constant.
        """
        require_variance(spectrum)
        share = spectrum.eigenvalues[spectrum.eigenvalues > 0] / spectrum.trace
        value = math.exp(-float(share @ np.log(share)))
        return self._answer(spectrum, value=value, notes=few_samples_notes(value, spectrum))
