"""One measured layer: its position, values and curves, ready for a journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from dimscope.estimators import quantity_of
from dimscope.results import (
    CurvePoint,
    Layer,
    Subject,
    Value,
    as_json,
    from_json,
    plain,
    typed_rows,
)

#: What went through a network: the name of the sample, and the number of its draw.
Sample = tuple[str, int]
DATA: Sample = ("data", 0)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One layer, measured.

    Attributes
    ----------
    subject
        What was measured; all values and curves have it.
    n_features
        Ambient dimension.
    index, relative_depth
        As in `dimscope.results.Layer`.
    n_left_out
        Tokens that the pooling left out as padding; None where no mask was used.
    values, curves
        Rows of the tables.
    """

    subject: Subject
    n_features: int
    index: int = 0
    relative_depth: float | None = None
    n_left_out: int | None = None
    values: tuple[Value, ...] = ()
    curves: tuple[CurvePoint, ...] = ()

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.subject.layer or ""

    @property
    def sample(self) -> Sample:
        """What went through the network."""
        return self.subject.sample, self.subject.replicate

    @property
    def layer(self) -> Layer:
        """The layer's row."""
        subject = self.subject
        return Layer(
            model=subject.model,
            step=subject.step,
            layer=self.name,
            pooling=subject.pooling,
            data=subject.data,
            index=self.index,
            relative_depth=self.relative_depth,
            n_features=self.n_features,
        )

    def with_values(self, values: Iterable[Value]) -> Self:
        """The layer with further values, of whatever subject: they are of this one."""
        further = (replace(value, subject=self.subject) for value in values)
        return replace(self, values=(*self.values, *further))

    def at_step(self, step: int | None) -> Self:
        """The same numbers, recorded for another training step."""
        subject = replace(self.subject, step=step)
        return replace(
            self,
            subject=subject,
            values=tuple(replace(value, subject=subject) for value in self.values),
            curves=tuple(replace(point, subject=subject) for point in self.curves),
        )

    def to_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON; the subject stands once, not in every row."""
        known = {} if self.n_left_out is None else {"n_left_out": self.n_left_out}
        place = {n: getattr(self, n) for n in ("index", "relative_depth", "n_features")}
        return {
            "subject": as_json(self.subject),
            "layer": plain(place | known),
            "values": [_without_subject(row) for row in self.values],
            "curves": [_without_subject(row) for row in self.curves],
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """Restore a layer from what `to_dict` gave.

        Raises
        ------
        InputError
            If a key of a row is unknown or missing.
        """
        shared = {"subject": found["subject"]}
        return cls(
            subject=from_json(Subject, found["subject"]),
            values=tuple(from_json(Value, shared | row) for row in found["values"]),
            curves=tuple(from_json(CurvePoint, shared | row) for row in found["curves"]),
            **found["layer"],
        )


def in_order(measured: Iterable[Measured]) -> list[Measured]:
    """Sort the layers of each sample by their order of execution, and number them from 0."""
    listed = sorted(measured, key=lambda one: (one.index, one.name))
    samples = dict.fromkeys(one.sample for one in listed)
    return [
        replace(one, index=index)
        for sample in samples
        for index, one in enumerate(one for one in listed if one.sample == sample)
    ]


def rows_of(measured: Iterable[Measured]) -> dict[str, list[Any]]:
    """Collect all rows, by their table."""
    listed = list(measured)
    return {
        "layers": list(dict.fromkeys(one.layer for one in listed)),
        "values": [value for one in listed for value in one.values],
        "curves": [point for one in listed for point in one.curves],
    }


def from_flat_rows(
    rows: Sequence[Mapping[str, Any]], model: str, step: int, facts: Mapping[str, Any]
) -> list[Measured]:
    """Restore the layers of one pass from the rows that version 0.1 recorded.

    These are flat rows without model and step.
    """
    named = [{"model": model, "step": step, **row} for row in rows]
    typed = typed_rows(named, quantity_of, {model: facts})
    return [
        Measured(
            subject=_subject_of(layer),
            n_features=layer.n_features,
            index=layer.index,
            relative_depth=layer.relative_depth,
            values=tuple(v for v in typed["values"] if v.subject.layer == layer.layer),
            curves=tuple(p for p in typed["curves"] if p.subject.layer == layer.layer),
        )
        for layer in typed["layers"]
    ]


def _subject_of(layer: Layer) -> Subject:
    return Subject(
        model=layer.model,
        step=layer.step,
        layer=layer.layer,
        pooling=layer.pooling,
        data=layer.data,
    )


def _without_subject(row: Value | CurvePoint) -> dict[str, Any]:
    return {name: value for name, value in as_json(row).items() if name != "subject"}
