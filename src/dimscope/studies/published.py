"""Published figures of the papers' experiments, to compare measurements with."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from dimscope.errors import InputError

_VALUES = "ansuini2019.json"
_FIGURES = "ansuini2019_figures.json"


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
    figures = _read(_VALUES)
    return _chosen({name: figures[name] for name in figures if name not in _WORDS}, experiment)


def published_figure(name: str) -> dict[str, Any]:
    """Return a figure of Ansuini et al. (2019) in full: every curve and error bar that it draws.

    Parameters
    ----------
    name
        ``"hunchbacks_A"``, ``"hunchbacks_B"``, ``"lasthidden"``, ``"vgg16r_A"``, ``"vgg16r_B"``,
        ``"curvature_A"``, ``"curvature_B"``, ``"curvature_C"``, ``"mnist_B"``,
        ``"suppl_dynamics_A"``, ``"suppl_dynamics_B"`` or ``"suppl_dynamics_C"``.

    Returns
    -------
    dict
        A fresh copy: the values with the axes, ``accuracy`` (how well the drawing could be read; it
        says nothing of the authors' own error) and ``doubt`` (what to know when comparing).

    Raises
    ------
    InputError
        If there is no such figure.

    Examples
    --------
    >>> published_figure("lasthidden")["pearson_r_decoded"]
    {'all': 0.9427, 'resnets': 0.9953, 'without_alexnet': 0.8758}
    """
    return _chosen(_read(_FIGURES)["entries"], name)


#: Keys of the file of values that are no experiment.
_WORDS = ("source", "also")


def _read(name: str) -> dict[str, Any]:
    text = files("dimscope.studies").joinpath("published_values", name).read_text("utf-8")
    found: dict[str, Any] = json.loads(text, object_hook=_with_numbers)
    return found


def _chosen(figures: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in figures:
        raise InputError(f"no published figures of {name!r}: choose from {', '.join(figures)}")
    found: dict[str, Any] = figures[name]
    return found


def _with_numbers(found: dict[str, Any]) -> dict[Any, Any]:
    """Make all keys integers if all are numbers; JSON has only strings for keys."""
    return {int(key): value for key, value in found.items()} if _is_numbered(found) else found


def _is_numbered(found: dict[str, Any]) -> bool:
    return all(key.isdecimal() for key in found)
