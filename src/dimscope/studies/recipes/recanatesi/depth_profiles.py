"""What `recanatesi/expansion_compression` measures, and verdicts on its profiles through depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from dimscope.studies.claims import Claim, all_of, decreases
from dimscope.studies.intervals import ratio_said

#: Local estimators, then global ones.
METHODS = ("two_nn", "levina_bickel", "geodesic", "participation_ratio")
TITLES: Mapping[str, str] = {
    "two_nn": "TwoNN",
    "levina_bickel": "Levina-Bickel",
    "geodesic": "the geodesic dimension",
    "participation_ratio": "the participation ratio",
}
NETWORKS: Mapping[str, str] = {
    "dense_net": "dense net, Fashion-MNIST",
    "resnet": "ResNet-14, CIFAR-10",
}
#: From the input to the output; hidden layers after their ReLU.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "dense_net": ("input", *(f"fc_relu{i}" for i in range(1, 7)), "fc7"),
    "resnet": (
        "input", "relu1", *(f"layer{i}.{j}" for i in (1, 2, 3) for j in (0, 1)), "avgpool", "fc",
    ),
}  # fmt: skip
#: What the ReLUs of the hidden layers get.
BEFORE_RELU: Mapping[str, tuple[str, ...]] = {
    "dense_net": tuple(f"fc{i}" for i in range(1, 7)),
    "resnet": (),
}


def logs_of(
    frame: pd.DataFrame, network: str, state: str, method: str, layers: tuple[str, ...]
) -> Float64[np.ndarray, "seeds layers"]:
    """Logarithms of the dimension: a row for each seed, a column for each layer."""
    rows = frame[(frame["network"] == network) & (frame["state"] == state)]
    rows = rows.assign(**{method: pd.to_numeric(rows[method])})  # None alone is no number
    table = rows.pivot_table(index="seed", columns="layer", values=method, dropna=False)
    values = table.reindex(columns=list(layers)).to_numpy(dtype=np.float64)
    return np.asarray(np.log(values))


def phase_claims(frame: pd.DataFrame) -> list[Claim]:
    """Both phases by all estimators, and then each phase by each estimator."""
    of_network = {
        network: {method: _two_phases(frame, network, method) for method in METHODS}
        for network in NETWORKS
    }
    every = [c for pairs in of_network.values() for pair in pairs.values() for c in pair]
    said = "; ".join(
        f"{NETWORKS[network]}: {_said(pairs)}" for network, pairs in of_network.items()
    )
    statement = (
        "a dense net and a ResNet expand in early layers and compress in late ones, by local and "
        "global estimators, and beyond their untrained twins"
    )
    return [all_of(statement, every, ours=said).of(9), *every]


def _said(pairs: Mapping[str, tuple[Claim, Claim]]) -> str:
    """What each estimator shows of one network."""
    marks = {"reproduced": "yes", "not reproduced": "no"}
    shown = (
        f"{TITLES[method]} expansion {marks.get(rise.outcome, '?')}, compression "
        f"{marks.get(fall.outcome, '?')}"
        for method, (rise, fall) in pairs.items()
    )
    return ", ".join(shown)


def _two_phases(frame: pd.DataFrame, network: str, method: str) -> tuple[Claim, Claim]:
    """Whether the trained network expands early and compresses late, more than the untrained one.

    The layer of the peak is chosen among the hidden ones by the other seeds, so that the choice
    does not bias its value.
    """
    layers = LAYERS[network]
    trained, untrained = (
        logs_of(frame, network, state, method, layers) for state in ("trained", "untrained")
    )
    peaks = _peaks_by_others(trained[:, 1:-1]) + 1
    names = " or ".join(dict.fromkeys(layers[i] for i in peaks))
    rows = np.arange(len(trained))

    def claim(phase: str, where: str, sign: int, end: int) -> Claim:
        ours, control = (sign * (of[rows, peaks] - of[:, end]) for of in (trained, untrained))
        found = decreases(
            f"{NETWORKS[network]}, {TITLES[method]}: {phase}, beyond that of the untrained net",
            np.stack([sign * ours, np.maximum(sign * control, 0.0)], axis=1),
        )
        said = f"{ratio_said(ours)} {where}; untrained {ratio_said(control)}"
        return replace(found, ours=said).of(9)

    return (
        claim("expansion in early layers", f"from the input to {names}", 1, 0),
        claim("compression in late layers", f"from {names} to {layers[-2]}", -1, -2),
    )


def _peaks_by_others(logs: Float64[np.ndarray, "seeds layers"]) -> Int64[np.ndarray, " seeds"]:
    """For each seed, the layer where the mean of the others is highest; 0 if none is known."""
    known = np.where(np.isfinite(logs), logs, -np.inf)
    means = [
        (np.delete(known, seed, axis=0) if len(known) > 1 else known).mean(axis=0)
        for seed in range(len(known))
    ]
    return np.array([int(mean.argmax()) for mean in means], dtype=np.int64)


def relu_of_network_claim(frame: pd.DataFrame) -> Claim:
    """Whether the ReLUs of the trained dense net raise the local dimension, over its layers."""
    network = "dense_net"
    after = logs_of(frame, network, "trained", "two_nn", LAYERS[network][1:-1])
    before = logs_of(frame, network, "trained", "two_nn", BEFORE_RELU[network])
    change = (after - before).mean(axis=1)
    claim = decreases(
        f"{NETWORKS[network]}: a ReLU raises the local dimension (TwoNN; mean of six layers)",
        np.stack([change, np.zeros_like(change)], axis=1),
    )
    return replace(claim, ours=ratio_said(change)).of(9, published="a modest factor (by report)")
