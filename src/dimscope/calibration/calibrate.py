"""Values led back to the dimension that they stand for."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from dimscope._parameters import checked_parameters
from dimscope._rng import Rng
from dimscope.calibration.curves import response_curve, shipped_curve
from dimscope.calibration.families import ANY, check_family
from dimscope.errors import InputError, InputTypeError
from dimscope.estimators import ESTIMATORS, Estimator
from dimscope.estimators.responses import shipped_ceiling
from dimscope.results import (
    Calibrated,
    DimensionEstimate,
    Note,
    ResponseCurve,
    Value,
    keyed,
    raw_method,
)

_KEPT = "They were kept"  # how the note on near copies says that they stayed among the points


@checked_parameters
def calibrate(
    estimate: DimensionEstimate | Value, family: str = ANY, *, rng: Rng = 0
) -> Calibrated:
    """Lead an estimate back to the dimension at which a family of known sets reads the same.

    Parameters
    ----------
    estimate
        By a method that sees distances, of independent points.
    family
        What the points are taken to be like, as in `response_curve`; ``"any"`` gives an interval
        that holds whichever family it is, and the median of their answers.
    rng
        Seed of the draws, where no curve ships and one is simulated; see `response_curve`.

    Returns
    -------
    Calibrated
        The dimensions whose 95 % band of readings holds the value (Neyman 1937). The interval
        includes the scatter of N points, the bias of the method, and the spread within the family.

    Raises
    ------
    InputError
        If there is no value, the method has no response curve, or the curve does not apply: points
        that depend on each other in groups, points that were left out because they have copies,
        near copies that were kept.

    Examples
    --------
    >>> import numpy as np
    >>> from dimscope import estimate
    >>> points = np.random.default_rng(0).normal(size=(500, 30))
    >>> found = calibrate(estimate(points), family="gaussian")
    >>> found.raw < 25 < found.low < 30 < found.high
    True
    """
    check_family(family)
    asked = _Asked.of(estimate)
    if reason := asked.obstacle():
        raise InputError(f"this estimate by {asked.method} cannot be calibrated: {reason}")
    curve = shipped_curve(asked.key, asked.n_samples, family)
    if curve is None:
        curve = response_curve(asked.estimator(), asked.n_samples, family, rng=rng)
    return _calibrated(asked, curve)


def known_calibration(estimate: DimensionEstimate | Value, family: str = ANY) -> Calibrated | None:
    """Calibrate by a curve that ships; None where none does, or it does not apply.

    Raises
    ------
    InputError
        If the family is not known.
    """
    check_family(family)
    asked = _Asked.of(estimate)
    curve = None if asked.obstacle() else shipped_curve(asked.key, asked.n_samples, family)
    return None if curve is None else _calibrated(asked, curve)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is to be calibrated, of an estimate or of a row of a table."""

    method: str
    setting: str | None
    parameters: Mapping[str, Any]
    value: float | None
    n_samples: int
    n_groups: int | None
    ceiling: float | None
    notes: tuple[Note, ...]
    problem: str | None

    @classmethod
    def of(cls, estimate: DimensionEstimate | Value) -> Self:
        if not isinstance(estimate, DimensionEstimate | Value):
            raise InputTypeError(
                f"estimate={estimate!r} must be a DimensionEstimate, as dimscope.estimate gives, "
                f"or a Value of a profile, got {type(estimate).__name__}; of a bare number, invert "
                "the response_curve of its method and N"
            )
        same = ("value", "n_samples", "n_groups", "ceiling", "notes", "problem")
        fields = {name: getattr(estimate, name) for name in same}
        if isinstance(estimate, Value):
            own = estimate.quantity
            return cls(method=own.method, setting=own.setting, parameters={}, **fields)
        given = estimate.parameters
        return cls(method=estimate.method, setting=None, parameters=given, **fields)

    @property
    def key(self) -> str:
        """The method with its setting; the bare method where it is not one of ours."""
        if self.setting is not None:
            return keyed(self.method, self.setting)
        return self.estimator().quantity.key if self.method in ESTIMATORS else self.method

    def estimator(self) -> Estimator:
        """The estimator with its settings."""
        if self.method not in ESTIMATORS:
            raise InputError(
                f"{self.method} is not one of our methods: give the estimator itself to "
                "response_curve, and the value to the curve's invert"
            )
        made = ESTIMATORS[self.method]
        given = self.parameters if self.setting is None else _parameters_of(self.setting)
        names = {field.name for field in dataclasses.fields(made)}  # type: ignore[arg-type]
        return made(**{name: own for name, own in given.items() if name in names})

    def obstacle(self) -> str | None:
        """Why no response curve applies; None where one may."""
        if raw_method(self.method) is not None:
            return "it is calibrated already; give the raw one"
        if self.value is None or self.value <= 0:
            return self.problem or "it has no value"
        if self.n_groups is not None:
            return (
                f"its {self.n_samples} points depend on each other in {self.n_groups} groups, and "
                "curves are of independent points; take one point of each group"
            )
        for note in self.notes:
            if note.code == "left_out" or (note.code == "near_copies" and _KEPT in note):
                return f"curves are of distinct points, and {note[:1].lower()}{note[1:]}"
        return None


def _parameters_of(setting: str) -> dict[str, Any]:
    """The parameters that a quantity's setting says, such as ``"n1=4"``."""
    try:
        pairs = [item.split("=", 1) for item in setting.split(", ") if item]
        return {name: ast.literal_eval(value) for name, value in pairs}
    except (ValueError, SyntaxError) as error:
        raise InputError(
            f"the setting {setting!r} cannot be read back: give the estimator itself to "
            "response_curve, and the value to the curve's invert"
        ) from error


def _calibrated(asked: _Asked, curve: ResponseCurve) -> Calibrated:
    raw = float(asked.value or 0)
    found = curve.invert(raw)
    end = curve.dimensions[-1]
    notes: tuple[Note, ...] = ()
    if found.high is None:
        said = (
            f"The calibrated interval has no upper end: sets of {end:g} dimensions, the most that "
            "were simulated, read as little."
        )
        notes = (Note("limit", said),)
    ceiling = asked.ceiling
    if ceiling is None and (shipped := shipped_ceiling(asked.key, asked.n_samples)) is not None:
        ceiling = shipped.value
    return Calibrated(
        value=found.value,
        low=found.low,
        high=found.high,
        family=curve.family,
        raw=raw,
        n_samples=asked.n_samples,
        method=curve.method,
        ceiling=ceiling,
        notes=notes,
    )
