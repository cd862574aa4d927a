"""Compare golden rows: ``python compare.py NEW_DIR [--exact]`` prints what differs from ``rows/``.

Exact: every bit. With tolerance: numbers as another processor or another BLAS may round them,
numbers within sentences included; what is None, a count or a name must be the same.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from golden_expected import EXPECTED
from golden_files import Rows, decode, read_rows

GOLDEN = Path(__file__).parent / "rows"

#: Where work is shared now, sums are made in another order: what may differ even in exact mode.
SHARED: Mapping[tuple[str, str], float] = {
    ("*", "*consensus*"): 1e-12,
    ("*", "* / decimation / *"): 1e-12,
}

#: Relative error that rounding may make, by patterns of file and subject; the first that fits.
#: Networks compute in float32, and a layer's last bits depend on the processor. Infinite where a
#: layer holds nothing but such bits: only what is None, and counts, are compared there.
RELATIVE: Mapping[tuple[str, str], float] = {
    ("demo", "* (untrained) / _fc / *"): math.inf,
    ("demo", "*"): 1e-3,
    ("tracker", "*"): 1e-3,
    ("*", "* / bid*"): 1e-4,  # the end of a search for a minimum
    ("*", "*"): 1e-6,
}
#: Below it a number is rounding: eigenvalues of directions in which nothing varies.
ABSOLUTE = 1e-9
#: Numbers in sentences are rounded to two digits, so that one may go to the next.
IN_WORDS = 0.1

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
_MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One value that is not what it was."""

    file: str
    subject: str
    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        where = " / ".join(part for part in (self.file, self.subject, self.field) if part)
        return f"{where}: {_shown(self.old)} -> {_shown(self.new)}"

    @property
    def reason(self) -> str | None:
        """Why it was expected; None where it was not."""
        names = (self.file, self.subject, self.field)
        for patterns, reason in EXPECTED.items():
            if all(fnmatchcase(n, p) for n, p in zip(names, patterns, strict=True)):
                return reason
        return None


def differences(new: Path, old: Path = GOLDEN, *, exact: bool = False) -> list[Difference]:
    """What differs between two folders of rows and was not expected.

    Columns, rows and files that only the new ones have are fine.
    """
    found: list[Difference] = []
    for path in sorted(old.glob("*.json")):
        if path.stem != "about":
            found += _of_file(path.stem, read_rows(path), _rows_or_none(new / path.name), exact)
    return [difference for difference in found if difference.reason is None]


def _rows_or_none(path: Path) -> Rows:
    return read_rows(path) if path.exists() else {}


def _of_file(file: str, old: Rows, new: Rows, exact: bool) -> Iterator[Difference]:
    for subject, row in old.items():
        if subject not in new:
            yield Difference(file=file, subject=subject, field="", old="a row", new=_MISSING)
            continue
        relative = _tolerance(SHARED if exact else RELATIVE, file, subject)
        for field, value in row.items():
            now = new[subject].get(field, _MISSING)
            if field == "notes":
                relative = relative or IN_WORDS
            if value != now and not (relative and agree(value, now, relative)):
                yield Difference(file=file, subject=subject, field=field, old=value, new=now)


def _tolerance(
    tolerances: Mapping[tuple[str, str], float], file: str, subject: str
) -> float | None:
    """The first that fits; None where every bit counts."""
    for (of_file, of_subject), relative in tolerances.items():
        if fnmatchcase(file, of_file) and fnmatchcase(subject, of_subject):
            return relative
    return None


def agree(old: Any, new: Any, relative: float) -> bool:
    """Whether two encoded values are the same but for rounding."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and agree(old[key], new[key], relative) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(agree, old, new, [relative] * len(old)))
    first, second = decode(old), decode(new)
    if isinstance(first, float | str) and math.isinf(relative):
        return type(first) is type(second)
    if isinstance(first, float) and isinstance(second, float):
        return _close(first, second, relative, ABSOLUTE)
    if isinstance(first, str) and isinstance(second, str):
        return _same_words(first, second)
    return type(first) is type(second) and first == second


def _close(first: float, second: float, relative: float, absolute: float) -> bool:
    both_nan = math.isnan(first) and math.isnan(second)
    return both_nan or math.isclose(first, second, rel_tol=relative, abs_tol=absolute)


def _same_words(first: str, second: str) -> bool:
    """Whether two texts hold the same numbers but for rounding; words may be chosen better."""
    numbers = [_NUMBER.findall(text) for text in (first, second)]
    if not numbers[0] and not numbers[1]:
        return True
    return len(numbers[0]) == len(numbers[1]) and all(
        _close(float(a.replace(",", "")), float(b.replace(",", "")), IN_WORDS, 0.0)
        for a, b in zip(*numbers, strict=True)
    )


def _shown(value: Any) -> str:
    """A value as a person reads it, with all digits of a float."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_shown(item)}' for key, item in value.items())}}}"
    return repr(decode(value))


def main() -> None:
    """Print what differs, a line each; the exit status says whether anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("new", type=Path)
    parser.add_argument("old", type=Path, nargs="?", default=GOLDEN)
    parser.add_argument("--exact", action="store_true")
    options = parser.parse_args()
    found = differences(options.new, options.old, exact=options.exact)
    print("\n".join(map(str, found)) or "no differences")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
