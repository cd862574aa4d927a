"""The rules on the hunchback: whether it rises or falls by more than any control tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from dimscope._format import number
from dimscope.results import Verdict
from dimscope.verdicts.comparison import Comparison, Move, compare, deciding, move_of
from dimscope.verdicts.runs import Reading, Run

_NO_CONTROL = (
    "no control was tried, so this says nothing of the data beyond the estimator: run with "
    "controls=True"
)
_NONE_COMPARED = "no control tried has values at the same N, so this says nothing of the data"


@dataclass(frozen=True)
class _Way:
    """A rise from the first layer, or a fall to the last."""

    verb: str
    verbs: str
    end: int

    def route(self, move: Move) -> str:
        """From which layer to which."""
        ends = (move.end.layer, move.peak.layer)
        start, stop = ends if self.end == 0 else reversed(ends)
        return f"from {start} to {stop}"


def _judge(way: _Way, rule: str, run: Run) -> Iterator[Verdict]:
    if len(run.data) < 2:
        return
    end = run.data[way.end]
    move = move_of(run.data, end)
    if move is None:
        statement = f"{run.label} is unknown at {end.layer}: cannot tell whether it {way.verbs}."
        evidence = f"{run.label}, N = {end.n_samples}: {', '.join(map(str, run.data))}."
        yield Verdict(
            subject=run.subject, rule=rule, statement=statement, holds=None, evidence=evidence
        )
        return
    found = [(control, compare(move, control)) for control in run.controls]
    comparisons = [comparison for _, comparison in found if comparison is not None]
    holds, said = _answer(way, run, move, comparisons)
    uncompared = [str(control) for control, comparison in found if comparison is None]
    p_values = [c.p_value for c in comparisons if c.p_value is not None]
    yield Verdict(
        subject=run.subject,
        rule=rule,
        statement=f"{run.label} {said}.",
        holds=holds,
        p_value=max(p_values) if p_values and len(p_values) == len(comparisons) else None,
        evidence=_evidence(run, move, comparisons, uncompared),
    )


#: Whether the dimension rises from the first layer by more than that of any control tried.
judge_rise = partial(_judge, _Way("rise", "rises", 0))
#: Whether it falls to the last layer by more than that of any control tried.
judge_fall = partial(_judge, _Way("fall", "falls", -1))


def _answer(
    way: _Way, run: Run, move: Move, comparisons: Sequence[Comparison]
) -> tuple[bool | None, str]:
    """Whether the rule holds, and the sentence without its subject."""
    if move.peak == move.end:
        last = "first" if way.end == 0 else "last"
        return False, f"is highest at {move.end.layer}, the {last} layer: it does not {way.verb}"
    if not move.is_clear and move.unresolved is None:
        return False, f"does not {way.verb} {way.route(move)} by more than its errors"
    moves = f"{way.verbs} by {move.factor} {way.route(move)}"
    if not comparisons:
        return None, f"{moves}; {_NONE_COMPARED if run.controls else _NO_CONTROL}"
    decisive = deciding(comparisons)
    most = f"{decisive.move.factor} of {decisive.control}"
    if decisive.outcome == "within":
        return False, (
            f"{moves}, within what the controls show ({most}): no evidence about the data"
        )
    if why := _doubt(run, decisive, comparisons, most):
        return None, f"{moves}; cannot tell whether by more than the controls: {why}"
    names = "; ".join(str(comparison.control) for comparison in comparisons)
    return True, (
        f"{moves}; of the controls tried ({names}) none {way.verbs} by more than "
        f"{decisive.move.factor}{_limit(move.unresolved)}"
    )


def _doubt(
    run: Run, decisive: Comparison, comparisons: Sequence[Comparison], most: str
) -> str | None:
    """Why it cannot be told whether the data exceed the controls; None where it can."""
    if decisive.outcome == "no_errors":
        return "the errors are unknown"
    if decisive.outcome == "within_errors":
        return f"the difference from {most} is within the errors"
    if not any(comparison.control.is_matched for comparison in comparisons):
        return f"none is read as the data are at {run.data[0].layer} (none is matched)"
    return None


def _limit(reading: Reading | None) -> str:
    """What to add where N does not resolve the end or the peak."""
    if reading is None or reading.ceiling is None:
        return ""
    return (
        f", as it is read: N = {reading.n_samples} does not resolve above "
        f"{number(reading.ceiling)}, so the true factors cannot be told"
    )


def _evidence(
    run: Run, move: Move, comparisons: Sequence[Comparison], uncompared: Sequence[str]
) -> str:
    data = ", ".join(map(str, run.data)) if move.peak == move.end else move
    said = [f"{run.label}, N = {move.peak.n_samples}. Data: {data}"]
    said += [f"{_named(comparison)}: {comparison.move}" for comparison in comparisons]
    first = run.data[0]
    if comparisons and first != move.end:
        read = [f"{c.control} {_shown(c.control.at_first)}" for c in comparisons]
        said.append(f"At {first.layer}: {'; '.join([f'data {_shown(first.value)}', *read])}")
    if uncompared:
        said.append(f"Not compared, for want of values at the same N: {'; '.join(uncompared)}")
    return ". ".join(said) + "."


def _named(comparison: Comparison) -> str:
    """A control, with how near it was brought to the data and how often it was drawn."""
    control, n_draws = comparison.control, comparison.n_draws
    near = control.mismatch
    more = [] if near is None else [f"at the input within {100 * near:.0f} % at two scales"]
    more += [f"the largest of {n_draws} draws"] if n_draws > 1 else []
    return f"{control} ({', '.join(more)})" if more else str(control)


def _shown(value: float | None) -> str:
    return "unknown" if value is None else number(value)
