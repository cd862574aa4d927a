"""Which networks, images and layers the recipes on ImageNet's networks read."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from dimscope.errors import InputError
from dimscope.models import load_model, vgg_small
from dimscope.studies.recipes.ansuini import imagenet
from dimscope.studies.recipes.ansuini.imagenet import (
    CLASSES,
    checkpoints_of,
    last_hidden_layer,
    nets_of,
    reason_to_leave_out,
    short,
    subsets_of,
)

from .conftest import small_net

needs_lite = pytest.mark.skipif(
    find_spec("efficientnet_lite_pytorch") is None, reason="no efficientnet_lite_pytorch"
)


@needs_lite
@pytest.mark.parametrize(("net", "n_convolutions"), [("lite0", 50), ("lite1", 65)])
def test_of_an_efficientnet_stem_stages_and_head_are_read(net, n_convolutions):
    net = f"efficientnet_{net}"
    points = checkpoints_of(net, load_model(net, untrained=True).model)
    names = [short(point.layer) for point in points]
    assert names[:3] == ["input", "stem", "block 0"]
    assert names[-3:] == ["head", "pooled", "logits"]
    assert len(points) == 12
    depths = {name: point.depth for name, point in zip(names, points, strict=True)}
    last = n_convolutions - 1  # the head comes after all other convolutions
    assert (depths["input"], depths["stem"], depths["block 0"]) == (0, 1, 3)
    assert (depths["head"], depths["logits"]) == (last, last + 2)


def test_of_squeezenet_pools_and_late_modules_are_read():
    points = checkpoints_of("squeezenet1_1", load_model("squeezenet1_1", untrained=True).model)
    assert [p.layer for p in points] == [
        "input", "pool1", "pool3", "pool5", "fire7", "fire9", "avgpool",
    ]  # fmt: skip
    # one convolution, then two in a row in each of eight modules, one more, and the average
    assert [p.depth for p in points] == [0, 1, 5, 9, 13, 17, 19]


def test_a_trunk_ends_where_the_whole_network_goes_on():
    points = checkpoints_of("vgg16_trunk", load_model("vgg16_trunk", untrained=True).model)
    assert [p.depth for p in points] == [0, 2, 4, 7, 10, 13]
    assert points[-1].relative_depth == pytest.approx(13 / 17)


def test_networks_like_the_papers_have_its_checkpoints():
    points = checkpoints_of("x", vgg_small())
    assert [p.layer for p in points][:2] == ["input", "pool1"]


def test_what_cannot_be_asked_for_is_refused():
    with pytest.raises(InputError, match="each once"):
        nets_of("a, a")
    with pytest.raises(InputError, match="must name networks"):
        nets_of(" , ")
    with pytest.raises(InputError, match="n_classes=8"):
        subsets_of(8)
    assert nets_of("a, b") == ["a", "b"]
    assert subsets_of(2) == [*CLASSES[:2], "mixed"]


def test_a_network_whose_weights_are_missing_is_left_out(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torchvision", None)
    assert "torchvision" in reason_to_leave_out("torchvision:vgg16", trained=True)
    assert reason_to_leave_out("vgg16_trunk", trained=False) is None


def test_only_packaged_networks_take_another_size(small_images, monkeypatch):
    assert last_hidden_layer("ours", n_images=4, pixels=16).shape == (4, 12)
    monkeypatch.setattr(
        imagenet, "load_net", lambda net, *, trained: load_model(net, untrained=True)
    )
    with imagenet.activations(
        "vgg16_trunk", trained=True, subset="cat", n_images=2, pixels=32
    ) as layers:
        assert layers[0][1].shape == (2, 3 * 32 * 32)


def test_the_last_hidden_layer_is_the_input_of_the_last_linear_map(small_images):
    model = small_net().model
    layer = last_hidden_layer("ours", n_images=8, pixels=None)
    assert layer.shape == (8, model.fc2.in_features)
    assert np.isfinite(layer).all()
    assert imagenet.load_images("mixed", 8).transform is None
