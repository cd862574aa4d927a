"""The rule on tangent spectra: how many directions of a control survive, and how many act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from dimscope._format import number
from dimscope.results import Verdict
from dimscope.verdicts.runs import Control, Course, Reading, Run

_HALF = 0.5


def judge_tangents(rule: str, run: Run) -> Iterator[Verdict]:
    """Whether every direction of each control survives to the last layer, and how many act."""
    for control in run.controls:
        ranks = tangent_readings(run, control, "tangent_rank")
        acting = tangent_readings(run, control, "tangent_participation_ratio")
        if not ranks:
            continue
        d = control.dimension
        survive = ranks[-1].value is not None and ranks[-1].value > d - _HALF
        yield Verdict(
            subject=run.subject,
            rule=rule,
            statement=f"Of the {d} directions of a control ({control}) {_surviving(ranks, d)}"
            f"{_acting(acting)}.",
            holds=survive,
            evidence=_evidence(ranks, acting),
        )


def tangent_readings(run: Run, control: Control, method: str) -> Course:
    """What a method of tangent spectra gives for a control, the mean over its draws, by layer."""
    draws = [course for _, course in run.courses(control.name, lambda e: e.method == method)]
    layers = dict.fromkeys(reading.layer for draw in draws for reading in draw)
    at = {name: [r for draw in draws for r in draw if r.layer == name] for name in layers}
    return tuple(_mean(readings) for readings in at.values() if _known(readings, "value"))


def _mean(readings: Sequence[Reading]) -> Reading:
    errors = _known(readings, "stderr")
    return Reading(
        layer=readings[0].layer,
        value=fmean(_known(readings, "value")),
        stderr=fmean(errors) if errors else None,
        n_samples=readings[0].n_samples,
    )


def _known(readings: Sequence[Reading], name: str) -> list[float]:
    return [value for reading in readings if (value := getattr(reading, name)) is not None]


def whole(rank: float) -> str:
    """Format a rank, which is whole unless points differ."""
    return f"{rank:.0f}" if rank == round(rank) else number(rank)


def _surviving(ranks: Course, dimension: int) -> str:
    last = ranks[-1]
    if (last.value or 0.0) > dimension - _HALF:
        return f"all survive to {last.layer} (rank)"
    lost = next(r.layer for r in ranks if (r.value or 0.0) <= dimension - _HALF)
    return f"{whole(last.value or 0.0)} survive to {last.layer} (rank; fewer from {lost} on)"


def _acting(acting: Course) -> str:
    if not acting:
        return ""
    first, last = (number(reading.value or 0.0) for reading in (acting[0], acting[-1]))
    return (
        f"; {first} act at {acting[0].layer} and {last} at {acting[-1].layer} (participation ratio)"
    )


def _evidence(ranks: Course, acting: Course) -> str:
    values = {reading.value for reading in ranks}
    same = f"Rank {whole(ranks[0].value or 0.0)} at each of {len(ranks)} layers"
    said = [same if len(values) == 1 else f"Rank: {', '.join(map(str, ranks))}"]
    said += [f"Participation ratio: {', '.join(map(str, acting))}"] if acting else []
    return f"{'. '.join(said)}. Tangent spectra at {ranks[0].n_samples} points."
