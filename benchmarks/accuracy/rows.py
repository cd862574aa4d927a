"""The rows that the accuracy study keeps, their errors, and the summary of each method."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.accuracy.samples import Sample

#: The library whose methods are our own.
OURS = "dimscope"
#: Why a call gave no value: what it raised stands in the note otherwise.
TOO_SLOW = "too slow"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One estimate of one sample: a line of the file.

    ``value`` is None where there is none, for the reason in ``note``; ``seconds`` are of CPU.
    """

    library: str
    version: str
    method: str
    set: str
    n: int
    seed: int
    value: float | None
    seconds: float
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        return self.library, self.method, self.set, self.n, self.seed


class Method(NamedTuple):
    """Who is judged: a library and the name of an estimator in it."""

    library: str
    name: str


class Answer(NamedTuple):
    """What a method said of a sample: a value, or None and why, and the CPU seconds it took."""

    value: float | None
    seconds: float
    note: str


class Summary(NamedTuple):
    """How far a method was off at one N, in per cent of the true dimension.

    Attributes
    ----------
    mean, median, worst
        Over the sets, of the mean of |value - dimension| / dimension over the seeds of a set.
    worst_set
        Where it was worst.
    everywhere
        The mean over all sets, those beside the chosen ones too.
    seconds
        CPU time of one call, the mean over the sets.
    n_seeds
        The fewest seeds that any set has.
    missing
        Sets without any value.
    slow
        Whether some of these were beyond the limit of time.
    """

    mean: float
    median: float
    worst: float
    worst_set: str
    everywhere: float
    seconds: float
    n_seeds: int
    missing: int
    slow: bool


def row_of(method: Method, version: str, sample: Sample, answer: Answer) -> Row:
    """An answer as a row of the file."""
    return Row(
        library=method.library,
        version=version,
        method=method.name,
        set=sample.set,
        n=sample.n,
        seed=sample.seed,
        value=answer.value,
        seconds=round(answer.seconds, 4),
        note=" ".join(answer.note.split())[:200],
    )


def read(file: Path) -> list[Row]:
    """The rows of a file, of each estimate the last; none where there is no file."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        rows = [_parsed(line) for line in csv.DictReader(lines) if line["note"] is not None]
    return list({row.key: row for row in rows}.values())


def append(file: Path, row: Row) -> None:
    """Add a row at once, so that a run that is stopped has lost nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, [field.name for field in fields(Row)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(row))


def _parsed(line: Mapping[str, str]) -> Row:
    return Row(
        library=line["library"],
        version=line["version"],
        method=line["method"],
        set=line["set"],
        n=int(line["n"]),
        seed=int(line["seed"]),
        value=float(line["value"]) if line["value"] else None,
        seconds=float(line["seconds"]),
        note=line["note"],
    )


def percentage_error(value: float, dimension: float) -> float:
    """|value - dimension| in per cent of the dimension."""
    return 100 * abs(value - dimension) / dimension


def errors_by_set(rows: Iterable[Row], dimensions: Mapping[str, float]) -> dict[str, float]:
    """The mean percentage error of each set over its seeds; sets without a value are left out."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.value is not None:
            error = percentage_error(row.value, dimensions[row.set])
            found.setdefault(row.set, []).append(error)
    return {name: float(np.mean(errors)) for name, errors in found.items()}


def summarise(
    rows: Sequence[Row], dimensions: Mapping[str, float], chosen: Sequence[str]
) -> Summary | None:
    """The summary of the rows of one method at one N over the chosen sets.

    None where no chosen set has a value.
    """
    errors = errors_by_set(rows, dimensions)
    known = {name: errors[name] for name in chosen if name in errors}
    if not known:
        return None
    worst_set = max(known, key=known.__getitem__)
    seeds = {
        name: [row for row in rows if row.set == name and row.value is not None] for name in known
    }
    seconds = [np.mean([row.seconds for row in of_set]) for of_set in seeds.values()]
    return Summary(
        mean=float(np.mean(list(known.values()))),
        median=float(np.median(list(known.values()))),
        worst=known[worst_set],
        worst_set=worst_set,
        everywhere=float(np.mean(list(errors.values()))),
        seconds=float(np.mean(seconds)),
        n_seeds=min(len(of_set) for of_set in seeds.values()),
        missing=len(chosen) - len(known),
        slow=any(row.note == TOO_SLOW for row in rows),
    )


def by_method(rows: Iterable[Row], n: int) -> dict[Method, list[Row]]:
    """The rows at one N, of each method."""
    found: dict[Method, list[Row]] = {}
    for row in rows:
        if row.n == n:
            found.setdefault(Method(row.library, row.method), []).append(row)
    return found
