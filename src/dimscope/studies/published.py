"""Published figures of the papers' experiments, to compare measurements with."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from dimscope.errors import InputError

_FILE = "published_values/ansuini2019.json"


def published(experiment: str) -> dict[str, Any]:
    """Return the figures of an experiment of Ansuini et al. (2019), read from vector graphics.

    They are accurate to about 0.1.

    Parameters
    ----------
    experiment
        ``"hunchback"``, ``"last_hidden"``, ``"vgg16_r"``, ``"curvature"``, ``"mnist"`` or
        ``"dynamics"``.

    Returns
    -------
    dict
        A fresh copy. Keys that are numbers, such as epochs, are integers.

    Raises
    ------
    InputError
        If there is no such experiment.

    Examples
    --------
    >>> dynamics = published("dynamics")
    >>> dynamics["depths"]
    [0, 2, 4, 7, 10, 13, 14, 15]
    >>> dynamics["id_by_epoch"][300]
    [23.0, 59.6, 53.2, 36.4, 14.2, 7.8, 7.7, 6.8]
    """
    text = files("dimscope.studies").joinpath(_FILE).read_text("utf-8")
    figures = json.loads(text, object_hook=_with_numbers)
    known = [name for name in figures if name != "source"]
    if experiment not in known:
        raise InputError(f"no published figures of {experiment!r}: choose from {', '.join(known)}")
    found: dict[str, Any] = figures[experiment]
    return found


def _with_numbers(found: dict[str, Any]) -> dict[Any, Any]:
    """Make all keys integers if all are numbers; JSON has only strings for keys."""
    return {int(key): value for key, value in found.items()} if _is_numbered(found) else found


def _is_numbered(found: dict[str, Any]) -> bool:
    return all(key.isdecimal() for key in found)
