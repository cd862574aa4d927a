"""Profiles and other results as matplotlib figures: functions that take ``ax`` and return it."""

from __future__ import annotations

from dimscope.plots.curves import plot_decimation, plot_scale_curves, plot_spectra
from dimscope.plots.depth import plot_profile
from dimscope.plots.scale import plot_scale_curve

__all__ = [
    "plot_decimation",
    "plot_profile",
    "plot_scale_curve",
    "plot_scale_curves",
    "plot_spectra",
]
