"""A Profile: the tables of a measurement, and what can be done with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from dimscope.errors import InputError, StoreError
from dimscope.plots import plot_profile
from dimscope.report import write_report
from dimscope.results import PROFILE_COLUMNS, SCHEMA_VERSION, Tables, plain, tick_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TICKS = "ticks.parquet"


@dataclass(frozen=True, kw_only=True)
class Profile(Tables):
    """The dimension of many layers: its tables, saved, joined, drawn and reported."""

    @classmethod
    def join(cls, *profiles: Tables) -> Self:
        """Several profiles as one, to be shown and compared side by side.

        Raises
        ------
        InputError
            If there is none, or two of them use the same model label for the same layer and step.
        """
        if not profiles:
            raise InputError("nothing to join: give at least one profile")
        key = ["model", "step", "layer"]
        measured = pd.concat([p.frame[key].drop_duplicates() for p in profiles])
        shared = measured.loc[measured.duplicated(), "model"]
        if len(shared):
            raise InputError(
                f"two profiles share the model label {shared.iloc[0]!r}: give each its own label"
            )
        frame = pd.concat([profile.frame for profile in profiles], ignore_index=True)
        provenance: dict[str, Any] = {}
        for profile in profiles:
            provenance.update(profile.provenance)
        ticks: list[dict[Any, Any]] = []
        for profile in profiles:
            ticks += profile.ticks.to_dict("records")
        return cls(frame=frame, provenance=provenance, ticks=tick_table(ticks))

    def save(self, directory: str | Path) -> Path:
        """Write ``profile.parquet`` and ``provenance.json`` into ``directory``.

        Where there are ticks, ``ticks.parquet`` too.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        directory = Path(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self.frame.to_parquet(directory / "profile.parquet", index=False)
            if len(self.ticks):
                self.ticks.to_parquet(directory / _TICKS, index=False)
            text = json.dumps(
                {"schema": SCHEMA_VERSION, "models": plain(self.provenance)}, indent=1
            )
            (directory / "provenance.json").write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write the profile to {directory}: {error}") from error
        return directory

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If there is no profile there, or a newer dimscope wrote it.
        """
        directory = Path(directory)
        try:
            head = json.loads((directory / "provenance.json").read_text(encoding="utf-8"))
            frame = pd.read_parquet(directory / "profile.parquet")
            has_ticks = (directory / _TICKS).exists()
            ticks = pd.read_parquet(directory / _TICKS) if has_ticks else tick_table([])
            schema, provenance = head["schema"], head["models"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"no readable profile in {directory}: {error}") from error
        if schema > SCHEMA_VERSION:
            raise InputError(
                f"the profile in {directory} has schema {schema}, this dimscope reads up to "
                f"{SCHEMA_VERSION}: upgrade dimscope"
            )
        return cls(frame=frame.astype(dict(PROFILE_COLUMNS)), provenance=provenance, ticks=ticks)

    def plot(self, methods: Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
        """Dimension against relative depth; see `dimscope.plots.plot_profile`."""
        return plot_profile(self, methods, ax=ax)

    def report(self, path: str | Path) -> Path:
        """One self-contained interactive HTML file; see `dimscope.report.write_report`."""
        return write_report(self, path)
