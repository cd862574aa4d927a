"""Participation ratios of layers from few samples and from many: a run of `since/pr_bias`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from dimscope.estimators import ParticipationRatio
from dimscope.models import load_model
from dimscope.spectra import Spectrum
from dimscope.studies.jobs import Rows
from dimscope.studies.training import Schedule, load_samples, train

GAUSSIAN = "gaussian"
LAYERS = {
    GAUSSIAN: ("features",),
    "dense_net": ("flatten", "fc_relu1", "fc_relu3", "fc_relu6"),
    "fashion_cnn": ("pool1", "pool2", "pool3", "fc_relu1", "fc_relu2"),
}
SIZES = (25, 50, 100, 200, 400, 800)
_N_GAUSSIAN, _POWER = 300, 0.5  # features, and how their variances fall with rank
_N_HALVED, _N_DRAWS = 1000, 20  # samples, and draws of half of the units
_DIGITS = 5


def sample_sizes(*, network: str, seed: int, n_train: int, n_samples: int) -> Rows:
    """Train a network, and estimate participation ratios of layers from disjoint blocks.

    Three epochs of Adam on Fashion-MNIST; layers are read on test images. ``"gaussian"`` stands for
    Gaussian data of 300 features, mixtures of directions whose variances fall as the square root
    of their rank.

    Parameters
    ----------
    network
        A key of `LAYERS`.
    seed
        Of the network and its training, or of the data.
    n_train, n_samples
        Training images, and samples that are measured.

    Returns
    -------
    list of dict
        A row for each layer and block size ``p``: ``all`` is the corrected ratio of all samples.
        For naive and corrected ratios, ``all`` over the ratio of each block: its mean over the
        blocks and the standard error of it (``naive``, ``naive_error``, ``rows``, ``rows_error``).
        Inverse ratios have next to no bias of their own. ``step`` and ``step_error`` are of the
        difference to twice the block size, from the halves of the same blocks. The row of the
        largest ``p`` also has the ratio of all units over that of a random half of them, by the
        same correction: ``half_rows`` and ``half_columns``, means over 20 draws.
    """
    rows: Rows = []
    for layer, x in _layers(network, seed, n_train, n_samples).items():
        everything = _ratio(x)
        inverse = {p: _inverses(x, p, everything) for p in SIZES if 2 * p <= len(x)}
        found: Rows = []
        for p, values in inverse.items():
            row: dict[str, Any] = {"layer": layer, "p": p, "all": everything}
            for name, column in values.items():
                row |= {name: column.mean(), f"{name}_error": _error(column)}
            found.append(row)
        for row, (p, q) in zip(found, pairwise(inverse), strict=False):
            n = len(inverse[q]["naive"])
            halves = inverse[p]["naive"][: 2 * n].reshape(n, 2).mean(axis=1)
            steps = halves - inverse[q]["naive"]
            row |= {"step": steps.mean(), "step_error": _error(steps)}
        found[-1] |= _half_of_units(x, seed)
        rows += found
    return [{key: _rounded(value) for key, value in row.items()} for row in rows]


def _layers(
    network: str, seed: int, n_train: int, n_samples: int
) -> dict[str, Float[np.ndarray, "n units"]]:
    if network == GAUSSIAN:
        scales = np.arange(1, _N_GAUSSIAN + 1) ** (-_POWER / 2)
        rng = np.random.default_rng(seed)
        turned = np.linalg.qr(rng.normal(size=(_N_GAUSSIAN, _N_GAUSSIAN)))[0]
        return {LAYERS[GAUSSIAN][0]: (rng.normal(size=(n_samples, _N_GAUSSIAN)) * scales) @ turned}
    model = load_model(network, rng=seed).model
    schedule = Schedule(
        epochs=3, learning_rate=1e-3, optimizer="adam", annealing="cosine", precision="bfloat16"
    )
    train(model, load_samples("fashion_mnist", "train").first(n_train), schedule, seed=seed)
    images = load_samples("fashion_mnist", "test").first(n_samples).images
    return _outputs(model, images, LAYERS[network])


@torch.no_grad()
def _outputs(
    model: nn.Module, images: torch.Tensor, layers: Sequence[str]
) -> dict[str, Float[np.ndarray, "n units"]]:
    """What layers of a sequential network give, flattened."""
    found = {}
    x = images
    for name, module in model.named_children():
        x = module(x)
        if name in layers:
            found[name] = x.flatten(1).double().numpy()
    return found


def _ratio(x: Float[np.ndarray, "n units"], correction: str = "rows") -> float:
    method = ParticipationRatio(correction=correction)  # type: ignore[arg-type] # one of three
    value = method.estimate(Spectrum.from_points(x)).value
    return float("nan") if value is None else value


def _inverses(
    x: Float[np.ndarray, "n units"], p: int, everything: float
) -> dict[str, Float[np.ndarray, " blocks"]]:
    blocks = [x[i : i + p] for i in range(0, len(x) - p + 1, p)]
    return {
        name: everything / np.array([_ratio(block, correction) for block in blocks])
        for name, correction in (("naive", "none"), ("rows", "rows"))
    }


def _half_of_units(x: Float[np.ndarray, "n units"], seed: int) -> dict[str, float]:
    x = x[:_N_HALVED]
    rng, n_units = np.random.default_rng(seed), x.shape[1]
    halves = [x[:, rng.permutation(n_units)[: n_units // 2]] for _ in range(_N_DRAWS)]
    found: dict[str, float] = {}
    for name, correction in (("rows", "rows"), ("columns", "rows_and_columns")):
        whole = _ratio(x, correction)
        values = whole / np.array([_ratio(half, correction) for half in halves])
        found |= {f"half_{name}": values.mean(), f"half_{name}_error": _error(values)}
    return found


def _error(values: Float[np.ndarray, " blocks"]) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
