"""Eigenvalues of the covariance, from whichever side is smaller."""

from dimscope.spectra.power_law import LEAST_RANKS, PowerLaw
from dimscope.spectra.spectrum import Spectrum
from dimscope.spectra.unbiased import distinct_averages

__all__ = ["LEAST_RANKS", "PowerLaw", "Spectrum", "distinct_averages"]
