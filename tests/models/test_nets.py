from __future__ import annotations

import pytest
import torch
from torch import nn

from dimscope.models import load_model
from dimscope.models.nets import NETS

SHAPES = {
    "mnist_net": (1, 28, 28),
    "fashion_cnn": (1, 28, 28),
    "dense_net": (1, 28, 28),
    "cifar_cnn": (3, 32, 32),
    "vgg16_cifar": (3, 32, 32),
    "resnet18_cifar": (3, 32, 32),
}


@pytest.mark.parametrize("name", NETS)
def test_a_net_maps_raw_pixels_to_ten_outputs(name):
    loaded = load_model(name)
    images = torch.randint(0, 256, (2, *SHAPES[name]), dtype=torch.uint8)
    batch = torch.stack([loaded.preprocess(image) for image in images])
    assert (batch.dtype, float(batch.max()) <= 1) == (torch.float32, True)
    with torch.no_grad():
        assert loaded.model(batch).shape == (2, 10)
    assert not loaded.model.training
    assert loaded.label == f"{name} (untrained)"


@pytest.mark.parametrize(
    ("name", "widths"),
    [
        ("mnist_net", [32, 64, 128, 10]),
        ("fashion_cnn", [16, 32, 64, 256, 128, 10]),
        ("cifar_cnn", [16, 16, 32, 32, 64, 64, 256, 128, 10]),
        ("dense_net", [256] * 6 + [10]),
        ("vgg16_cifar", [64] * 2 + [128] * 2 + [256] * 3 + [512] * 8 + [10]),
    ],
)
def test_the_widths_are_those_of_the_literature(name, widths):
    weighted = [m for m in NETS[name]().modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert [module.weight.shape[0] for module in weighted] == widths


def test_the_mnist_net_has_the_layers_of_its_paper():
    shapes = {}
    x = torch.zeros(1, 1, 28, 28)
    for name, layer in NETS["mnist_net"]().named_children():
        x = layer(x)
        shapes[name] = tuple(x.shape[1:])
    assert shapes["conv1"] == (32, 26, 26)
    assert shapes["pool1"] == (32, 13, 13)
    assert shapes["conv2"] == (64, 11, 11)
    assert shapes["pool2"] == (64, 5, 5)
    assert shapes["fc1"] == (128,)
    assert list(shapes) == [
        "conv1", "pool1", "relu1", "conv2", "pool2", "relu2", "flatten", "fc1", "relu3", "fc2",
        "log_softmax",
    ]  # fmt: skip


def test_resnet18_has_the_weights_of_resnet18():
    n_weights = sum(p.numel() for p in NETS["resnet18_cifar"]().parameters())
    stem_and_head = (9 * 3 * 64 + 128) + (512 * 10 + 10)
    # Published: 11,689,512 with a 7 x 7 stem and 1,000 classes.
    assert n_weights == 11_689_512 - (49 * 3 * 64 + 128) - (512 * 1000 + 1000) + stem_and_head


def test_a_residual_block_adds_its_input():
    block = NETS["resnet18_cifar"]().layer1[0].eval()
    nn.init.zeros_(block.bn2.weight)
    x = torch.rand(2, 64, 8, 8)
    torch.testing.assert_close(block(x), x)


def test_no_module_runs_twice():
    for name, build in NETS.items():
        counts: dict[str, int] = {}
        net = build().eval()
        for layer, module in net.named_modules():

            def count(*_, layer=layer, counts=counts):
                counts[layer] = counts.get(layer, 0) + 1

            module.register_forward_hook(count)
        net(torch.zeros(1, *SHAPES[name]))
        assert set(counts.values()) == {1}
