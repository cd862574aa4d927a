"""What models, methods and layers are called in figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

#: A model and its training step (None when it was measured once).
Run = tuple[str, int | None]


def run_label(run: Run) -> str:
    """Name of a model, with its training step where there is one."""
    model, step = run
    return model if step is None else f"{model}, step {step:,}"


def shorten(name: str, width: int = 22) -> str:
    """``name`` cut in the middle, where layer names carry the least.

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
    """The title of each method among the rows, with its setting where it has one."""
    pairs = frame[["method", "label"]].drop_duplicates("method")
    return dict(zip(pairs["method"], pairs["label"], strict=True))


def linear_methods(frame: pd.DataFrame) -> set[str]:
    """The methods among the rows that measure variance, not distances."""
    return set(frame.loc[frame["family"] == "linear", "method"])


def subject_label(row: Mapping[Any, Any]) -> str:
    """The model, with what sets this measurement apart: a control, its draw, a class.

    Examples
    --------
    >>> row = {"model": "net", "sample": "data", "replicate": 0, "group": None}
    >>> subject_label(row), subject_label({**row, "sample": "affine_d8", "replicate": 2})
    ('net', 'net, affine_d8 2')
    """
    parts = [str(row["model"])]
    if row["sample"] != "data":
        draw = f" {row['replicate']}" if row["replicate"] else ""
        parts.append(f"{row['sample']}{draw}")
    if not pd.isna(row["group"]):
        parts.append(str(row["group"]))
    return ", ".join(parts)
