"""Profiles and other results as matplotlib figures: functions that take ``ax`` and return it."""

from __future__ import annotations

from dimscope.plots.beside import StudyCurve, plot_study_curves, plot_study_points
from dimscope.plots.curves import plot_decimation, plot_scale_curves, plot_spectra
from dimscope.plots.depth import plot_profile
from dimscope.plots.local import plot_local
from dimscope.plots.scale import plot_scale_curve
from dimscope.plots.studies import plot_study_conditions, plot_study_course, plot_study_sweep
from dimscope.plots.tangents import plot_tangents
from dimscope.plots.training import (
    animate_profile,
    plot_phase_portrait,
    plot_step_heatmap,
    plot_training,
)

__all__ = [
    "StudyCurve",
    "animate_profile",
    "plot_decimation",
    "plot_local",
    "plot_phase_portrait",
    "plot_profile",
    "plot_scale_curve",
    "plot_scale_curves",
    "plot_spectra",
    "plot_step_heatmap",
    "plot_study_conditions",
    "plot_study_course",
    "plot_study_curves",
    "plot_study_points",
    "plot_study_sweep",
    "plot_tangents",
    "plot_training",
]
