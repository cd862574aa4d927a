"""Peak memory of a search beside the stated budget, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared.paths import ROOT

N, D, K = 100_000, 512, 10
BUDGET = 2**30


def peak_memory(n: int = N, d: int = D) -> dict[str, Any]:
    """Bytes at the peak of a search: over its input, and of that over what was there before."""
    call = [sys.executable, "-m", "benchmarks.search.memory", str(n), str(d)]
    output = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    return {"n": n, "d": d, "k": K, "budget": BUDGET, **json.loads(output)}


def status_bytes(field: str) -> int:
    """A size in /proc/self/status."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


def main() -> None:
    import dimscope as ds

    n, d = (int(argument) for argument in sys.argv[1:])
    x = np.random.default_rng(0).standard_normal((n, d), dtype=np.float32)
    ds.NeighborGraph.from_points(x[:2_000], K)  # the compiled loops are loaded, not compiled, below
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak is from here on
    before = status_bytes("VmRSS")
    ds.NeighborGraph.from_points(x, K)
    peak = status_bytes("VmHWM")
    print(json.dumps({"over_input": peak - x.nbytes, "search": peak - before}))


if __name__ == "__main__":
    main()
