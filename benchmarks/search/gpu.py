"""Speed of the exact neighbour search on a device, against its own products and the processor.

The unit is the device's symmetric float32 half product (upper-triangle tiles, TF32 off). "search"
is wall time from points in the processor's memory, checked beforehand, to exact distances there;
"without torch" is the same search by all cores. Both must find the same bits. `make test-gpu`
prints the table after the tests.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

import dimscope as ds
from dimscope.points import as_points

CASES = ((20_000, 784), (100_000, 784), (20_000, 4_096), (60_000, 4_096))
K = 10
TILE = 2048


def half_product(x: torch.Tensor) -> None:
    """All pairs of rows once, where they are; a single value is read to wait for the device."""
    out = torch.empty((TILE, TILE), device=x.device)
    for i in range(0, len(x), TILE):
        for j in range(i, len(x), TILE):
            left, right = x[i : i + TILE], x[j : j + TILE]
            torch.mm(left, right.T, out=out.view(-1)[: len(left) * len(right)].view(len(left), -1))
    out[0, 0].item()


def least_seconds(call: Callable[[], object], rounds: int) -> float:
    call()
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shrink", type=int, default=1, help="divide all N, for a small machine")
    options = parser.parse_args()
    torch.set_float32_matmul_precision("highest")
    print("| N, D, k | half product, s | search | search, s | without torch, s |")
    print("|---|---|---|---|---|")
    for n, d in CASES:
        x = np.random.default_rng(0).normal(size=(n // options.shrink, d)).astype(np.float32)
        there = torch.from_numpy(x).to(options.device)
        half = least_seconds(lambda there=there: half_product(there), options.rounds)
        del there
        points = as_points(x)
        found = {}

        def search(device: str | None, points=points, found=found) -> None:
            found[device] = ds.NeighborGraph.from_points(points, K, search_device=device)

        on_device = least_seconds(lambda search=search: search(options.device), options.rounds)
        without = least_seconds(lambda search=search: search(None), 1)
        one, other = found.values()
        if not (
            np.array_equal(one.indices, other.indices)
            and np.array_equal(one.distances, other.distances)
        ):
            raise SystemExit(f"N={len(x)}, D={d}: the device found other neighbours")
        print(
            f"| {len(x):,}, {d:,}, {K} | {half:.3f} | {on_device / half:.2f} | {on_device:.2f} | "
            f"{without:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
