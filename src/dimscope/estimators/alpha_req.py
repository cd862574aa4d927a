"""alpha-ReQ: how fast the eigenvalues of the covariance fall, as an exponent.

Agrawal, Mondal, Ghosh and Richards, "alpha-ReQ: assessing representation quality in
self-supervised learning by measuring eigenspectrum decay", NeurIPS 35 (2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from dimscope._format import counted
from dimscope.errors import InputError
from dimscope.estimators._shared.base import SpectrumEstimator
from dimscope.estimators._shared.checks import check_at_least, require_variance
from dimscope.results import DimensionEstimate, Note
from dimscope.spectra import LEAST_RANKS, Spectrum


@final
@dataclass(kw_only=True)
class AlphaReQ(SpectrumEstimator):
    """The exponent alpha of eigenvalues that fall as rank^-alpha, between two ranks.

    No dimension: the larger it is, the fewer directions matter. The fit is `Spectrum.power_law`, a
    line through the logarithms with weights 1 / rank, as in the codes of Agrawal et al. (2022) and
    of Stringer et al. (Nature 571, 2019). The value depends on the ranks: compare only fits to the
    same ones. Sample eigenvalues of high ranks are too small, which raises it. No theory of its
    error holds: that of `PowerLaw` is 0.5 to 2.3 times the scatter of samples, as eigenvalues that
    are near each other repel and heavy tails spread them. Cost: nothing after the eigenvalues.

    Parameters
    ----------
    first, last
        Ranks, from 1, both included. The fit ends sooner, and a note says so, where the points span
        fewer directions, as with fewer features. The first few often follow no law: public codes
        take ranks 4 or 12 to 100.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(5000, 100)) / np.arange(1, 101)
    >>> round(AlphaReQ().fit(x).dimension_, 1)
    2.0
    """

    name: ClassVar[str] = "alpha_req"
    title: ClassVar[str] = "alpha-ReQ"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.2, 1.1)
    first: int = 1
    last: int = 100

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The exponent of the eigenvalues of ``spectrum``.

        The value is None, and a note says so, where the points span fewer than 3 of the ranks.

        Raises
        ------
        InputError
            If the ranks are fewer than 3, ``first`` is below 1, or the representation is constant.
        """
        check_at_least("first", self.first, 1)
        if self.last < self.first + LEAST_RANKS - 1:
            raise InputError(
                f"first={self.first} and last={self.last} leave fewer than {LEAST_RANKS} ranks"
            )
        require_variance(spectrum)
        last = min(self.last, spectrum.n_resolved)
        if last < self.first + LEAST_RANKS - 1:
            said = (
                f"The points span {counted(spectrum.n_resolved, 'direction')}: a fit from rank "
                f"{self.first} on needs {self.first + LEAST_RANKS - 1}."
            )
            return self._answer(spectrum, value=None, notes=(Note("undetermined", said),))
        law = spectrum.power_law(self.first, last)
        notes = tuple(Note("limit", said) for said in law.notes)
        if last < self.last:
            said = (
                f"The fit ends at rank {last}, not {self.last}: the points span no more "
                "directions. Fits to other ranks are not comparable."
            )
            notes = (Note("limit", said), *notes)
        return self._answer(spectrum, value=law.exponent, notes=notes)
