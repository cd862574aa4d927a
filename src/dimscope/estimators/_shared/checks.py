"""Checks that refuse parameters and data which an estimator cannot use."""

from __future__ import annotations

from dimscope.errors import InputError
from dimscope.spectra import Spectrum


def check_at_least(name: str, value: int, least: int) -> None:
    """Raise an InputError unless value >= least."""
    if value < least:
        raise InputError(f"{name}={value} must be at least {least}")


def check_open_interval(name: str, value: float, low: float, high: float) -> None:
    """Raise an InputError unless low < value < high."""
    if not low < value < high:
        raise InputError(f"{name}={value} must lie between {low} and {high}")


def require_variance(spectrum: Spectrum) -> None:
    """Raise an InputError if all samples are equal."""
    if spectrum.trace == 0.0:
        raise InputError(
            f"all {spectrum.n_samples} rows are equal: a constant representation has no dimension "
            "to measure"
        )
