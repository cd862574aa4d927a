"""A run of `recanatesi/geometry_objective`: a dense network, a loss on its dimension."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from dimscope.data import NamedData, load_data
from dimscope.errors import InputError
from dimscope.estimators import Gride, ParticipationRatio, TwoNN
from dimscope.losses import DimensionLoss
from dimscope.models import load_model
from dimscope.neighbors import NeighborGraph
from dimscope.spectra import Spectrum
from dimscope.studies.jobs import Rows

METHODS = ("two_nn", "participation_ratio")
RANKS = (2, 8, 32, 128, 512)
_EPOCHS, _PLAIN_EPOCHS, _BATCH, _RATE = 4, 1, 256, 1e-3
_N_BINS = 15
_N_NEIGHBORS = 20
_DIGITS = 5


def train_with_goal(  # noqa: PLR0913 - the arguments of a job
    *,
    method: str,
    goal: str,
    target: float | None,
    weight: float,
    seed: int,
    n_train: int,
    n_samples: int,
    device: str = "cpu",
) -> Rows:
    """Train one network, and measure its last hidden layer on test images.

    `dense_net` on Fashion-MNIST: 4 epochs of batches of 256, Adam at 1e-3 with a cosine schedule;
    cross-entropy + ``weight`` * `DimensionLoss` on what the readout receives, from the second epoch
    on. No dimension depends on the scale of the features, so that its gradient grows as they
    shrink: in an untrained network, whose features are small, it drowns the task's.

    Parameters
    ----------
    method
        Estimator of the loss; ``"none"`` for no loss.
    goal, target
        What `DimensionLoss` is asked for: the target if there is one, otherwise the goal.
    weight
        Of the loss.
    seed
        Of weights and batches: with one seed, every goal has the same.
    n_train, n_samples
        Training images, and test images that are measured at once.
    device
        Where the network is trained.

    Returns
    -------
    list of dict
        One row: ``accuracy``, ``ece`` (15 bins) and ``nll`` of all test images; for each estimator
        ``..._batch``, the mean of test batches of 256, and the value of ``n_samples`` images at
        once; Gride by the rank of the outer neighbour; ``top_share``, of the variance along one
        direction, and ``between``, between the means of the classes.
    """
    model = load_model("dense_net", rng=seed).model.to(device)
    if not isinstance(model, nn.Sequential):
        raise InputError("dense_net must be a Sequential")
    loss = None if method == "none" else DimensionLoss(method, target or goal)  # type: ignore[arg-type] # a goal of its list
    _train(model, loss, weight, seed, n_train, device)
    images, labels = _data("test", device)
    with torch.no_grad():
        features = model[:-1](images)
        logits = model[-1](features)
    row = {
        **_outcomes(logits, labels),
        **_dimensions(features, n_samples),
        **_shape(features, labels),
    }
    return [{name: float(f"{value:.{_DIGITS}g}") for name, value in row.items()}]


@cache
def _data(split: str, device: str) -> tuple[Float[Tensor, "n 1 28 28"], Int64[Tensor, " n"]]:
    """The images as the network's own preprocessing has them."""
    raw = load_data("fashion_mnist", split=split)
    if not isinstance(raw, NamedData):
        raise InputError("fashion_mnist must be a data set, not a loader")
    data = raw.transformed(load_model("dense_net").preprocess)
    images, labels = zip(*(data[i] for i in range(len(data))), strict=True)
    return torch.stack(images).to(device), torch.tensor(labels, device=device)


def _train(  # noqa: PLR0913, PLR0917 - what a training needs
    model: nn.Sequential,
    geometry: DimensionLoss | None,
    weight: float,
    seed: int,
    n_train: int,
    device: str,
) -> None:
    images, labels = _data("train", device)
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(images), generator=generator)[:n_train]
    per_epoch = len(chosen) // _BATCH
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _EPOCHS * per_epoch)
    model.train()
    for epoch in range(_EPOCHS):
        order = chosen[torch.randperm(len(chosen), generator=generator)].to(device)
        for batch in torch.split(order, _BATCH)[:per_epoch]:
            features = model[:-1](images[batch])
            loss = nn.functional.cross_entropy(model[-1](features), labels[batch])
            if geometry is not None and epoch >= _PLAIN_EPOCHS:
                loss = loss + weight * geometry(features)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
    model.eval()


def _outcomes(logits: Float[Tensor, "n c"], labels: Int64[Tensor, " n"]) -> dict[str, float]:
    """Accuracy, expected calibration error, and negative log-likelihood."""
    confidence, chosen = logits.softmax(1).max(1)
    right = (chosen == labels).double()
    bins = (confidence * _N_BINS).ceil().long() - 1  # of equal width, (0, 1/15] the first
    gaps = torch.zeros(_N_BINS, dtype=torch.float64, device=logits.device)
    gaps.index_add_(0, bins.clamp(0, _N_BINS - 1), right - confidence.double())
    return {
        "accuracy": float(right.mean()),
        "ece": float(gaps.abs().sum()) / len(labels),
        "nll": float(nn.functional.cross_entropy(logits, labels)),
    }


def _dimensions(features: Float[Tensor, "n d"], n_samples: int) -> dict[str, float]:
    """From batches as the loss sees them, from many samples at once, and scale by scale."""
    parts = torch.split(features, _BATCH)[: len(features) // _BATCH]
    found = {}
    for method in METHODS:
        measure = DimensionLoss(method).dimension
        found[f"{method}_batch"] = float(np.mean([float(measure(part)) for part in parts]))
    points = features[:n_samples].cpu().numpy()
    graph = NeighborGraph.from_points(points, _N_NEIGHBORS)
    curve = Gride().scan(graph, n2_max=graph.n_samples // 8)
    scales = dict(zip(curve.n2, curve.values, strict=True))
    known = {
        "two_nn": TwoNN().estimate(graph).value,
        "participation_ratio": ParticipationRatio().estimate(Spectrum.from_points(points)).value,
        **{f"gride_{rank}": scales[rank] for rank in RANKS if rank in scales},
    }
    return found | {name: float("nan") if v is None else float(v) for name, v in known.items()}


def _shape(features: Float[Tensor, "n d"], labels: Int64[Tensor, " n"]) -> dict[str, float]:
    """Ways to a dimension that an estimator may not tell apart."""
    x = features.double()
    centred = x - x.mean(dim=0)
    variances = torch.linalg.eigvalsh(centred.T @ centred)
    classes = int(labels.max()) + 1
    means = torch.stack([centred[labels == c].mean(dim=0) for c in range(classes)])
    return {
        "top_share": float(variances[-1] / variances.sum()),
        "between": float(means[labels].square().sum() / centred.square().sum()),
    }
