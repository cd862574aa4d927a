"""What the rules look at: what methods read of the data and of controls, layer by layer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import fmean
from typing import Any

from dimscope._format import number, with_error
from dimscope.plots.rows import last_step
from dimscope.results import Subject, Tables, resolves

#: A control is matched if it is read at the first layer as the data are, up to this factor.
MATCHED = 1.25
#: Methods in the order in which one is chosen to be judged; then any other intrinsic one.
_PREFERRED = ("two_nn", "two_nn_mle", "gride")
#: Names of controls state their kind, their dimension and more; surrogates have no dimension.
_NAME = re.compile(r"(.+)_d(\d+)((?:_.+)?)")
_KINDS = {"smooth": "smooth maps", "torus": "torus maps"}
_Rows = list[dict[Any, Any]]
_COLUMNS = [
    "model", "step", "data", "group", "pooling", "layer", "sample", "replicate", "name", "method",
    "setting", "key", "label", "value", "stderr", "interval_low", "interval_high", "ceiling",
    "n_samples",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a method reads at one layer; unknown is None."""

    layer: str
    value: float | None
    stderr: float | None = None
    low: float | None = None
    high: float | None = None
    ceiling: float | None = None
    n_samples: int

    @property
    def is_known(self) -> bool:
        """Whether there is a value that has a logarithm."""
        return self.value is not None and self.value > 0

    @property
    def is_open(self) -> bool:
        """Whether the value is above what this many points resolve."""
        return resolves(self.ceiling, self.value) is False

    def __str__(self) -> str:
        value = "unknown" if self.value is None else with_error(self.value, self.stderr)
        above = f" (N resolves up to {number(self.ceiling or 0.0)})" if self.is_open else ""
        return f"{self.layer} {value}{above}"


#: The readings of one method and one sample, in the order of the layers.
Course = tuple[Reading, ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A reading, and of which sample by which method it is; the names are those of tables."""

    sample: str
    replicate: int
    name: str
    method: str
    setting: str
    key: str
    label: str
    reading: Reading


@dataclass(frozen=True, kw_only=True)
class Control:
    """Inputs of known dimension that went through the same network.

    Attributes
    ----------
    name, dimension
        Its label in tables, and the number of its coordinates: no layer has a larger dimension.
    at_first
        What the method reads at the first layer, the mean of the draws.
    is_matched
        Whether that is what it reads there of the data.
    mismatch
        How far Gride at two scales reads from the data at the input, where the control was matched
        by that: a share.
    draws
        What the method reads of each draw.
    """

    name: str
    dimension: int
    at_first: float | None = None
    is_matched: bool = False
    mismatch: float | None = None
    draws: tuple[Course, ...] = ()

    def __str__(self) -> str:
        stated = _NAME.fullmatch(self.name)
        kind, more = (stated[1], stated[3]) if stated else (self.name, "")
        title = _KINDS.get(kind, kind.replace("_", " "))
        words = [title, f"d = {self.dimension}", more.replace("_", " ").strip()]
        return ", ".join(filter(None, words))


@dataclass(frozen=True, kw_only=True)
class Run:
    """What methods read of one network at one step.

    Attributes
    ----------
    subject
        The network, its step, the samples and their class.
    method, label
        The method that is judged, and its name for people.
    data
        What it reads of the data.
    controls
        What it reads of controls, by falling dimension.
    entries
        Every reading, of any method and sample.
    """

    subject: Subject
    method: str
    label: str
    data: Course
    controls: tuple[Control, ...]
    entries: tuple[Entry, ...] = field(repr=False)

    def courses(
        self, sample: str, chosen: Callable[[Entry], bool]
    ) -> Iterator[tuple[Entry, Course]]:
        """The readings of a sample by each method and draw, with the first entry of each."""
        own = [entry for entry in self.entries if entry.sample == sample and chosen(entry)]
        own.sort(key=lambda entry: (entry.key, entry.replicate))
        for _, of_one in groupby(own, key=lambda entry: (entry.key, entry.replicate)):
            listed = list(of_one)
            yield listed[0], tuple(entry.reading for entry in listed)


def runs_in(tables: Tables) -> Iterator[Run]:
    """Every network at its last step, read by the method that is judged.

    That is TwoNN, or else the first method of the intrinsic dimension that has a value.
    """
    rows = last_step(tables.rows("estimate")).sort_values("layer_index", kind="stable")
    columns = rows[_COLUMNS].astype(object).where(rows[_COLUMNS].notna(), None)
    records: _Rows = columns.to_dict("records")
    of_data = [row for row in records if row["sample"] == "data"]
    for own in _grouped(of_data, ("model", "step", "data", "group")):
        for part in _by_pooling(own):
            run = _run(part, records, tables.provenance.get(part[0]["model"], {}))
            if run is not None:
                yield run


def _run(data: _Rows, rows: _Rows, provenance: Mapping[str, Any]) -> Run | None:
    method = _method_judged(data)
    if method is None:
        return None
    first = data[0]
    places = {(row["layer"], row["pooling"]) for row in data}
    others = [
        row
        for row in rows
        if row["model"] == first["model"]
        and row["sample"] != "data"
        and (row["layer"], row["pooling"]) in places
    ]
    read = [_entry(row) for row in data if row["key"] == method]
    course = tuple(entry.reading for entry in read)
    entries = tuple(map(_entry, [*data, *others]))
    found = _controls([entry for entry in entries if entry.key == method], course[0], provenance)
    return Run(
        subject=Subject(**{name: first[name] for name in ("model", "step", "data", "group")}),
        method=read[0].method,
        label=read[0].label,
        data=course,
        controls=tuple(sorted(found, key=lambda control: (-control.dimension, control.name))),
        entries=entries,
    )


def _method_judged(rows: Iterable[Mapping[str, Any]]) -> str | None:
    """Choose the method whose readings are judged; None if no intrinsic dimension is known."""
    known = {
        row["key"]: row["method"]
        for row in rows
        if row["name"] == "intrinsic_dimension" and row["value"] is not None
    }
    order = {name: place for place, name in enumerate(_PREFERRED)}
    return min(known, key=lambda key: (order.get(known[key], len(order)), key), default=None)


def _controls(
    entries: Sequence[Entry], first: Reading, provenance: Mapping[str, Any]
) -> Iterator[Control]:
    """The samples of known dimension; that of surrogates is unknown."""
    names = dict.fromkeys(entry.sample for entry in entries if entry.sample != "data")
    for name in names:
        facts = _facts_of(name, provenance)
        dimension = _dimension_of(name, facts)
        if dimension is None:
            continue
        own = sorted((e for e in entries if e.sample == name), key=lambda entry: entry.replicate)
        draws = [
            tuple(entry.reading for entry in draw)
            for _, draw in groupby(own, key=lambda entry: entry.replicate)
        ]
        at_first = [
            reading.value
            for draw in draws
            for reading in draw
            if reading.layer == first.layer and reading.value is not None
        ]
        ratio = fmean(at_first or [0.0]) / (first.value or math.inf)
        yield Control(
            name=name,
            dimension=dimension,
            at_first=fmean(at_first) if at_first else None,
            is_matched=1 / MATCHED <= ratio <= MATCHED,
            mismatch=facts.get("facts", {}).get("match", {}).get("mismatch"),
            draws=tuple(draws),
        )


def _facts_of(name: str, provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the provenance of a network says of a control: of the first of its draws."""
    controls = provenance.get("controls", {})
    drawn = (key for key in controls if key.rpartition("_")[0] == name)
    facts: Mapping[str, Any] = controls.get(name) or controls.get(next(drawn, ""), {})
    return facts


def _dimension_of(name: str, facts: Mapping[str, Any]) -> int | None:
    stated = _NAME.fullmatch(name)
    found = facts.get("dimension", stated and stated[2])
    return None if found is None else int(found)


def _by_pooling(rows: _Rows) -> list[_Rows]:
    """Tell poolings apart where one layer was read with several of them."""
    places = {(row["layer"], row["key"]) for row in rows}
    return [rows] if len(places) == len(rows) else _grouped(rows, ("pooling",))


def _grouped(rows: _Rows, by: Sequence[str]) -> list[_Rows]:
    """Group rows by some of their columns, in order of appearance."""
    groups: dict[tuple[Any, ...], _Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    return list(groups.values())


def _entry(row: Mapping[str, Any]) -> Entry:
    names = ("sample", "replicate", "name", "method", "setting", "key", "label")
    return Entry(
        **{name: row[name] for name in names},
        reading=Reading(
            layer=row["layer"],
            value=row["value"],
            stderr=row["stderr"],
            low=row["interval_low"],
            high=row["interval_high"],
            ceiling=row["ceiling"],
            n_samples=int(row["n_samples"]),
        ),
    )
