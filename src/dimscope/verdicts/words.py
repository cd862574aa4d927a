"""Verdicts for people: who, what, and always the evidence."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from dimscope.plots.names import run_label, subject_label
from dimscope.results import Tables


@dataclass(frozen=True, kw_only=True)
class SpokenVerdict:
    """A verdict as it is shown.

    Attributes
    ----------
    who
        The network, with its step, and the class where there is one.
    statement, evidence
        The sentence, and the figures that it rests on; neither is shown alone.
    holds
        Whether it holds; None where that cannot be told.
    """

    who: str
    statement: str
    evidence: str
    holds: bool | None


def spoken_verdicts(tables: Tables) -> list[SpokenVerdict]:
    """The verdicts of tables, in order."""
    return [
        SpokenVerdict(
            who=run_label((subject_label(row), None if pd.isna(row["step"]) else row["step"])),
            statement=row["statement"],
            evidence=row["evidence"],
            holds=None if pd.isna(row["holds"]) else bool(row["holds"]),
        )
        for row in tables.verdicts.astype(object).to_dict("records")
    ]
