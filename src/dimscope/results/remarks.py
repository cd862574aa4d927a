"""What a reader must know about a table of values: every note once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from dimscope._format import without_numbers
from dimscope.results.notes import Note
from dimscope.results.quantities import keyed
from dimscope.results.rows import sample_labels


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Notes that differ in their numbers at most.

    Attributes
    ----------
    note
        The first of them, which stands for all.
    where
        Layer and method of each value that has such a note, in order; the layer with its control
        or class, if any.
    is_one_text
        Whether their numbers are equal, too.
    """

    note: Note
    where: tuple[tuple[str, str], ...]
    is_one_text: bool


def remarks_on(values: pd.DataFrame) -> list[Remark]:
    """Group the notes and problems of a table of values by what they say.

    Parameters
    ----------
    values
        A table of `Value` rows.
    """
    groups: dict[tuple[str, str], list[tuple[Note, tuple[str, str]]]] = {}
    for note, where in _said(values):
        groups.setdefault((note.code, without_numbers(note)), []).append((note, where))
    return [
        Remark(
            note=said[0][0],
            where=tuple(where for _, where in said),
            is_one_text=len({note for note, _ in said}) == 1,
        )
        for said in groups.values()
    ]


def _said(values: pd.DataFrame) -> Iterator[tuple[Note, tuple[str, str]]]:
    for row in values.astype(object).to_dict("records"):
        layer = ", ".join([str(row["layer"]), *sample_labels(row)])
        where = layer, keyed(row["method"], row["setting"])
        yield from ((note, where) for note in row["notes"])
        if not pd.isna(row["problem"]):
            yield Note("unknown", row["problem"]), where
