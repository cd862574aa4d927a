"""Eigenvalues of the covariance, from whichever side is smaller."""

from dimscope.spectra.power_law import PowerLaw
from dimscope.spectra.spectrum import Spectrum

__all__ = ["PowerLaw", "Spectrum"]
