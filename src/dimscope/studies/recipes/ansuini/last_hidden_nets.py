"""The networks of `ansuini/last_hidden`, and the run of one: train it, measure its last layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from dimscope.errors import InputError
from dimscope.estimators import AlphaReQ, ParticipationRatio, RankMe, estimate
from dimscope.spectra import Spectrum
from dimscope.store import ActivationStore
from dimscope.studies.checkpoint import Checkpoint
from dimscope.studies.intervals import significant
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.ansuini.resampling import resampled

if TYPE_CHECKING:
    from torch import Tensor, nn

    from dimscope.studies.training import Samples

DATA = ("cifar10", "fashion_mnist")
BATCH = 128
#: As the paper resamples: parts of nine tenths.
_N_DRAWS, _KEPT = 20, 0.9
_LEARNING_RATE, _MOMENTUM = 0.05, 0.9
_N_FIT = 10_000
#: alpha-ReQ fits the same ranks in all networks; the narrowest last hidden layer has 64 units.
_LAST_RANK = 50


@dataclass(frozen=True, kw_only=True)
class Net:
    """A network of a family, and how it is trained.

    Attributes
    ----------
    family
        ``"vgg"`` or ``"resnet"``.
    widths, depth
        Channels of the stages; convolutions (``vgg``) or blocks (``resnet``) of each.
    epochs, weight_decay
        Of its training.
    varied
        What makes it differ from its family's reference: ``"architecture"``, ``"epochs"`` or
        ``"weight_decay"``; ``"nothing"`` for the reference itself.
    """

    family: str
    widths: tuple[int, ...]
    depth: int = 1
    epochs: int = 5
    weight_decay: float = 5e-4
    varied: str = "nothing"

    def others(
        self,
        *shapes: tuple[tuple[int, ...], int],
        epochs: tuple[int, ...] = (),
        decays: tuple[float, ...] = (),
    ) -> tuple[Net, ...]:
        """Return this reference, and networks that differ from it in one respect each."""
        return (
            self,
            *(replace(self, widths=w, depth=d, varied="architecture") for w, d in shapes),
            *(replace(self, epochs=n, varied="epochs") for n in epochs),
            *(replace(self, weight_decay=decay, varied="weight_decay") for decay in decays),
        )

    @property
    def arguments(self) -> dict[str, object]:
        """What a job says of it."""
        widths = "-".join(str(width) for width in self.widths)
        return {
            "family": self.family, "widths": widths, "depth": self.depth, "epochs": self.epochs,
            "weight_decay": self.weight_decay, "varied": self.varied,
        }  # fmt: skip


#: The networks of each budget. The last hidden layer has the same number of units in all of a
#: family (128 in VGG's, 64 in ResNets; "large" 512 in ResNets), so that it does not bound some more
#: than others.
NETS: Mapping[str, tuple[Net, ...]] = {
    "few": (
        *Net(family="vgg", widths=(4, 8, 16), epochs=1).others(((8, 16, 32), 1)),
        *Net(family="resnet", widths=(4, 8, 64), epochs=1).others(((4, 4, 64), 1)),
    ),
    "standard": (
        *Net(family="vgg", widths=(8, 16, 32)).others(
            ((4, 8, 16), 1), ((8, 16, 32), 2), ((8, 16, 32, 64), 1), ((16, 32, 64), 1),
            ((16, 32, 64), 2), ((32, 64, 128), 1),
            epochs=(1, 2, 10), decays=(0.0, 5e-3),
        ),
        *Net(family="resnet", widths=(4, 8, 64)).others(
            ((4, 8, 64), 2), ((8, 16, 64), 1), ((8, 16, 64), 2), ((8, 16, 32, 64), 1),
            ((16, 32, 64), 1),
            epochs=(1, 2, 10), decays=(0.0, 5e-3),
        ),
    ),
    "large": (
        *Net(family="vgg", widths=(64, 128, 256), depth=2, epochs=60).others(
            ((16, 32, 64), 1), ((16, 32, 64), 2), ((32, 64, 128), 2), ((64, 128, 256), 3),
            ((64, 128, 256, 512), 2), ((64, 128, 256, 512), 3),
            epochs=(2, 10, 200), decays=(0.0, 5e-3),
        ),
        *Net(family="resnet", widths=(64, 128, 256, 512), depth=1, epochs=60).others(
            ((16, 32, 64, 512), 1), ((32, 64, 128, 512), 1), ((32, 64, 128, 512), 2),
            ((64, 128, 256, 512), 2), ((64, 128, 256, 512), 3),
            epochs=(2, 10, 200), decays=(0.0, 5e-3),
        ),
    ),
}  # fmt: skip


def train_and_measure(  # noqa: PLR0913 - the arguments of a job
    *,
    data: str,
    family: str,
    widths: str,
    depth: int,
    epochs: int,
    weight_decay: float,
    varied: str,  # noqa: ARG001 - it names what the network is for, in its row
    seed: int,
    n_train: int,
    n_samples: int,
    device: str,
    checkpoint: Checkpoint | None = None,
) -> Rows:
    """Train a network and measure its last hidden layer and its output on test images.

    Parameters
    ----------
    data
        Name of the data set.
    family, widths, depth, epochs, weight_decay, varied
        As in `Net`; the widths joined by hyphens.
    seed
        Of the weights, the order of the images and all draws.
    n_train, n_samples
        Training images, and test images that are measured: the first ones.
    device
        Where it is trained.
    checkpoint
        Where the state is kept.

    Returns
    -------
    list of dict
        One row: the fit, numbers of parameters and of units of the last hidden layer, and the
        dimensions; None for one that this layer does not have.
    """
    from dimscope.studies.training import Schedule, fit_of, train  # noqa: PLC0415 - loads torch

    training = samples_on(data, "train", device).first(n_train)
    test = samples_on(data, "test", device)
    model = built(family, widths, depth, tuple(training.images.shape[1:]), seed).to(device)
    schedule = Schedule(
        epochs=epochs, learning_rate=_LEARNING_RATE, batch_size=BATCH, momentum=_MOMENTUM,
        weight_decay=weight_decay, annealing="cosine", augmentation=True, precision="bfloat16",
    )  # fmt: skip
    train(model, training, schedule, seed=seed, checkpoint=checkpoint)
    fit, fit_test = fit_of(model, training.first(min(n_train, _N_FIT))), fit_of(model, test)
    hidden, output = last_layers(model, test.images[:n_samples])
    row = {
        "n_parameters": sum(parameter.numel() for parameter in model.parameters()),
        "n_units": hidden.shape[1],
        "training_loss": fit.loss,
        "training_accuracy": fit.accuracy,
        "test_loss": fit_test.loss,
        "test_accuracy": fit_test.accuracy,
        **_two_nn(hidden, seed),
        "mst_dimension": _mst_dimension(hidden),
        **_linear(hidden),
        "output_participation_ratio": _linear(output)["participation_ratio"],
    }
    is_whole = {name: isinstance(value, int) for name, value in row.items()}
    return [{name: v if is_whole[name] else significant(v) for name, v in row.items()}]


@lru_cache(maxsize=2)  # one data set: jobs come in its order, and loading takes seconds
def samples_on(name: str, split: str, device: str) -> Samples:
    """Samples of a data set on a device."""
    from dimscope.studies.training import load_samples  # noqa: PLC0415 - loads torch

    return load_samples(name, split).to(device)


def built(family: str, widths: str, depth: int, shape: tuple[int, ...], seed: int) -> nn.Module:
    """A network with fresh weights, for images of a shape (channels, height, width)."""
    import torch  # noqa: PLC0415 - jobs are listed without it

    from dimscope.models import resnet_small, vgg_small  # noqa: PLC0415

    stages, n_channels, size = [int(width) for width in widths.split("-")], shape[0], shape[-1]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if family == "vgg":
            return vgg_small(stages, depth, n_channels=n_channels, size=size)
        return resnet_small(stages, depth, n_channels=n_channels)


def last_layers(
    model: nn.Module, images: Tensor
) -> tuple[Float[np.ndarray, "n units"], Float[np.ndarray, "n classes"]]:
    """What the last linear map gets and gives."""
    from dimscope.capture import capture  # noqa: PLC0415 - loads torch
    from dimscope.studies.recipes.ansuini.checkpoints import last_hidden  # noqa: PLC0415

    hidden = last_hidden(model)
    output = hidden.removesuffix(":input")
    with ActivationStore() as store:
        capture(model, images, [hidden, output], store=store)
        return np.array(store[hidden]), np.array(store[output])


def _two_nn(points: Float[np.ndarray, "n units"], seed: int) -> dict[str, float | None]:
    """TwoNN over resamplings; None if too few points differ."""
    n_kept = round(_KEPT * len(points))
    try:
        of = resampled(points, n_kept=n_kept, n_draws=_N_DRAWS, rng=seed)
    except InputError:
        return dict.fromkeys(("id", "id_std", "id_stderr"))
    return {"id": of.mean, "id_std": of.std, "id_stderr": of.stderr}


def _mst_dimension(points: Float[np.ndarray, "n units"]) -> float | None:
    try:
        return estimate(points, "mst_dimension", errors="own").value
    except InputError:
        return None


def _linear(points: Float[np.ndarray, "n units"]) -> dict[str, float | None]:
    """Quantities of the spectrum; None if all points are alike or the ranks do not suffice."""
    spectrum = Spectrum.from_points(points)
    try:
        ratio = ParticipationRatio().estimate(spectrum).value
        rank = RankMe().estimate(spectrum).value
    except InputError:
        return dict.fromkeys(("participation_ratio", "rankme", "alpha_req"))
    fits = spectrum.n_resolved >= _LAST_RANK
    alpha = AlphaReQ(last=_LAST_RANK).estimate(spectrum).value if fits else None
    return {"participation_ratio": ratio, "rankme": rank, "alpha_req": alpha}
