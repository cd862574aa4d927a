"""The orange box of the page: why a careful reader should hesitate, from the data themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from dimscope.plots.rows import Z95, data_rows, decimation_rows, rows_of
from dimscope.results import Tables, remarks_on


def cautions(profile: Tables) -> list[str]:
    """List the reasons to hesitate that the data themselves give, in sentences."""
    return [
        *_rising_with_samples(profile),
        *_unknown(profile),
        *_duplicates(profile),
    ]


def notes(profile: Tables) -> list[tuple[str, int]]:
    """Count the notes on the estimates of the data, most frequent first.

    Those of controls are in the table. Notes that differ only in their numbers count as one, and
    the first stands for all.
    """
    remarks = remarks_on(data_rows(profile.values))
    counted = [(str(remark.note), len(remark.where)) for remark in remarks]
    return sorted(counted, key=lambda pair: -pair[1])


def _rising_with_samples(profile: Tables) -> Iterator[str]:
    frame = data_rows(rows_of(profile, "decimation"))
    known = frame[frame["value"].notna()][["model", "method", "label"]].drop_duplicates()
    for model, method, label in known.itertuples(index=False):
        rows = decimation_rows(profile, model=model, method=method)
        rows = rows[rows["value"].notna() & (rows["stderr"] > 0)]
        layers = [own for _, own in rows.groupby("layer", sort=False) if len(own) > 1]
        rising = sum(map(_rises, layers))
        if rising:
            yield (
                f"{model}: in {rising} of {len(layers)} layers {label} rises with "
                "the number of points by more than its error: read these values as lower bounds."
            )


def _rises(rows: pd.DataFrame) -> bool:
    """Whether the weighted slope of value against log N exceeds 1.96 of its standard errors."""
    weight = rows["stderr"].to_numpy() ** -2
    x = np.log(rows["n_samples"].to_numpy())
    x = x - np.average(x, weights=weight)
    information = float(weight @ x**2)
    return float(weight @ (x * rows["value"].to_numpy())) > Z95 * math.sqrt(information)


def _unknown(profile: Tables) -> Iterator[str]:
    values = data_rows(profile.to_frame("estimate"))["value"]
    if missing := int(values.isna().sum()):
        yield (
            f"{missing} of {len(values)} estimates have no value: they are gaps in the figures, "
            "and the notes in the table say why."
        )


def _duplicates(profile: Tables) -> Iterator[str]:
    rows = data_rows(profile.to_frame("estimate"))
    repeated = rows[rows["n_duplicates"] > 0]
    if not repeated.empty:
        yield (
            f"Duplicates were left out in {repeated['layer'].nunique()} layers, at most "
            f"{repeated['n_duplicates'].max():,} points in one."
        )
    nearly = rows[rows["n_near_copies"].fillna(0) > 0]
    if not nearly.empty:
        yield (
            f"Rows that nearly repeat another were found in {nearly['layer'].nunique()} layers, "
            f"at most {nearly['n_near_copies'].max():,} in one: the notes say what became of them."
        )
