"""The rows of a profile's tables. Their fields are the schema: nothing else can be recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pandas as pd

from dimscope.errors import InputError
from dimscope.results.estimates import DimensionEstimate, resolves
from dimscope.results.notes import Note, as_note
from dimscope.results.quantities import ErrorKind, Quantity

#: What a curve runs along.
Axis = Literal["n_samples", "rank", "component", "true_dimension", "n_neighbors"]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was measured.

    Attributes
    ----------
    model
        Label of the model.
    step
        Training step; None when the model was measured once.
    layer
        Name of the layer; None for statements about the whole model.
    pooling
        How activations became rows; None where unknown.
    data
        The first twelve digits of the hash of the samples; None where unknown.
    sample
        What went through the network: ``"data"``, or the name of a control or surrogate.
    replicate
        Number of the draw, for controls that are drawn several times.
    group
        The class of the samples; None for all classes.
    """

    model: str
    step: int | None = None
    layer: str | None = None
    pooling: str | None = None
    data: str | None = None
    sample: str = "data"
    replicate: int = 0
    group: str | None = None


def sample_labels(row: Mapping[Any, Any]) -> list[str]:
    """Name the control, with its draw, and the class of a row; nothing for all of the data.

    Examples
    --------
    >>> row = {"sample": "affine_d8", "replicate": 2, "group": None}
    >>> sample_labels(row), sample_labels({"sample": "data", "replicate": 0, "group": "cat"})
    (['affine_d8 2'], ['cat'])
    """
    draw = f" {row['replicate']}" if row["replicate"] else ""
    control = [] if row["sample"] == "data" else [f"{row['sample']}{draw}"]
    return control + ([] if pd.isna(row["group"]) else [str(row["group"])])


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Where a layer stands in its network, and how wide it is.

    Attributes
    ----------
    model, step, layer, pooling, data
        As in `Subject`.
    index
        Order of execution among the measured layers, 0 first.
    relative_depth
        Share of the network's convolutions and linear transformations that come before the layer.
    n_features
        Ambient dimension of the representation.
    """

    model: str
    step: int | None = None
    layer: str
    pooling: str | None = None
    data: str | None = None
    index: int
    relative_depth: float | None
    n_features: int


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value of one quantity on all points of one subject.

    Attributes
    ----------
    subject, quantity
        What was measured, and what of it.
    value, stderr, low, high
        The value, its standard error, and its 95 % interval; None where unknown.
    error_kind
        Where the error comes from.
    scale
        The distance at which the value was seen, in the units of the representation.
    n_samples, n_duplicates, n_near_copies
        Points that entered; rows left out because they repeat another exactly; rows that nearly
        repeat another (None where nobody counted).
    n_groups
        Groups of rows that depend on each other; None where rows are taken as independent.
    ceiling
        The largest value that this many points can resolve; None where unknown. That of a
        calibrated value is the calibrated ceiling of the raw one.
    notes
        What a reader must know.
    problem
        Why there is no value, where the method failed.
    """

    subject: Subject
    quantity: Quantity
    value: float | None
    stderr: float | None = None
    low: float | None = None
    high: float | None = None
    error_kind: ErrorKind | None = None
    scale: float | None = None
    n_samples: int
    n_duplicates: int = 0
    n_near_copies: int | None = None
    n_groups: int | None = None
    ceiling: float | None = None
    notes: tuple[Note, ...] = ()
    problem: str | None = None

    @classmethod
    def of(cls, subject: Subject, quantity: Quantity, estimate: DimensionEstimate) -> Value:
        """An estimate with its subject."""
        low, high = estimate.interval or (None, None)
        same = (
            "value", "stderr", "error_kind", "scale", "n_samples", "n_duplicates",
            "n_near_copies", "n_groups", "ceiling", "problem",
        )  # fmt: skip
        fields = {name: getattr(estimate, name) for name in same}
        notes = tuple(map(as_note, estimate.notes))
        return cls(subject=subject, quantity=quantity, low=low, high=high, notes=notes, **fields)

    @property
    def resolvable(self) -> bool | None:
        """Whether this many points resolve the value; None where it or the ceiling is unknown."""
        return resolves(self.ceiling, self.value)


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One point of a curve.

    Attributes
    ----------
    subject, quantity
        What was measured, and what of it.
    axis
        What the curve runs along: the number of points (decimation), the outer neighbour rank
        (scale), the principal component (spectrum), the true dimension (response), or the number of
        neighbours.
    at
        The position of this point on the axis.
    value, stderr, low, high, scale
        As in `Value`.
    n_samples
        Points that entered; where blocks are averaged, the points of one block.
    n_blocks
        Number of disjoint blocks averaged.
    other
        Name of a second sample or layer, for curves of two representations.
    """

    subject: Subject
    quantity: Quantity
    axis: Axis
    at: float
    value: float | None
    stderr: float | None = None
    low: float | None = None
    high: float | None = None
    scale: float | None = None
    n_samples: int
    n_blocks: int = 1
    other: str | None = None

    def __post_init__(self) -> None:
        if self.axis not in get_args(Axis):
            raise InputError(
                f"unknown axis {self.axis!r} of a curve: choose from {', '.join(get_args(Axis))}"
            )


@dataclass(frozen=True, kw_only=True)
class PairValue:
    """One value of one quantity of two subjects.

    Attributes
    ----------
    subject, other, quantity
        What was compared, and how.
    value, stderr, low, high, error_kind, n_samples, notes, problem
        As in `Value`.
    null
        The value expected if the two had nothing in common.
    p_value
        Of the test against ``null``.
    """

    subject: Subject
    other: Subject
    quantity: Quantity
    value: float | None
    stderr: float | None = None
    low: float | None = None
    high: float | None = None
    error_kind: ErrorKind | None = None
    null: float | None = None
    p_value: float | None = None
    n_samples: int
    notes: tuple[Note, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class LocalValue:
    """The value of a quantity at one row of the representation."""

    subject: Subject
    quantity: Quantity
    row: int
    value: float | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the numbers say about a statement: a plateau, a phase, a caution or a claim.

    Attributes
    ----------
    subject
        What it is about.
    rule
        The rule that was applied, such as ``"peak_above_first_layer"``.
    statement
        The sentence.
    holds
        Whether it holds; None where that cannot be told.
    p_value
        Of the test, where there is one.
    evidence
        The numbers behind it, in words.
    """

    subject: Subject
    rule: str
    statement: str
    holds: bool | None
    p_value: float | None = None
    evidence: str = ""
