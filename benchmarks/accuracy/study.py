"""How near to the true dimension every estimator comes, beside those of other libraries.

Every estimator of the registry but those of discrete data, with its defaults, on samples of
manifolds of known dimension, and scikit-dimension, DADApy and torchid on the same points, each in
its own environment. Every estimate is kept at once in benchmarks-output/accuracy.csv: a run that
was stopped goes on, and a new estimator only adds its rows.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.own import our_methods, our_rows
from benchmarks.accuracy.peers import METHODS, PYTHONS
from benchmarks.accuracy.rows import OURS, TOO_SLOW, Method, Row, append, read
from benchmarks.accuracy.samples import Sample, dimensions
from benchmarks.accuracy.tables import as_markdown, write
from benchmarks.accuracy.workers import Workers
from benchmarks.shared.messages import say
from benchmarks.shared.paths import DOCS, OUTPUT
from dimscope import manifolds

N_SAMPLES, SEEDS = (1_000, 2_500, 10_000), 5
_PATIENCE = 3  # sets on which a method is too slow before it is given up at this N


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--n-samples", type=int, nargs="+", default=list(N_SAMPLES), metavar="N")
    add("--seeds", type=int, default=SEEDS, help="samples of each set")
    add("--only", nargs="+", default=["*"], metavar="PATTERN", help="library/method, as of a file")
    add("--sets", nargs="+", default=["*"], metavar="PATTERN")
    add("--held-out", action="store_true", help="the sets of manifolds.HELD_OUT instead")
    add("--limit", type=float, default=60.0, help="CPU seconds of one call")
    add("--repeat-below", type=float, default=5.0, help="mean CPU s beyond which one seed is run")
    add("--again", nargs="+", default=[], metavar="PATTERN", help="library/method to measure anew")
    add("--write", action="store_true", help="write docs/accuracy.md and its figure")
    add("--redraw", action="store_true", help="write or print from the kept rows, measure nothing")
    add("--out", type=Path, default=OUTPUT)
    add("--docs", type=Path, default=DOCS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    file = options.out / "accuracy.csv"
    if not options.redraw:
        run(options, file)
    rows = read(file)
    truth = dimensions([*manifolds.BENCHMARK, *manifolds.HELD_OUT])
    print(as_markdown(rows, truth))
    if options.write:
        write(rows, truth, options.docs)


def run(options: argparse.Namespace, file: Path) -> None:
    """Measure whatever is wanted and not kept."""
    group = list(manifolds.HELD_OUT) if options.held_out else list(manifolds.BENCHMARK)
    sets = [name for name in dimensions(group) if _matches(name, options.sets)]
    every = {OURS: our_methods(), **METHODS}
    asked = [
        Method(library, name)
        for library, names in every.items()
        for name in names
        if _matches(f"{library}/{name}", options.only)
    ]
    absent = {library for library, _ in asked if not _has_environment(library)}
    for library in sorted(absent):
        say(f"{library} is not installed: left out (make accuracy installs it)")
    wanted = [method for method in asked if method.library not in absent]
    kept = [r for r in read(file) if not _matches(f"{r.library}/{r.method}", options.again)]
    progress = Progress(kept, file, options.repeat_below)
    todo = [
        Sample(name, n, seed)
        for seed in range(options.seeds)
        for n in sorted(options.n_samples)
        for name in sets
    ]
    workers = Workers(options.limit)
    try:
        for done, sample in enumerate(todo):
            missing = [method for method in wanted if progress.lacks(method, sample)]
            if missing and sys.stderr.isatty():
                say(f"{done + 1} of {len(todo)}: {sample.set}, N = {sample.n}, seed {sample.seed}")
            if missing:
                _measure(sample, missing, progress, workers, options.out / "accuracy-points")
    finally:
        workers.stop()


def _measure(
    sample: Sample, missing: Sequence[Method], progress: Progress, workers: Workers, folder: Path
) -> None:
    path = sample.file(folder)
    ours = [method.name for method in missing if method.library == OURS]
    for row in our_rows(sample, np.load(path), ours):
        progress.add(row)
    for library, name in missing:
        if library != OURS:
            progress.add(workers.row(Method(library, name), sample, path))


class Progress:
    """What is known so far, and what is worth measuring still."""

    def __init__(self, kept: Iterable[Row], file: Path, repeat_below: float):
        self.file, self.repeat_below = file, repeat_below
        self.kept: dict[Method, dict[Any, Row]] = {}
        for row in kept:
            self._know(row)

    def add(self, row: Row) -> None:
        self._know(row)
        append(self.file, row)

    def lacks(self, method: Method, sample: Sample) -> bool:
        """Whether to measure; a method that is slow at this N is not repeated, or not tried."""
        own = self.kept.get(method, {})
        if (*method, sample.set, sample.n, sample.seed) in own:
            return False
        slow = [r for r in own.values() if r.note == TOO_SLOW and r.n <= sample.n]
        if len(slow) >= _PATIENCE or any(r.set == sample.set for r in slow):
            return False
        before = [r.seconds for r in own.values() if r.n == sample.n and r.seed < sample.seed]
        return not before or float(np.mean(before)) <= self.repeat_below

    def _know(self, row: Row) -> None:
        self.kept.setdefault(Method(row.library, row.method), {})[row.key] = row


def _has_environment(library: str) -> bool:
    return library == OURS or PYTHONS[library].exists()


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


if __name__ == "__main__":
    main()
