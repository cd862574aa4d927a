"""The compiled step of Hidalgo's sampler."""

from __future__ import annotations

import numpy as np

from dimscope._compiled import compiled


@compiled
def draw_labels(state, model, ratios, links, uniform):  # type: ignore[no-untyped-def]
    """Draw the manifold of every point anew, in place, given those of all others."""
    labels, counts = state
    log_share, d, bond, cost = model
    log_mu, known = ratios
    near, starts, seen_by = links
    n_manifolds = len(counts)
    score = np.empty(n_manifolds)
    log_d = np.log(d)
    for i in range(len(labels)):
        counts[labels[i]] -= 1
        for k in range(n_manifolds):
            score[k] = log_share[k] - (cost[counts[k] + 1] - cost[counts[k]])
            if known[i]:
                score[k] += log_d[k] - d[k] * log_mu[i]
        for j in near[i]:
            score[labels[j]] += bond
        for at in range(starts[i], starts[i + 1]):
            score[labels[seen_by[at]]] += bond
        highest = score.max()
        total = 0.0
        for k in range(n_manifolds):
            total += np.exp(score[k] - highest)
            score[k] = total
        chosen = 0
        while chosen < n_manifolds - 1 and uniform[i] * total >= score[chosen]:
            chosen += 1
        labels[i] = chosen
        counts[chosen] += 1
