"""An alias: what version 0.1 had here is in `dimscope.results` now."""

from __future__ import annotations

from dimscope._deprecated import moved_names

_MOVED = {
    "Plateau": "dimscope.results",
    "ScaleCurves": "dimscope.results",
    "TOLERANCE": "dimscope.results",
    "find_plateau": "dimscope.results",
} | dict.fromkeys(
    ("LEAST_VALUES", "known_errors", "mean_within", "why_no_plateau", "within"),
    "dimscope.results.scales",
)

__getattr__ = moved_names(__name__, _MOVED)
