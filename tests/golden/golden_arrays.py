"""Golden rows of arrays: every estimator in three ways, scales, local dimensions, spectra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
from golden_calls import (
    estimate_jointly,
    fit_one,
    local_values,
    method_names,
    profile_array,
    refusal_of,
    scale_curves,
    spectrum_of,
)
from golden_files import Row, Rows, by_subject, encode, encode_frame, encode_profile
from golden_points import CONTINUOUS, DISCRETE

_FIELDS = (
    "value",
    "stderr",
    "interval",
    "scale",
    "n_samples",
    "n_duplicates",
    "ceiling",
    "notes",
    "parameters",
)
_PROFILE_KEYS = ("layer", "curve", "method", "n_samples", "rank")
#: Long chains of random draws, whose profile is made of one set only.
_SLOW = {"hidalgo": "curve"}
_SHOWN = 8  # rows or values of a long array


def point_sets() -> Iterator[tuple[str, np.ndarray, tuple[str, ...]]]:
    """Every set with its name and the methods that are tried on it."""
    for name, make in CONTINUOUS.items():
        yield name, make(), method_names()
    for name, (make, methods) in DISCRETE.items():
        yield name, make(), methods


@cache
def _alone() -> Mapping[str, Mapping[str, Any]]:
    """By set and method, the estimate, or why it is refused."""
    return {
        name: {method: refusal_of(partial(fit_one, x, method)) for method in methods}
        for name, x, methods in point_sets()
    }


def fits() -> Rows:
    """Every method alone; the message where it refuses a set."""
    return {
        f"{name} / {method}": _estimate(found)
        for name, by_method in _alone().items()
        for method, found in by_method.items()
    }


def joint() -> Rows:
    """Methods that share a search, without those that refuse a set."""
    rows: Rows = {}
    for name, x, methods in point_sets():
        accepted = [m for m in methods if not isinstance(_alone()[name][m], str)]
        found = estimate_jointly(x, accepted)
        rows |= {f"{name} / {method}": _estimate(found[method]) for method in found}
    return rows


def profiles() -> Rows:
    """Profiles of the arrays; here a method that refuses is a row with the reason."""
    rows: Rows = {}
    for name, x, methods in point_sets():
        chosen = [method for method in methods if _SLOW.get(method, name) == name]
        frame = profile_array(x, chosen).to_frame()
        rows |= by_subject(encode_profile(frame), _PROFILE_KEYS, name)
    return rows


def scales() -> Rows:
    """Scale curves, and the plateau of each set."""
    rows: Rows = {}
    for name, make in CONTINUOUS.items():
        found = scale_curves(make())
        rows |= by_subject(encode_frame(found.to_frame()), ("method", "n2", "n_points"), name)
        plateau = None if found.plateau is None else vars(found.plateau)
        rows[f"{name} / summary"] = {
            "plateau": encode(plateau),
            "verdict": found.verdict,
            "tolerance": encode(found.tolerance),
            "n_samples": found.n_samples,
            "n_duplicates": found.n_duplicates,
            "notes": list(found.notes),
        }
    return rows


def parts() -> Rows:
    """What estimates are made of: neighbours, local dimensions, eigenvalues; the first of each."""
    rows: Rows = {}
    for name, make in CONTINUOUS.items():
        x = make()
        for what, values in local_values(x).items():
            shown = values[:_SHOWN] if values.ndim == 1 else values[:3, :_SHOWN]
            rows[f"{name} / {what}"] = {"values": encode(shown), "shape": list(values.shape)}
        spectrum = spectrum_of(x)
        rows[f"{name} / eigenvalues"] = {
            "values": encode(spectrum.eigenvalues[:_SHOWN]),
            "shape": list(spectrum.eigenvalues.shape),
            "trace": encode(spectrum.trace),
        }
    return rows


def _estimate(found: Any) -> Row:
    if isinstance(found, str):
        return {"error": found}
    return {name: encode(getattr(found, name)) for name in _FIELDS}


ARRAYS = {"fit": fits, "joint": joint, "profile": profiles, "scale": scales, "parts": parts}
