"""PCA dimension: how many principal components hold most of the variance, a count.

Ansuini, Laio, Macke and Zoccolan, "Intrinsic dimension of data representations in deep neural
networks", NeurIPS 32 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from dimscope.errors import InputError
from dimscope.estimators._shared.base import SpectrumEstimator
from dimscope.estimators._shared.checks import require_variance
from dimscope.estimators._shared.notes import few_samples_notes
from dimscope.results import DimensionEstimate
from dimscope.spectra import Spectrum


@final
@dataclass(kw_only=True)
class PCADimension(SpectrumEstimator):
    """The number of principal components that hold a given share of the variance.

    A count, so one more than the index that Ansuini et al. (2019) report. Grows with N up to the
    rank of the covariance, and counts directions: curvature and noise raise it. Cost: a cumulative
    sum.

    Parameters
    ----------
    variance_fraction
        Share of the variance to hold, in (0, 1].
    """

    name: ClassVar[str] = "pca_dimension"
    title: ClassVar[str] = "PCA dimension"
    variance_fraction: float = 0.9

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The number of components that the points of ``spectrum`` need.

        Raises
        ------
        InputError
            If ``variance_fraction`` is outside (0, 1] or the representation is constant.
        """
        if not 0 < self.variance_fraction <= 1:
            raise InputError(f"variance_fraction={self.variance_fraction} must lie in (0, 1]")
        require_variance(spectrum)
        held = np.cumsum(spectrum.eigenvalues) / spectrum.trace
        # the last sum can fall short of 1 by rounding
        count = int((held < self.variance_fraction * (1 - 1e-12)).sum()) + 1
        notes = few_samples_notes(count, spectrum)
        return self._answer(spectrum, value=float(count), notes=notes)
