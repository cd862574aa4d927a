"""A Profile: the tables of a measurement, and what can be done with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from dimscope.errors import InputError
from dimscope.estimators import quantity_of
from dimscope.plots import plot_profile
from dimscope.profiling.saved import load_tables, save_tables
from dimscope.report import write_report
from dimscope.results import Tables, joined_tables, tick_table, typed_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile(Tables):
    """The dimension of many layers: its tables, joined, saved, drawn and reported.

    The tables are those of `dimscope.results.Tables`; `to_frame` shows values and curves as one.
    """

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Mapping[str, Any]],
        provenance: Mapping[str, Any],
        ticks: Iterable[Mapping[str, Any]] = (),
    ) -> Self:
        """A profile of rows as `to_frame` gives them; what a row leaves out is missing.

        Raises
        ------
        InputError
            If a column or a curve is unknown.
        """
        typed = typed_rows(rows, quantity_of, provenance)
        return cls.of(typed, provenance=dict(provenance), ticks=tick_table(ticks))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, provenance: Mapping[str, Any] | None = None) -> Self:
        """A profile of a table as `to_frame` gives it, such as some of its rows.

        Raises
        ------
        InputError
            If a column or a curve is unknown.
        """
        rows: list[dict[Any, Any]] = frame.to_dict("records")
        return cls.from_rows(rows, provenance or {})

    @classmethod
    def join(cls, *profiles: Tables) -> Self:
        """Several profiles as one, to be shown and compared side by side; see `add`.

        Raises
        ------
        InputError
            If there is none, or they contradict each other.
        """
        if not profiles:
            raise InputError("nothing to join: give at least one profile")
        return cls(**joined_tables(profiles))

    def add(self, *others: Tables) -> Self:
        """Join the rows of others: models, steps, methods, controls, pairs of layers.

        Rows that both have count once.

        Raises
        ------
        InputError
            If two have different values for the same quantity of the same subject, or use one
            label for different networks at the same step.

        Examples
        --------
        >>> row = {"model": "net", "layer": "fc", "layer_index": 0, "n_features": 8}
        >>> row |= {"curve": "estimate", "method": "two_nn", "n_samples": 100, "value": 3.0}
        >>> one = Profile.from_rows([row], {})
        >>> other = Profile.from_rows([row | {"model": "twin"}], {})
        >>> one.add(other).models
        ['net', 'twin']
        """
        return type(self).join(self, *others)

    def save(self, directory: str | Path) -> Path:
        """Write a file for each table that has rows, and ``provenance.json``, into ``directory``.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        return save_tables(self, Path(directory))

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Read what `save` wrote, in this version or an earlier one.

        Raises
        ------
        InputError
            If there is no profile there, or a newer dimscope wrote it.
        """
        return load_tables(cls, Path(directory), quantity_of)

    def plot(self, methods: Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
        """Dimension against relative depth; see `dimscope.plots.plot_profile`."""
        return plot_profile(self, methods, ax=ax)

    def report(self, path: str | Path) -> Path:
        """One self-contained interactive HTML file; see `dimscope.report.write_report`."""
        return write_report(self, path)
