"""Writing numbers for people, the same way everywhere."""

from __future__ import annotations

import math
import re


def number(value: float) -> str:
    """Format three significant digits without an exponent.

    Examples
    --------
    >>> number(12.345), number(65536.0), number(0.01234)
    ('12.3', '65,536', '0.0123')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def with_error(value: float, stderr: float | None) -> str:
    """Format a value with its standard error, both to the error's second digit.

    Examples
    --------
    >>> with_error(38.0123, 0.8361), with_error(38.0123, None), with_error(650.0, 130.0)
    ('38.01 ± 0.84', '38.0', '650 ± 130')
    """
    if stderr is None or not stderr > 0:
        return number(value)
    decimals = min(max(0, 1 - math.floor(math.log10(stderr))), 6)
    return f"{value:,.{decimals}f} ± {stderr:,.{decimals}f}"


def counted(n: int, noun: str) -> str:
    """Format a number of things; one thing is in the singular.

    Examples
    --------
    >>> counted(1, "sample"), counted(12_000, "sample")
    ('1 sample', '12,000 samples')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def in_groups(n_samples: int, n_groups: int | None) -> str:
    """Format a number of points, with that of the groups they are in, if there are any.

    Examples
    --------
    >>> in_groups(1000, None), in_groups(1000, 50)
    ('1000', '1000 in 50 groups')
    """
    return f"{n_samples}" if n_groups is None else f"{n_samples} in {counted(n_groups, 'group')}"


def without_numbers(text: str) -> str:
    """Replace every number by ``#``, to find notes that differ only in their numbers.

    Examples
    --------
    >>> without_numbers("50 of 1,250 rows (4.0%) repeat")
    '# of # rows (#%) repeat'
    """
    return re.sub(r"\d[\d,.]*(?:e[+-]?\d+)?", "#", text)
