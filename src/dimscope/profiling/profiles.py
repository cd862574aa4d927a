"""A Profile: the tables of a measurement, to be joined, saved, plotted and reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from dimscope._deprecated import warn_renamed
from dimscope.calibration import calibrated_values
from dimscope.errors import InputError
from dimscope.estimators import quantity_of
from dimscope.plots import plot_profile
from dimscope.profiling.saved import load_tables, save_tables
from dimscope.report import write_report
from dimscope.results import Tables, joined_tables, tick_table, typed_rows
from dimscope.verdicts import judged, without_verdicts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, init=False)
class Profile(Tables):
    """The dimension of many layers, as tables that can be joined, saved, plotted and reported.

    The tables are those of `dimscope.results.Tables`; `to_frame` merges values and curves.
    """

    def __init__(self, *, frame: pd.DataFrame | None = None, **tables: Any) -> None:
        if frame is not None:  # the one table of version 0.1
            warn_renamed("Profile(frame=...)", "Profile.from_frame(...)")
            own = self.from_frame(frame, tables.get("provenance"))
            tables |= {"layers": own.layers, "values": own.values, "curves": own.curves}
        super().__init__(**tables)

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Mapping[str, Any]],
        provenance: Mapping[str, Any],
        ticks: Iterable[Mapping[str, Any]] = (),
    ) -> Self:
        """Make a profile of rows as `to_frame` gives them; absent keys are missing values.

        Raises
        ------
        InputError
            If a column or a curve is unknown, or a row lacks a column that every row needs.
        """
        typed = typed_rows(rows, quantity_of, provenance)
        return cls.of(typed, provenance=dict(provenance), ticks=tick_table(ticks))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, provenance: Mapping[str, Any] | None = None) -> Self:
        """Make a profile of a table as `to_frame` gives it, such as some of its rows.

        Raises
        ------
        InputError
            As `from_rows`.
        """
        rows: list[dict[Any, Any]] = frame.to_dict("records")
        return cls.from_rows(rows, provenance or {})

    @classmethod
    def join(cls, *profiles: Tables) -> Self:
        """Join several profiles, to show and compare them side by side; see `add`.

        Verdicts follow from the other tables, so the whole is judged anew.

        Raises
        ------
        InputError
            If there is no profile, or the profiles contradict each other.
        """
        if not profiles:
            raise InputError("nothing to join: give at least one profile")
        return judged(cls(**joined_tables([without_verdicts(one) for one in profiles])))

    def add(self, *others: Tables) -> Self:
        """Add the rows of others: models, steps, methods, controls, classes, pairs of layers.

        Equal rows are kept once.

        Raises
        ------
        InputError
            If two profiles have different values of the same quantity of the same subject, or use
            one label for different networks at the same step.

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

    def calibrated(self, family: str = "any") -> Self:
        """Add a calibrated row for each value whose method has a response curve that ships.

        Such a row has the quantity ``"calibrated_dimension"``, the method ``"two_nn_calibrated"``
        for ``"two_nn"``, and the family in its setting. Its interval is the one of
        `dimscope.calibrate`; ``high`` is missing where it has no upper end. Values of points that
        depend on each other, and at numbers of points that were not simulated, have no such row.
        Old profiles can be calibrated as well. Verdicts follow from the values, so the whole is
        judged anew.

        Parameters
        ----------
        family
            What the points are taken to be like, as in `dimscope.response_curve`.

        Raises
        ------
        InputError
            If the family is not known.

        Examples
        --------
        >>> row = {"model": "net", "layer": "fc", "layer_index": 0, "n_features": 800}
        >>> row |= {"curve": "estimate", "method": "two_nn", "n_samples": 500, "value": 25.0}
        >>> profile = Profile.from_rows([row], {}).calibrated()
        >>> profile.methods()
        ['two_nn', 'two_nn_calibrated']
        """
        return judged(replace(self, values=calibrated_values(self.values, family)))

    def save(self, directory: str | Path) -> Path:
        """Write a file for each table that has rows, and ``provenance.json``, into ``directory``.

        A profile that is there already is replaced once the new files are written in full.

        Raises
        ------
        StoreError
            If the files cannot be written.
        """
        return save_tables(self, Path(directory))

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Read what `save` wrote, in this version or an earlier one.

        Raises
        ------
        InputError
            If there is no complete profile there, or a newer dimscope wrote it.
        """
        return load_tables(cls, Path(directory), quantity_of)

    def plot(self, methods: Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
        """Plot the dimension against depth; see `dimscope.plots.plot_profile`."""
        return plot_profile(self, methods, ax=ax)

    def report(self, path: str | Path) -> Path:
        """Write one self-contained interactive HTML file; see `dimscope.report.write_report`."""
        return write_report(self, path)
