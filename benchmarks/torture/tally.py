"""What became of files after faults, counted."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from benchmarks.shared.markdown import table
from dimscope.errors import DimscopeError

T = TypeVar("T")

FAULTS = ("lost", "mixed", "silently different", "raw tracebacks")


@dataclass(kw_only=True)
class Tally:
    """Counts of one kind of damage.

    Attributes
    ----------
    name
        The kind.
    n_tries
        How often it was done.
    n_refused
        Times that files were refused with a clear error.
    counts
        Times that something was lost, was a mixture, was silently different, or ended in an
        exception that dimscope does not raise on purpose.
    examples
        The first of each.
    """

    name: str
    n_tries: int = 0
    n_refused: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FAULTS, 0))
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, fault: str, example: str) -> None:
        """Count a fault of dimscope's."""
        self.counts[fault] += 1
        self.examples.setdefault(fault, example)

    def attempt(self, act: Callable[[], T], what: str) -> T | DimscopeError | None:
        """What ``act`` returns, the clear error that it raised, or None if it died otherwise."""
        try:
            return act()
        except DimscopeError as error:
            return error
        except Exception:
            self.add("raw tracebacks", f"{what}\n{traceback.format_exc()}")
            return None

    def row(self) -> list[str]:
        """A row of the table."""
        return [self.name, *map(str, (self.n_tries, self.n_refused, *self.counts.values()))]


def summary(tallies: list[Tally]) -> str:
    """All counts and their sums as a Markdown table, and an example of each fault."""
    total = Tally(name="**all**")
    for tally in tallies:
        total.n_tries += tally.n_tries
        total.n_refused += tally.n_refused
        for fault, count in tally.counts.items():
            total.counts[fault] += count
    head = ["damage", "times", "refused clearly", *FAULTS]
    rows = [tally.row() for tally in [*tallies, total]]
    examples = [
        f"\n{tally.name}, {fault}: {example}"
        for tally in tallies
        for fault, example in tally.examples.items()
    ]
    return "\n".join([table(head, rows), *examples])


def n_faults(tallies: list[Tally]) -> int:
    """The sum of the four counts."""
    return sum(sum(tally.counts.values()) for tally in tallies)
