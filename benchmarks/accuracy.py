"""How near to the true dimension every estimator comes, beside those of other libraries.

Every estimator of the registry but those of discrete data, with its defaults, on samples of
manifolds of known dimension, and scikit-dimension, DADApy and torchid on the same points, each in
its own environment. Every estimate is kept at once in benchmarks-output/accuracy.csv: a run that
was stopped goes on, and a new estimator only adds its rows.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_peers import METHODS, PYTHONS, ROOT
from accuracy_report import as_markdown, write
from accuracy_results import TOO_SLOW, Method, Row, append, read
from threadpoolctl import threadpool_limits

import dimscope as ds
from dimscope import manifolds
from dimscope.errors import DimscopeError
from dimscope.estimators import (
    ESTIMATORS,
    Estimator,
    NeighborEstimator,
    SpectrumEstimator,
    neighbors_needed,
)

OURS = "dimscope"
N_SAMPLES, SEEDS = (1_000, 2_500, 10_000), 5
_PATIENCE = 3  # sets on which a method is too slow before it is given up at this N
_DISCRETE = ("i3d", "bid")  # of integers and bits, which no set is made of


@dataclass(frozen=True)
class Sample:
    """Points of one set that every estimator is given."""

    set: str
    n: int
    seed: int

    def points(self) -> np.ndarray:
        return manifold(self.set).sample(self.n, self.seed)

    def file(self, folder: Path) -> Path:
        """The points in a file, which is made if it is not there."""
        path = folder / f"{self.set}-{self.n}-{self.seed}.npy"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}.npy")  # another run may make it too
            np.save(part, self.points())
            part.replace(path)
        return path


def manifold(name: str) -> manifolds.Manifold:
    """A set of the benchmark, or one that is held out, by its name."""
    kind, parameters = manifolds.HELD_OUT.get(name, (name, {}))
    return manifolds.make_manifold(kind, **parameters)


def dimensions(names: Sequence[str]) -> dict[str, float]:
    """The dimension of each set that has one everywhere."""
    known = {name: manifold(name).dimension for name in names}
    return {name: d for name, d in known.items() if d is not None}


def our_methods() -> list[str]:
    """The names in the registry, as it is now."""
    return [name for name in ESTIMATORS if name not in _DISCRETE]


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
    add("--out", type=Path, default=ROOT / "benchmarks-output")
    add("--docs", type=Path, default=ROOT / "docs")
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
    wanted = [
        Method(library, name)
        for library, names in every.items()
        for name in names
        if _matches(f"{library}/{name}", options.only) and _has_environment(library)
    ]
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
            if missing:
                say(f"{done + 1} of {len(todo)}: {sample.set}, N = {sample.n}, seed {sample.seed}")
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


def our_rows(sample: Sample, x: np.ndarray, names: Sequence[str]) -> Iterator[Row]:
    """Our estimates, from one graph and one spectrum, whose time each is charged in full."""
    made = [ESTIMATORS[name]() for name in names]
    shared: dict[type[Estimator], tuple[Any, float]] = {}
    k = neighbors_needed(made)
    makers: Mapping[type[Estimator], Callable[[], Any]] = {
        NeighborEstimator: lambda: ds.NeighborGraph.from_points(x, k, n_jobs=1),
        SpectrumEstimator: lambda: ds.Spectrum.from_points(x),
    }
    for name, estimator in zip(names, made, strict=True):
        kind = next((kind for kind in makers if isinstance(estimator, kind)), None)
        value, note, seconds = None, "", 0.0
        with threadpool_limits(1):
            if kind is not None and kind not in shared:
                shared[kind] = _clocked(makers[kind])
            try:
                if kind is None:
                    estimate, seconds = _clocked(lambda e=estimator: e.fit(x).estimate_)
                else:
                    statistic, before = shared[kind]
                    estimate, seconds = _clocked(lambda e=estimator, s=statistic: e.estimate(s))
                    seconds += before
                value = estimate.value
                note = "" if value is not None else " ".join(estimate.notes) or "no value"
            except DimscopeError as error:
                note = str(error)
        yield _row(Method(OURS, name), ds.__version__, sample, value, seconds, note)


def _clocked(call: Callable[[], Any]) -> tuple[Any, float]:
    before = time.process_time()
    result = call()
    return result, time.process_time() - before


def _row(  # noqa: PLR0913, PLR0917 - the columns of a row
    method: Method, version: str, sample: Sample, value: float | None, seconds: float, note: str
) -> Row:
    return Row(
        library=method.library,
        version=version,
        method=method.name,
        set=sample.set,
        n=sample.n,
        seed=sample.seed,
        value=value,
        seconds=round(seconds, 4),
        note=" ".join(note.split())[:200],
    )


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


class Workers:
    """A process for each library, in its environment, that is started when it is first asked."""

    def __init__(self, limit: float):
        self.limit = limit
        self.running: dict[str, tuple[subprocess.Popen[str], str]] = {}

    def row(self, method: Method, sample: Sample, path: Path) -> Row:
        """What a library says of a sample; a call beyond the limit ends its process."""
        process, version = self._process(method.library)
        request = {"method": method.name, "points": str(path), "limit": self.limit}
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            code = _ended(process)
            del self.running[method.library]
            note = TOO_SLOW if code == -signal.SIGPROF else f"its process ended with code {code}"
            return _row(method, version, sample, None, self.limit, note)
        reply = json.loads(line)
        return _row(method, version, sample, reply["value"], reply["seconds"], reply["note"])

    def stop(self) -> None:
        for process, _ in self.running.values():
            process.terminate()
            _ended(process)

    def _process(self, library: str) -> tuple[subprocess.Popen[str], str]:
        if library not in self.running:
            script = Path(__file__).parent / "accuracy_peers.py"
            process = subprocess.Popen(
                [str(PYTHONS[library]), str(script), library],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{library} does not start in {PYTHONS[library]}")
            self.running[library] = process, json.loads(line)["version"]
        return self.running[library]


def _ended(process: subprocess.Popen[str]) -> int:
    """The exit code of a process, once it has ended and its pipes are closed."""
    with suppress(BrokenPipeError), process:
        pass
    return process.wait()


def _has_environment(library: str) -> bool:
    if library == OURS or PYTHONS[library].exists():
        return True
    say(f"{library} is not installed: left out (make accuracy installs it)")
    return False


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def say(line: str) -> None:
    if sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
