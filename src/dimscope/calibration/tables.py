"""The values of a table beside what they stand for."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from dimscope.calibration.calibrate import known_calibration
from dimscope.calibration.curves import shipped_curve
from dimscope.calibration.families import ANY, check_family
from dimscope.results import Value, raw_method, rows_in, table_of

_BEYOND = "The raw value lies beyond the response curve, which ends at 300 dimensions."


def calibrated_values(values: pd.DataFrame, family: str = ANY) -> pd.DataFrame:
    """Add a calibrated row after each value whose method has a response curve that ships.

    Parameters
    ----------
    values
        A table of `Value` rows. Rows that are calibrated for this family are made again.
    family
        As in `response_curve`.

    Raises
    ------
    InputError
        If the family is not known.
    """
    check_family(family)
    return table_of(Value, _beside(rows_in(Value, values), family))


def _beside(values: list[Value], family: str) -> Iterator[Value]:
    for value in values:
        if _is_calibrated(value, family):
            continue
        yield value
        if (found := _calibrated_row(value, family)) is not None:
            yield found


def _is_calibrated(value: Value, family: str) -> bool:
    setting = value.quantity.setting.rpartition("family=")[2]
    return raw_method(value.quantity.method) is not None and setting == family


def _calibrated_row(value: Value, family: str) -> Value | None:
    """The value led back; its ceiling is the dimension that the raw ceiling stands for."""
    found = known_calibration(value, family)
    if found is None:
        return None
    return replace(
        value,
        quantity=value.quantity.calibrated(family),
        value=found.value,
        stderr=None,
        low=found.low,
        high=found.high,
        error_kind=None,
        ceiling=_dimension(found.method, found.n_samples, family, found.ceiling),
        notes=found.notes,
        problem=None if found.value is not None else _BEYOND,
    )


@functools.lru_cache(maxsize=256)
def _dimension(method: str, n_samples: int, family: str, raw: float | None) -> float | None:
    curve = shipped_curve(method, n_samples, family)
    return None if raw is None or curve is None else curve.invert(raw).value
