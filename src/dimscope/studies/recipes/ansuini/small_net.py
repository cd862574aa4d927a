"""The small network of Ansuini et al. (2019), its layers as they count them, and their dimension.

The paper's MNIST network: two blocks of convolution, max-pool and ReLU, and two dense layers. The
representation that is called "pool" is the block's output, after its ReLU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from dimscope.models import load_model
from dimscope.studies.intervals import significant
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.ansuini.mnist_layers import N_DRAWS, SHARE
from dimscope.studies.recipes.ansuini.resampling import resampled
from dimscope.studies.training import Samples, fit_of

#: Layers by the module whose output they are; the input comes before all.
MODULES: Mapping[str, str] = {
    "conv1": "conv1",
    "pool1": "relu1",
    "conv2": "conv2",
    "pool2": "relu2",
    "d1": "relu3",
    "output": "log_softmax",
}
#: What else could have been meant: max-pools before their ReLU, logits.
VARIANTS: Mapping[str, str] = {"pool1 before ReLU": "pool1", "pool2 before ReLU": "pool2",
                               "logits": "fc2"}  # fmt: skip


def small_net(seed: int, *, shape: tuple[int, int] = (1, 28)) -> nn.Sequential:
    """The paper's MNIST network with the weights of a seed.

    Parameters
    ----------
    seed
        Of torch's own initialisation, which the paper uses.
    shape
        Channels and side of its images: other than ``(1, 28)``, the first convolution and the first
        dense layer are as wide as the images ask for.
    """
    model = load_model("mnist_net", rng=seed).model
    if not isinstance(model, nn.Sequential):
        raise TypeError("mnist_net is a sequence of layers")
    if shape != (1, 28):
        channels, side = shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model.conv1 = nn.Conv2d(channels, 32, 3)
            model.fc1 = nn.Linear(64 * (((side - 2) // 2 - 2) // 2) ** 2, 128)
    return model


def fit_row(model: nn.Sequential, training: Samples, test: Samples) -> dict[str, float | None]:
    """How well it fits: ``training_loss``, ``training_accuracy`` and ``test_accuracy``."""
    fit = fit_of(model, training)
    return {
        "training_loss": significant(fit.loss),
        "training_accuracy": significant(fit.accuracy),
        "test_accuracy": significant(fit_of(model, test).accuracy),
    }


@torch.no_grad()
def layer_points(
    model: nn.Sequential,
    images: Float32[Tensor, "n channels height width"],
    modules: Mapping[str, str] = MODULES,
) -> Iterator[tuple[str, Float32[np.ndarray, "n units"]]]:
    """Yield the name and the representation of each layer, one after the other."""
    names = {module: layer for layer, module in modules.items()}
    x = images
    for module, layer in model.named_children():
        x = layer(x)
        if module in names:
            yield names[module], x.flatten(1).float().cpu().numpy()


def dimension_rows(
    model: nn.Sequential,
    images: Float32[Tensor, "n channels height width"],
    modules: Mapping[str, str] = MODULES,
    *,
    with_input: bool = True,
) -> Rows:
    """TwoNN of every layer as the paper estimates it, on 50 draws of 90 %.

    Returns
    -------
    list of dict
        ``layer``, ``two_nn``, ``bar`` (standard deviation over the draws, as the paper draws it)
        and ``stderr`` (sampling error by theory).
    """
    points = [("input", images.flatten(1).cpu().numpy())] if with_input else []
    return [
        {"layer": layer} | dimension_of(found)
        for layer, found in (*points, *layer_points(model, images, modules))
    ]


def dimension_of(points: Float[np.ndarray, "n units"]) -> dict[str, float | None]:
    """TwoNN as the paper estimates it: ``two_nn``, ``bar`` and ``stderr`` of `dimension_rows`."""
    answer = resampled(points, n_kept=round(SHARE * len(points)), n_draws=N_DRAWS, rng=0)
    return {
        "two_nn": significant(answer.mean),
        "bar": significant(answer.std),
        "stderr": significant(answer.stderr),
    }
