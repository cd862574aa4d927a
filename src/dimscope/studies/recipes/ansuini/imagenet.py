"""Networks trained on ImageNet, the images that go through them, and the layers that are read.

ImageNet's own images are not free. CIFAR-10's stand for them, enlarged to the size that a network
was trained on: seven of its classes for the paper's seven categories, and all of them mixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from dimscope.errors import DataError, InputError, MissingDependencyError

if TYPE_CHECKING:
    from torch import nn

    from dimscope.data import NamedData
    from dimscope.models import LoadedModel
    from dimscope.store import ActivationStore
    from dimscope.studies.recipes.ansuini.checkpoints import Checkpoint

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog")
MIXED = "mixed"
PACKAGED = (
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "squeezenet1_1",
    "vgg16_trunk",
)
TORCHVISION = tuple(
    f"torchvision:{name}"
    for name in (
        "alexnet", *(f"vgg{depth}{form}" for form in ("", "_bn") for depth in (11, 13, 16, 19)),
        *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    )
)  # fmt: skip
#: Sides of the images where the network's own would take too long.
_PIXELS = {"vgg16_trunk": 96}
#: Depths of the networks that these are the trunks of, as the paper counts.
_WHOLE_DEPTHS = {"vgg16_trunk": 17}
_MEMORY = 3 * 2**29
_BATCH = 16


def nets_of(text: str) -> list[str]:
    """The networks in a text with commas.

    Raises
    ------
    InputError
        If there is none, or one twice.
    """
    nets = [net.strip() for net in text.split(",") if net.strip()]
    if not nets or len(set(nets)) < len(nets):
        raise InputError(
            f"nets={text!r} must name networks, each once, with commas between them, such as "
            f"{','.join(PACKAGED[:2])}"
        )
    return nets


def subsets_of(n_classes: int) -> list[str]:
    """The first classes, and all mixed.

    Raises
    ------
    InputError
        If there are not so many.
    """
    if not 0 <= n_classes <= len(CLASSES):
        raise InputError(f"n_classes={n_classes} must be within 0 and {len(CLASSES)}")
    return [*CLASSES[:n_classes], MIXED]


def reason_to_leave_out(net: str, *, trained: bool) -> str | None:
    """Why a network cannot be had here; None if it can."""
    try:
        load_net(net, trained=trained)
    except (MissingDependencyError, DataError) as error:
        return str(error)
    return None


def load_net(net: str, *, trained: bool) -> LoadedModel:
    """Load a network with the weights that its package ships, or with fresh ones."""
    from dimscope.models import load_model  # noqa: PLC0415 - torch loads with the first run

    return load_model(net, untrained=not trained, rng=0)


def load_images(subset: str, n_images: int) -> NamedData:
    """Draw CIFAR-10 test images of a class, or of all."""
    from dimscope.data import NamedData, load_data  # noqa: PLC0415 - as above

    class_name = None if subset == MIXED else subset
    images = load_data("cifar10", n_samples=n_images, class_name=class_name, rng=0)
    assert isinstance(images, NamedData)  # a loader comes from user code only
    return images


@contextmanager
def activations(
    net: str, *, trained: bool, subset: str, n_images: int, pixels: int | None = None
) -> Iterator[list[tuple[Checkpoint, Any]]]:
    """Run images through a network once, and give its checkpoints with what they hold.

    Parameters
    ----------
    net
        A name that `dimscope.load_model` knows.
    trained
        Whether it has trained weights.
    subset
        A class, or ``"mixed"``.
    n_images
        Number of images.
    pixels
        Side of the images of packaged networks; None for each network's own.

    Yields
    ------
    list
        Of each checkpoint, in order, itself and its activations (n_images, n_units), which are
        gone when the context ends.

    Raises
    ------
    InputError
        If the paper says nothing of such a network.
    """
    loaded = load_net(net, trained=trained)
    points = checkpoints_of(net, loaded.model)
    images = load_images(subset, n_images).transformed(_prepared(net, loaded, pixels))
    with _captured(loaded.model, images, [point.layer for point in points]) as store:
        yield [(point, store[point.layer]) for point in points]


def last_hidden_layer(net: str, *, n_images: int, pixels: int | None) -> Float[np.ndarray, "n d"]:
    """The last hidden layer of a trained network, on images of all classes.

    Raises
    ------
    InputError
        If the network has no such layer.
    """
    from dimscope.studies.recipes.ansuini.checkpoints import last_hidden  # noqa: PLC0415 - torch

    loaded = load_net(net, trained=True)
    layer = last_hidden(loaded.model)
    images = load_images(MIXED, n_images).transformed(_prepared(net, loaded, pixels))
    with _captured(loaded.model, images, [layer]) as store:
        return np.array(store[layer])


@contextmanager
def _captured(model: nn.Module, images: NamedData, layers: list[str]) -> Iterator[ActivationStore]:
    from torch import channels_last  # noqa: PLC0415 - torch loads with the first run

    from dimscope.capture import capture  # noqa: PLC0415 - as above
    from dimscope.store import ActivationStore  # noqa: PLC0415 - as above

    model.to(memory_format=channels_last)  # type: ignore[call-overload]
    with ActivationStore(memory_budget=_MEMORY) as store:
        capture(model, images, layers, store=store, batch_size=_BATCH)
        yield store


def _prepared(net: str, loaded: LoadedModel, pixels: int | None) -> Any:
    """What prepares an image; only packaged networks take images of another size."""
    side = pixels or _PIXELS.get(net)
    if side is None or net not in PACKAGED:
        return loaded.preprocess
    to_side: Any = loaded.preprocess  # a partial that takes another size
    return partial(to_side, size=side)


def checkpoints_of(net: str, model: nn.Module) -> tuple[Checkpoint, ...]:
    """The paper's checkpoints, or what is like them in a network that the paper did not have.

    That is the end of the stem, of every stage (where the number of channels changes), and all
    that follows.
    """
    from dimscope.studies.recipes.ansuini.checkpoints import (  # noqa: PLC0415 - torch, as above
        Checkpoint,
        checkpoints,
    )

    found = checkpoints(model, _own_layers(model))
    whole = _WHOLE_DEPTHS.get(net)
    if whole is None:
        return found
    return tuple(Checkpoint(p.layer, p.depth, p.depth / whole) for p in found)


def _own_layers(model: nn.Module) -> dict[str, str] | None:
    """Layers with the modules that count their depths; None for networks like the paper's."""
    children = dict(model.named_children())
    if "fire9" in children:
        return {name: name for name in ("pool1", "pool3", "pool5", "fire7", "fire9", "avgpool")}
    if "_blocks" not in children:
        return None
    blocks = list(children["_blocks"].children())
    channels = [block.get_submodule("_project_conv").out_channels for block in blocks]
    ends = [i for i, (own, following) in enumerate(pairwise([*channels, None])) if own != following]
    return {
        "_swish": "_conv_stem",
        **{f"_blocks.{i}": f"_blocks.{i}" for i in ends},
        "_swish#2": "_conv_head",
        "_avg_pooling": "_avg_pooling",
        "_fc": "_fc",
    }


#: What a checkpoint is called in tables and figures.
_SHORT = {"_swish": "stem", "_swish#2": "head", "_avg_pooling": "pooled", "_fc": "logits"}


def short(layer: str) -> str:
    """A checkpoint in few letters.

    Examples
    --------
    >>> short("_blocks.4"), short("_fc"), short("pool3")
    ('block 4', 'logits', 'pool3')
    """
    return _SHORT.get(layer, layer.replace("_blocks.", "block "))
