"""Compiled loops of `dimscope.phases`: curves split into stretches that only rise or only fall."""

from __future__ import annotations

from typing import Any

import numpy as np

from dimscope._compiled import compiled


def _isotonic_costs(y: Any, weights: Any) -> Any:
    """Weighted sum of squares around the best rising fit to points i to j - 1, at [i, j].

    Pool adjacent violators from every start: each new point is a block of its own, and merges with
    the blocks before it as long as these are higher.
    """
    n = len(y)
    costs = np.full((n, n + 1), np.inf)
    block_weight, block_mean = np.empty(n), np.empty(n)
    for start in range(n):
        top, total = -1, 0.0
        for j in range(start, n):
            weight, mean = weights[j], y[j]
            while top >= 0 and block_mean[top] >= mean:
                joint = weight + block_weight[top]
                total += weight * block_weight[top] / joint * (block_mean[top] - mean) ** 2
                mean += (block_mean[top] - mean) * block_weight[top] / joint
                weight = joint
                top -= 1
            top += 1
            block_weight[top], block_mean[top] = weight, mean
            costs[start, j + 1] = total
    return costs


isotonic_costs = compiled(_isotonic_costs)


def _best_splits(y: Any, weights: Any, most: int) -> Any:
    """The least sums of squares with 0 to ``most`` phases, and the splits that reach them.

    Returns
    -------
    costs
        By number of phases.
    bounds
        At [k, i] the first point of phase i of k, and n at [k, k].
    last_up
        At [k] whether the last of k phases rises.
    """
    n = len(y)
    pieces = (isotonic_costs(-y, weights), isotonic_costs(y, weights))
    least = np.full((most + 1, 2, n + 1), np.inf)
    came_from = np.zeros((most + 1, 2, n + 1), np.int64)
    costs, bounds = np.zeros(most + 1), np.zeros((most + 1, most + 1), np.int64)
    last_up = np.zeros(most + 1, np.bool_)
    mean = np.sum(weights * y) / np.sum(weights)
    costs[0] = np.sum(weights * (y - mean) ** 2)
    bounds[0, 0] = n
    for k in range(1, most + 1):
        for up in range(2):
            for j in range(k, n + 1):
                if k == 1:
                    least[k, up, j] = pieces[up][0, j]
                    continue
                for i in range(k - 1, j):
                    cost = least[k - 1, 1 - up, i] + pieces[up][i, j]
                    if cost < least[k, up, j]:
                        least[k, up, j], came_from[k, up, j] = cost, i
        up = 1 if least[k, 1, n] <= least[k, 0, n] else 0
        costs[k], last_up[k] = least[k, up, n], up == 1
        bounds[k, k] = n
        for i in range(k, 0, -1):
            bounds[k, i - 1] = came_from[i, up, bounds[k, i]]
            up = 1 - up
    return costs, bounds, last_up


best_splits = compiled(_best_splits)
