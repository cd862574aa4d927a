"""Kills, full disks and changed files: what is lost, mixed, silently different, or a traceback.

    python -m benchmarks.torture.run

Prints a table, and ends with exit code 1 if one of its four counts is above 0.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a fork must not find threads of torch

from benchmarks.shared.messages import say
from benchmarks.torture.cases import CASES
from benchmarks.torture.mutations import mutations, readings
from benchmarks.torture.stops import Stopped, full_disks, kills_at_steps, random_kills
from benchmarks.torture.tally import Tally, n_faults, summary


def torture(n_kills: int, n_mutations: int, every: int = 1) -> list[Tally]:
    """Do all of it.

    Parameters
    ----------
    n_kills
        SIGKILLs at random moments of each case.
    n_mutations
        Changed files, over all kinds of files.
    every
        Of the steps by which runs change the disk, how many are passed for one that fails.
    """
    tallies = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            stopped = Stopped(case, Path(folder))
            tallies.append(_timed(lambda s=stopped: random_kills(s, n_kills)))
            tallies.append(_timed(lambda s=stopped: kills_at_steps(s, every)))
            tallies.append(_timed(lambda s=stopped: full_disks(s, every)))
    with tempfile.TemporaryDirectory() as folder:
        kinds = readings(Path(folder))
        for kind in kinds:
            tallies.append(_timed(lambda kind=kind: mutations(kind, n_mutations // len(kinds))))
    return tallies


def _timed(make: Callable[[], Tally]) -> Tally:
    started = time.perf_counter()
    tally = make()
    say(f"{tally.name}: {tally.n_tries} in {time.perf_counter() - started:.0f} s")
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=35, help="At random moments of each case.")
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1, help="Let every n-th step fail.")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tallies = torture(options.kills, options.mutations, options.every)
    print(summary(tallies))
    sys.exit(1 if n_faults(tallies) else 0)


if __name__ == "__main__":
    main()
