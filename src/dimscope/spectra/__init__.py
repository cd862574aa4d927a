"""Eigenvalues of the covariance, from whichever side is smaller."""

from dimscope.spectra.spectrum import Spectrum

__all__ = ["Spectrum"]
