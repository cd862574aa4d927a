"""What must be known about the values of a table, each kind of remark once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from dimscope._format import without_numbers
from dimscope.results.notes import Note
from dimscope.results.quantities import keyed


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Notes that say the same but for their numbers.

    Attributes
    ----------
    note
        The first of them, which stands for all.
    where
        Layer and method of each value that has such a note, in order.
    is_one_text
        Whether all of them have the same numbers, too.
    """

    note: Note
    where: tuple[tuple[str, str], ...]
    is_one_text: bool


def remarks_on(values: pd.DataFrame) -> list[Remark]:
    """The notes and problems of a table of values, grouped by what they say.

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
    columns = values[["layer", "method", "setting", "notes", "problem"]].astype(object)
    for layer, method, setting, notes, problem in columns.itertuples(index=False):
        where = str(layer), keyed(method, setting)
        yield from ((note, where) for note in notes)
        if not pd.isna(problem):
            yield Note("unknown", problem), where
