from __future__ import annotations

import pytest
import torch

from dimscope.models.imagenet import squeezenet1_1, vgg16_trunk


def _shapes(model, size):
    x, shapes = torch.rand(1, 3, size, size), {}
    with torch.no_grad():
        for name, layer in model.eval().named_children():
            x = layer(x)
            shapes[name] = tuple(x.shape[1:])
    return shapes


def _n_weights(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_squeezenet_has_the_maps_and_weights_of_its_authors():
    model = squeezenet1_1()
    shapes = _shapes(model, 227)
    assert [shapes[name] for name in ("conv1", "pool1", "fire2", "pool3", "pool5", "fire9")] == [
        (64, 113, 113), (64, 56, 56), (128, 56, 56), (128, 28, 28), (256, 14, 14), (512, 14, 14),
    ]  # fmt: skip
    assert (shapes["conv10"], shapes["flatten"]) == ((1000, 14, 14), (1000,))
    assert _n_weights(model) == 1_235_496  # torchvision's count


def test_the_trunk_has_the_convolutions_of_vgg16():
    model = vgg16_trunk()
    shapes = _shapes(model, 64)
    assert [shapes[f"pool{i}"] for i in range(1, 6)] == [
        (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2),
    ]  # fmt: skip
    dense = (512 * 49 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000
    assert _n_weights(model) == 138_357_544 - dense  # torchvision's count


@pytest.mark.parametrize("build", [squeezenet1_1, vgg16_trunk])
def test_fresh_weights_let_different_images_differ_to_the_end(build):
    torch.manual_seed(0)
    images = 100 * torch.randn(4, 3, 64, 64) * torch.rand(4, 3, 1, 1)
    with torch.no_grad():
        ends = build().eval()(images).flatten(1)
    # With torch's own fresh weights: 0.00006 and 0.03.
    assert float(ends.std(0).mean() / ends.square().mean().sqrt()) > 0.08
