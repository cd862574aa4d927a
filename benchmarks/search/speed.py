"""Speed of the exact neighbour search beside other libraries, and whether they are right.

Each case interleaves all searches with the symmetric float32 half product (upper-triangle
1024 x 1024 tiles) of the same points, on one core, and divides the least time of each by that of
the half product. Finished cases are kept in benchmarks-output/neighbors.json, and not run again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

import dimscope as ds
from benchmarks.search.clocks import Clocks, half_product, interleaved
from benchmarks.search.compile_pauses import compile_pauses
from benchmarks.search.correctness import Found, judge, truth_of
from benchmarks.search.memory import peak_memory
from benchmarks.search.peers import (
    DADAPY,
    PEERS,
    Peer,
    dadapy_version,
    processor_field,
    run_dadapy,
)
from benchmarks.search.point_sets import CASES, HARD, TRAINED, Case
from benchmarks.search.tables import CHECKS, OURS, as_markdown, write
from benchmarks.shared.messages import say
from benchmarks.shared.paths import DOCS, OUTPUT
from dimscope.errors import DimscopeError
from dimscope.points import as_points

UNIT, TWO_THREADS = "half product", "two threads"
_N_WARM = 1_600  # points of a first call that loads and compiles
_TRUE_VALUES, _TRUE_ROWS = 4e9, (20, 200)  # differences that may be taken for the truth


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    every_case, every_peer = [case.name for case in CASES], [*(p.name for p in PEERS), DADAPY]
    add = parser.add_argument
    add("--cases", nargs="+", choices=every_case, default=every_case, metavar="NAME")
    add("--peers", nargs="*", choices=every_peer, default=every_peer, metavar="NAME")
    add("--rounds", type=int, default=3, help="of ours and of the half product")
    add("--quick", action="store_true", help="small point sets, without trained networks")
    add("--memory", action="store_true", help="measure the peak memory instead")
    add("--compile", action="store_true", help="measure the compile pauses instead")
    add("--fresh", action="store_true", help="forget finished cases")
    add("--write", action="store_true", help="write docs/benchmarks.md and its figure")
    add("--redraw", action="store_true", help="write them from the kept results, measure nothing")
    add("--out", type=Path, default=OUTPUT)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    file = options.out / ("neighbors-quick.json" if options.quick else "neighbors.json")
    if options.redraw:
        write(json.loads(file.read_text("utf-8")), DOCS)
        return
    results = _kept(file, options.fresh)
    if options.memory or options.compile:
        if options.memory:
            results["memory"] = peak_memory()
        if options.compile:
            results["compile"] = compile_pauses()
        _save(file, results)
    else:
        peers = _installed(options.peers)
        for case in CASES:
            if case.name in options.cases:
                _run(case, peers, options, results)
                _save(file, results)
    print(as_markdown(results))
    if options.write:
        write(results, DOCS)


def _run(
    case: Case, peers: Sequence[str], options: argparse.Namespace, results: dict[str, Any]
) -> None:
    """Measure a case, unless it was measured with these peers or cannot be had."""
    if options.quick:
        if case.group == TRAINED:
            say(f"{case.name}: left out of a quick run")
            return
        case = case.shrunk()
    wanted = [name for name in peers if name not in case.without]
    known = results["cases"].get(case.name)
    if known is not None and set(wanted) <= set(known["methods"]):
        say(f"{case.name}: kept")
        return
    say(f"{case.name}: {case.n:,} x {case.d:,}, k = {case.k}")
    try:
        x = case.points()
    except (DimscopeError, OSError) as error:
        say(f"{case.name}: left out, {error}")
        return
    results["cases"][case.name] = measured(case, x, wanted, options.rounds)


def measured(case: Case, x: np.ndarray, wanted: Sequence[str], rounds: int) -> dict[str, Any]:
    """Times, in seconds and in half products, and verdicts of ours and of the wanted peers."""
    peers = [peer for peer in PEERS if peer.name in wanted]
    calls: dict[str, Callable[[], Any]] = {
        UNIT: lambda: half_product(x),
        OURS: lambda: _ours(x, case.k, 1),
        CHECKS: lambda: as_points(x).scan,
        TWO_THREADS: lambda: _ours(x, case.k, 2),
    }
    times = dict.fromkeys(calls, rounds) | {TWO_THREADS: min(2, rounds)}
    _ours(x if case.group == HARD else x[:_N_WARM], case.k, 1)
    for peer in peers:
        calls[peer.name] = _call(peer, x, case.k)
        times[peer.name] = min(case.peer_rounds, rounds)
    with threadpool_limits(1):
        best = interleaved(calls, times)
    unit = best[UNIT].seconds
    methods = {
        name: _entry(best[name].seconds, unit) for name in (OURS, CHECKS, *(p.name for p in peers))
    }
    graph = best[OURS].result
    found = {peer.name: best[peer.name].result for peer in peers}
    found[OURS] = Found(graph.distances, graph.indices)
    if DADAPY in wanted:
        seconds, own_unit, found[DADAPY] = run_dadapy(x, case.k, min(case.peer_rounds, rounds))
        methods[DADAPY] = _entry(seconds, own_unit)
    n_rows = int(np.clip(_TRUE_VALUES / x.size, *_TRUE_ROWS))
    truth = truth_of(x, np.random.default_rng(1).choice(len(x), n_rows, replace=False))
    for name, lists in found.items():
        methods[name] |= judge(lists, truth)._asdict()
    return {
        "n": len(x),
        "d": x.shape[1],
        "k": case.k,
        "n_judged": n_rows,
        "unit": unit._asdict(),
        "methods": methods,
        "two_threads": best[TWO_THREADS].seconds.wall / best[OURS].seconds.wall,
        "found_by": graph.diagnostics.method,
        "evaluated_share": graph.diagnostics.evaluated_share,
    }


def _ours(x: np.ndarray, k: int, n_jobs: int) -> ds.NeighborGraph:
    """Copies are kept, as every other library keeps them, so that all answer one question."""
    return ds.NeighborGraph.from_points(x, k, duplicates="keep", n_jobs=n_jobs)


def _call(peer: Peer, x: np.ndarray, k: int) -> Callable[[], Found]:
    """A peer's search of all points, after one of a few that loads and compiles it."""
    search, points = peer.load(), x.astype(peer.dtype, copy=False)
    search(points[:_N_WARM], k)
    return lambda: search(points, k)


def _entry(seconds: Clocks, unit: Clocks) -> dict[str, Any]:
    return {"seconds": seconds._asdict(), "ratio": seconds.over(unit)._asdict()}


def _installed(wanted: Sequence[str]) -> list[str]:
    versions = {peer.name: peer.version for peer in PEERS if peer.name in wanted}
    if DADAPY in wanted:
        versions[DADAPY] = dadapy_version()
    for name in wanted:
        if versions[name] is None:
            say(f"{name} is not installed: left out (make bench installs it)")
    return [name for name in wanted if versions[name] is not None]


def machine() -> dict[str, Any]:
    """What the times depend on: results of another machine or version are not mixed with these."""
    if "OPENBLAS_CORETYPE" in os.environ:
        say(
            f"OPENBLAS_CORETYPE={os.environ['OPENBLAS_CORETYPE']} decides which products NumPy "
            "makes, and so the unit of all ratios: unset it, as make bench does"
        )
    source = hashlib.sha256()
    for path in sorted(Path(ds.__file__).parent.rglob("*.py")):
        source.update(path.read_bytes())
    blas = [lib for lib in threadpool_info() if "numpy.libs" in lib["filepath"]]
    versions = {peer.package: peer.version for peer in PEERS} | {DADAPY: dadapy_version()}
    return {
        "processor": processor_field("model name") or platform.processor(),
        "family": f"{processor_field('cpu family')}, model {processor_field('model')}",
        "cores": os.cpu_count(),
        "blas": " ".join(str(lib.get("architecture")) for lib in blas),
        "source": source.hexdigest()[:12],
        "versions": {
            "dimscope": ds.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            **{name: number for name, number in versions.items() if number is not None},
        },
    }


def _kept(file: Path, fresh: bool) -> dict[str, Any]:
    """The results so far, if they are of this machine and these versions."""
    here = machine()
    if file.exists() and not fresh:
        results: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if results["machine"] == here:
            return results
        say(f"{file} is of another machine or version: started anew, the old one is beside it")
        file.replace(file.with_suffix(".old.json"))
    return {"machine": here, "cases": {}}


def _save(file: Path, results: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(results, indent=1), "utf-8")
    part.replace(file)


if __name__ == "__main__":
    main()
