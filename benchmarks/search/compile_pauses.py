"""How long a new process waits for the compiled loops: the first call beyond the second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from typing import Any

import numpy as np

from benchmarks.search.clocks import timed
from benchmarks.shared.paths import ROOT

K = 10


def compile_pauses() -> dict[str, Any]:
    """Seconds for the import and for each way to search, with an empty cache and with a full one.

    Each way has its method and its pause; the loops that two ways share count for the first.
    """
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"NUMBA_CACHE_DIR": cache}
        call = [sys.executable, "-m", "benchmarks.search.compile_pauses"]
        cold, warm = (
            subprocess.run(
                call, check=True, stdout=subprocess.PIPE, env=environment, cwd=ROOT
            ).stdout
            for _ in range(2)
        )
    return {"cold": json.loads(cold), "warm": json.loads(warm)}


def main() -> None:
    rng = np.random.default_rng(0)
    sets = {  # few points; so many that integers pay; and on 20 directions
        "float32 tiles": rng.standard_normal((2_000, 784), dtype=np.float32),
        "integer tiles": _of_rank(200, rng, 8_192, 1_024),
        "projected tiles": _of_rank(20, rng, 4_000, 784),
    }
    started = time.perf_counter()
    import dimscope as ds

    ds.NeighborGraph  # noqa: B018 - names are imported on first use
    pauses = {"import": ["", time.perf_counter() - started]}
    for name, x in sets.items():
        first, second = (timed(partial(ds.NeighborGraph.from_points, x, K)) for _ in range(2))
        method = first.result.diagnostics.method
        pauses[name] = [method, first.seconds.wall - second.seconds.wall]
    print(json.dumps(pauses))


def _of_rank(rank: int, rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    product = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d))
    return product.astype(np.float32)


if __name__ == "__main__":
    main()
