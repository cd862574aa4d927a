"""Rises and falls through the layers, and whether those of the data exceed those of controls."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from dimscope._format import number, with_error
from dimscope.verdicts.runs import Control, Course, Reading

#: The data must exceed every control by more than this factor, as families of controls differ...
MARGIN = math.log(1.25)
#: ... and by more than the errors of both: the level of the one-sided test against each control.
LEVEL = 0.05
#: By how much the logarithmic moves of draws of one family scatter, before several are seen.
SCATTER = 0.1
#: Two numbers of points are comparable up to this factor: estimates depend on N.
_SAME_N = 1.1

#: Whether the data exceed a control, in the order in which an answer decides among several.
Outcome = Literal["within", "no_errors", "within_errors", "beyond"]


@dataclass(frozen=True, kw_only=True)
class Move:
    """The way between an end of the network and the layer where the method reads most."""

    end: Reading
    peak: Reading

    @property
    def log_factor(self) -> float:
        """The logarithm of the peak over the end."""
        return math.log((self.peak.value or math.nan) / (self.end.value or math.nan))

    @property
    def stderr(self) -> float | None:
        """The standard error of `log_factor`, from those of both values; None where unknown."""
        if self.peak == self.end:
            return 0.0
        shares = [_relative_error(reading) for reading in (self.end, self.peak)]
        return None if None in shares else math.hypot(*filter(None, shares))

    @property
    def factor(self) -> str:
        """The factor, for people."""
        return f"x {number(math.exp(self.log_factor))}"

    @property
    def is_clear(self) -> bool:
        """Whether the peak exceeds the end by more than the errors; where unknown, at all."""
        return self.log_factor > -statistics.NormalDist().inv_cdf(LEVEL) * (self.stderr or 0.0)

    @property
    def unresolved(self) -> Reading | None:
        """The end or the peak, where its value is above its ceiling."""
        return next((reading for reading in (self.end, self.peak) if reading.is_open), None)

    def __str__(self) -> str:
        factor = math.exp(self.log_factor)
        error = None if self.stderr is None else factor * self.stderr
        return f"{self.end}, {self.peak} (x {with_error(factor, error)})"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The data against one control.

    Attributes
    ----------
    control
        The control.
    move
        That of the draw that moves most.
    n_draws
        Draws compared.
    outcome
        Whether the data exceed it.
    p_value
        That the data exceed it by chance; None where errors are unknown.
    """

    control: Control
    move: Move
    n_draws: int
    outcome: Outcome
    p_value: float | None


def move_of(course: Course, end: Reading) -> Move | None:
    """The move between ``end`` and the highest reading; None where no value is known there."""
    if not end.is_known:
        return None
    known = (reading for reading in course if reading.is_known)
    return Move(end=end, peak=max(known, key=lambda reading: reading.value or 0.0))


def compare(data: Move, control: Control) -> Comparison | None:
    """Compare the data's move with that of a control; None if that has none at the same N.

    The largest of several draws is compared, and their scatter is part of the error: the data are
    like one more draw.
    """
    moves = [move for draw in control.draws if (move := _same_move(data, draw)) is not None]
    if not moves:
        return None
    largest = max(moves, key=lambda move: move.log_factor)
    errors = data.stderr, largest.stderr, _scatter([move.log_factor for move in moves])
    p_value = _p_value(data.log_factor - largest.log_factor, errors)
    return Comparison(
        control=control,
        move=largest,
        n_draws=len(moves),
        outcome=_outcome(data, largest, p_value),
        p_value=p_value,
    )


def deciding(comparisons: Iterable[Comparison]) -> Comparison:
    """The comparison that decides: the data must exceed every control."""
    order = get_args(Outcome)
    return min(comparisons, key=lambda c: (order.index(c.outcome), -c.move.log_factor))


def _outcome(data: Move, control: Move, p_value: float | None) -> Outcome:
    """Compare readings as they are: data and controls are read by one method at one N.

    What N does not resolve makes the factor uncertain, which the statement says, and not that the
    data are read higher than the control.
    """
    if data.log_factor - control.log_factor <= MARGIN:
        return "within"
    if p_value is None:
        return "no_errors"
    return "beyond" if p_value < LEVEL else "within_errors"


def _same_move(data: Move, draw: Course) -> Move | None:
    end = next((reading for reading in draw if reading.layer == data.end.layer), None)
    move = None if end is None else move_of(draw, end)
    if move is None:
        return None
    counts = [r.n_samples for r in (data.end, data.peak, move.end, move.peak)]
    return move if max(counts) <= _SAME_N * min(counts) else None


def _scatter(logs: Sequence[float]) -> float:
    """By how much a further draw differs from the mean of these.

    `SCATTER` weighs as much as one draw in their standard deviation.
    """
    n, mean = len(logs), statistics.fmean(logs)
    variance = (SCATTER**2 + sum((log - mean) ** 2 for log in logs)) / n
    return math.sqrt(variance * (1 + 1 / n))


def _p_value(difference: float, errors: tuple[float | None, ...]) -> float | None:
    known = [error for error in errors if error is not None]
    if len(known) < len(errors):
        return None
    error = math.hypot(*known)
    if error == 0:
        return 0.0 if difference > 0 else 1.0
    return statistics.NormalDist().cdf(-difference / error)


def _relative_error(reading: Reading) -> float | None:
    if reading.value is None or reading.stderr is None:
        return None
    return reading.stderr / reading.value
