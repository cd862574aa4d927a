"""Compute golden rows and write them as JSON: ``python capture.py OUT_DIR [WAY ...]``.

All products and all forward passes take one thread, so that the bits do not depend on how many
there are.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import torch
from golden_arrays import ARRAYS
from golden_files import Rows, write_rows
from golden_networks import NETWORKS
from threadpoolctl import threadpool_limits

#: What makes the rows of each file.
WAYS: Mapping[str, Callable[[], Rows]] = ARRAYS | NETWORKS
_LIBRARIES = ("numpy", "scipy", "torch", "numba", "scikit-learn", "scikit-image")


def capture(way: str) -> Rows:
    """The golden rows of one way."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            return WAYS[way]()
    finally:
        torch.set_num_threads(n_threads)


def about() -> Rows:
    """The versions on which the bits depend."""
    versions = {name: version(name) for name in _LIBRARIES}
    return {"libraries": versions | {"instructions": torch.backends.cpu.get_cpu_capability()}}


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("ways", nargs="*", default=list(WAYS), metavar="way", help=", ".join(WAYS))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for way in options.ways:
        started = time.perf_counter()
        rows = capture(way)
        write_rows(options.out / f"{way}.json", rows)
        seconds = time.perf_counter() - started
        print(f"{way}: {len(rows)} rows, {seconds:.1f} s", file=sys.stderr)
    write_rows(options.out / "about.json", about())


if __name__ == "__main__":
    main()
