"""Sizes of memory as people write them, and budgets of so many bytes."""

from __future__ import annotations

import numbers
import re
from typing import Any

from dimscope.errors import InputError, InputTypeError

_UNITS: dict[str, int] = {
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", start=1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", start=1)},
}


def parse_size(text: str) -> int:
    """Return the bytes in a size such as ``"2GiB"``, ``"500 MB"`` or ``"1048576"``.

    Parameters
    ----------
    text
        A number, alone (bytes) or with a unit: B, KB, MB, GB, TB (powers of 1000) or KiB, MiB,
        GiB, TiB (powers of 1024), in any case.

    Raises
    ------
    InputError
        If the text is no such size.

    Examples
    --------
    >>> parse_size("2GiB"), parse_size("1.5 kB"), parse_size("100")
    (2147483648, 1500, 100)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    unit = _UNITS.get(match[2] or "b") if match else None
    if match is None or unit is None:
        raise InputError(
            f"cannot read {text!r} as a size: write a number with a unit, such as 2GiB or 500MB"
        )
    return round(float(match[1]) * unit)


def format_size(n_bytes: float) -> str:
    """Write a number of bytes with the unit that suits it.

    Examples
    --------
    >>> format_size(1605632000)
    '1.5 GiB'
    >>> format_size(12)
    '12 B'
    """
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    power = max(0, min(len(units) - 1, (int(n_bytes).bit_length() - 1) // 10))
    return f"{n_bytes / 1024.0**power:.{min(power, 1)}f} {units[power]}"


def check_budget(name: str, n_bytes: Any) -> None:
    """Refuse a budget that is not a number of bytes from 0 on.

    Raises
    ------
    InputTypeError
        If it is not a number.
    InputError
        If it is negative.
    """
    if not isinstance(n_bytes, numbers.Real):
        raise InputTypeError(
            f"{name}={n_bytes!r} must be a number of bytes: parse_size('2GiB') gives that of a size"
        )
    if n_bytes < 0:
        raise InputError(f"{name} is {n_bytes} bytes: it must be 0 or more")
