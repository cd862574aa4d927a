"""What models, methods and layers are called in figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dimscope.results import keyed, raw_method, sample_labels

#: A model and its training step (None when it was measured once).
Run = tuple[str, int | None]


def run_label(run: Run) -> str:
    """Name a model, with its training step if it has one."""
    model, step = run
    return model if step is None else f"{model}, step {step:,}"


def shorten(name: str, width: int = 22) -> str:
    """Cut ``name`` in the middle, where layer names say the least.

    Examples
    --------
    >>> shorten("encoder.layer.11.attention.output.dense", 16)
    'encoder…ut.dense'
    """
    if len(name) <= width:
        return name
    head = width // 2 - 1
    return f"{name[:head]}…{name[head + 1 - width :]}"


def method_labels(frame: pd.DataFrame) -> dict[str, str]:
    """Title every method among the rows, with its setting if it has one."""
    pairs = frame[["method", "label"]].drop_duplicates("method")
    return dict(zip(pairs["method"], pairs["label"], strict=True))


def linear_methods(frame: pd.DataFrame) -> set[str]:
    """List the methods among the rows whose family is linear."""
    return set(frame.loc[frame["family"] == "linear", "method"])


def calibrated_methods(frame: pd.DataFrame) -> dict[str, str]:
    """Find the methods that calibrate another's values, each with that other.

    Both are named as in the column ``method``; the other need not be among the rows.
    """
    found: dict[str, str] = {}
    known = set(frame["method"])
    for method, setting in frame[["method", "setting"]].drop_duplicates().itertuples(index=False):
        raw = raw_method(str(method).partition("(")[0])
        if raw is not None:
            keyed_raw = keyed(raw, str(setting).rpartition("family=")[0].removesuffix(", "))
            found[str(method)] = keyed_raw if keyed_raw in known else raw
    return found


def subject_label(row: Mapping[Any, Any]) -> str:
    """Name the model of a row, with its control, the draw of that, and its class.

    Examples
    --------
    >>> row = {"model": "net", "sample": "data", "replicate": 0, "group": None}
    >>> subject_label(row), subject_label({**row, "sample": "affine_d8", "replicate": 2})
    ('net', 'net, affine_d8 2')
    """
    return ", ".join([str(row["model"]), *sample_labels(row)])
