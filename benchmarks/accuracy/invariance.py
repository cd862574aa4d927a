"""What must not change a dimension, tried on random estimators, data and changes.

A triple is an estimator, a set of points and a change that leaves their dimension as it is: other
axes, units or features, another order, type or place of the same numbers. The answers before and
after agree to the bit where the numbers are the same, else to rounding, else each lies within the
interval of the other; where they do not, a note must say so.

``python -m benchmarks.accuracy.invariance`` tries 2,000 of them in some minutes, prints what came
out by kind of change, and every fault with what makes it again.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from typing import Any

import hypothesis

import dimscope as ds
from benchmarks.accuracy.triples import CHANGES, Triple, triples
from benchmarks.shared.markdown import table
from dimscope.errors import InputError
from dimscope.results import DimensionEstimate

#: Notes that doubt the value for what the numbers are, not for what the method assumes.
DOUBTS = frozenset(
    {
        "above_features",
        "discrete",
        "even_spacing",
        "left_out",
        "limit",
        "near_copies",
        "rounding",
        "undetermined",
    }
)
ROUNDING = 1e-6  # of the value, when coordinates are rounded again
ROUNDING_OF = {"in_float16": 2**-11, "in_bfloat16": 2**-9}
_DRAWS = 0.25  # of the value, when an estimator draws other points


def verdict(triple: Triple) -> str:
    """What came of a triple, in a few words; faults begin with "FAULT"."""
    x = triple.points()
    before, after = _answer(triple, x), _answer(triple, triple.changed(x))
    if isinstance(before, str) or isinstance(after, str):
        return _of_refusals(triple, before, after)
    if before.value == after.value and before.interval == after.interval:
        return "the same bits"
    if triple.keeps_numbers:
        return f"FAULT: {before} became {after}"
    return _of_values(triple, before, after)


def _of_values(triple: Triple, before: DimensionEstimate, after: DimensionEstimate) -> str:
    """The verdict where bits differ, as they may."""
    if _close(triple, before, after):
        return "equal to rounding"
    if _within(before, after) and _within(after, before):
        return "within the interval"
    if any(note.code in DOUBTS for note in (*before.notes, *after.notes)):
        return "outside, with a note"
    return f"FAULT: {before} in {before.interval} became {after} in {after.interval}, no note"


def _answer(triple: Triple, x: Any) -> DimensionEstimate | str:
    """The estimate, or what was said in place of one."""
    try:
        found = ds.estimate(x, triple.method, n_jobs=1)
    except InputError as error:
        return str(error)
    assert found.value is None or found.value > 0, found
    return found if found.value is not None else " ".join(found.notes)


def _of_refusals(triple: Triple, before: Any, after: Any) -> str:
    """The verdict where a side has no value."""
    if isinstance(before, str) and isinstance(after, str):
        return "refused"
    known, refused = (after, before) if isinstance(before, str) else (before, after)
    if triple.keeps_numbers:
        return f"FAULT: {known} on one side; on the other: {refused}"
    return "refused on one side"


def _close(triple: Triple, before: DimensionEstimate, after: DimensionEstimate) -> bool:
    draws = "rng" in before.parameters and triple.change == "rows_mixed"
    tolerance = _DRAWS if draws else ROUNDING_OF.get(triple.change, ROUNDING)
    assert before.value is not None
    assert after.value is not None
    return abs(before.value - after.value) <= tolerance * before.value


def _within(one: DimensionEstimate, other: DimensionEstimate) -> bool:
    assert one.value is not None
    assert other.value is not None
    half = 2 * one.value / one.n_samples**0.5  # that of TwoNN, for methods without an interval
    low, high = one.interval or (one.value - half, one.value + half)
    counts = one.value.is_integer() and other.value.is_integer()  # reach one more and one less
    return low - counts <= other.value <= high + counts


def tried(n: int, seed: int) -> list[tuple[Triple, str]]:
    """That many random triples, with what came of each."""
    found: list[tuple[Triple, str]] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=n,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(triples())
    def gather(triple: Triple) -> None:
        found.append((triple, verdict(triple)))

    gather()
    return found


def main() -> None:
    """Try them, and print the tally and the faults."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    found = tried(options.triples, options.seed)
    kinds = ["the same bits", "equal to rounding", "within the interval", "outside, with a note",
             "refused", "refused on one side", "FAULT"]  # fmt: skip
    tally = Counter((triple.change, said.split(":")[0]) for triple, said in found)
    rows = [
        [change.replace("_", " "), *(str(tally[change, kind]) for kind in kinds)]
        for change in CHANGES
    ]
    total = [str(sum(tally[change, kind] for change in CHANGES)) for kind in kinds]
    print(table(["change", *kinds], [*rows, ["all", *total]]))
    for triple, said in found:
        if said.startswith("FAULT") or said == "refused on one side":
            print(triple, said, sep="\n    ")


if __name__ == "__main__":
    main()
