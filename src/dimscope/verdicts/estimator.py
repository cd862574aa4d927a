"""The rules on the estimator: what N resolves, what calibration says, how far it inflates here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

from dimscope._format import number
from dimscope.results import Verdict
from dimscope.verdicts.comparison import LEVEL, move_of
from dimscope.verdicts.runs import Control, Course, Reading, Run
from dimscope.verdicts.tangents import tangent_readings, whole

#: The setting of a calibration over all families, which is preferred to that of one family.
_ANY = "family=any"


def judge_resolution(rule: str, run: Run) -> Iterator[Verdict]:
    """Whether N resolves what each method of the intrinsic dimension reads of the data."""
    for entry, readings in run.courses("data", lambda e: e.name == "intrinsic_dimension"):
        label = entry.label
        course = [r for r in readings if r.value is not None and r.ceiling is not None]
        if not course:
            continue
        above = [reading for reading in course if reading.is_open]
        count, limit = _span([r.n_samples for r in course]), _span([r.ceiling for r in course])
        if above:
            statement = (
                f"N = {count} does not resolve {label} above {limit}: {len(above)} of "
                f"{len(course)} layers read more, and their dimension may be anything above."
            )
        else:
            statement = f"{label} reads no layer above {limit}, which N = {count} resolves."
        yield Verdict(
            subject=run.subject,
            rule=rule,
            statement=statement,
            holds=not above,
            evidence=f"{label}: {', '.join(map(str, above or course))}.",
        )


def judge_calibrated(rule: str, run: Run) -> Iterator[Verdict]:
    """Whether the calibrated intervals of the first layer and of the peak are apart."""
    calibrated = {reading.layer: reading for reading in _calibrated(run)}
    move = move_of(run.data, run.data[0])
    if move is None or move.peak == move.end:
        return
    first, peak = (calibrated.get(reading.layer) for reading in (move.end, move.peak))
    if first is None or peak is None or None in (first.low, first.high, peak.low):
        return
    apart = (peak.low or 0.0) > (first.high or math.inf)
    said = "are apart" if apart else "overlap: cannot tell whether the dimension rises"
    yield Verdict(
        subject=run.subject,
        rule=rule,
        statement=f"The calibrated intervals of {first.layer} and {peak.layer} {said}.",
        holds=apart or None,
        evidence=(
            f"{run.label}, calibrated: {_interval(first)}, {_interval(peak)}; raw: {move.end}, "
            f"{move.peak}; N = {peak.n_samples}."
        ),
    )


def judge_inflation(rule: str, run: Run) -> Iterator[Verdict]:
    """Whether the method reads a control above its true dimension, and by how much."""
    found = [reading for control in run.controls for reading in _beside_truth(run, control)]
    if not found:
        return
    quantile = NormalDist().inv_cdf(1 - LEVEL / len(found))  # Bonferroni: any may be the highest
    inflated = [one for one in found if one.excess > quantile]
    worst = max(inflated or found, key=lambda one: one.factor)
    yield Verdict(
        subject=run.subject,
        rule=rule,
        statement=worst.sentence(run.label) if inflated else (
            f"{run.label} reads no control above its true dimension by more than its errors."
        ),
        holds=bool(inflated),
        evidence=f"N = {worst.reading.n_samples}. Highest of each control: {_highest(found)}.",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _BesideTruth:
    """A reading of a control where its true dimension is known, or known to be at most so much."""

    control: Control
    reading: Reading
    truth: float
    is_bound: bool

    @property
    def factor(self) -> float:
        return (self.reading.value or math.nan) / self.truth

    @property
    def excess(self) -> float:
        """By how many standard errors the reading exceeds the truth."""
        return ((self.reading.value or 0.0) - self.truth) / (self.reading.stderr or math.nan)

    @property
    def true_dimension(self) -> str:
        return f"{'at most ' * self.is_bound}{whole(self.truth)}"

    def sentence(self, label: str) -> str:
        """How far the estimator inflates here."""
        return (
            f"{label} reads {number(self.reading.value or 0.0)} at {self.reading.layer} of a "
            f"control ({self.control}) whose true dimension there is {self.true_dimension}: at "
            f"this N and curvature it is inflated by x {number(self.factor)} there."
        )


def _beside_truth(run: Run, control: Control) -> Iterator[_BesideTruth]:
    """The readings of a control that have errors, each with the rank of its tangents, or with d."""
    ranks = {
        reading.layer: reading.value for reading in tangent_readings(run, control, "tangent_rank")
    }
    for reading in (reading for draw in control.draws for reading in draw):
        if reading.is_known and reading.stderr:
            rank = ranks.get(reading.layer)
            truth = rank or float(control.dimension)
            yield _BesideTruth(control=control, reading=reading, truth=truth, is_bound=not rank)


def _highest(found: list[_BesideTruth]) -> str:
    controls = {one.control.name: one.control for one in found}
    said = []
    for name, control in controls.items():
        own = max((one for one in found if one.control.name == name), key=lambda one: one.factor)
        said.append(f"{control}: {own.reading} where the true dimension is {own.true_dimension}")
    return "; ".join(said)


def _calibrated(run: Run) -> Course:
    """The calibrated readings of the data, over all families where that was measured."""
    found = list(run.courses("data", lambda e: e.method == f"{run.method}_calibrated"))
    found.sort(key=lambda one: not one[0].setting.endswith(_ANY))
    return found[0][1] if found else ()


def _interval(reading: Reading) -> str:
    high = "more" if reading.high is None else number(reading.high)
    return f"{reading.layer} {number(reading.low or 0.0)} to {high}"


def _span(values: list[float | None] | list[int]) -> str:
    """The values, or the least and the largest where they differ."""
    known = [value for value in values if value is not None]
    return " to ".join(dict.fromkeys(number(v) if isinstance(v, float) else str(v)
                                     for v in (min(known), max(known))))  # fmt: skip
