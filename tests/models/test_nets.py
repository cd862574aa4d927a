from __future__ import annotations

import pytest
import torch
from torch import nn

from dimscope.errors import InputError
from dimscope.models import load_model, resnet_small, vgg_small
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


# families


@pytest.mark.parametrize(("n_channels", "size"), [(3, 32), (1, 28)])
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("dense", [(), (9,), (9, 7)])
def test_a_small_vgg_has_what_was_asked_for(n_channels, size, batch_norm, dense):
    net = vgg_small(
        (4, 8), (1, 3), dense, n_channels=n_channels, size=size, batch_norm=batch_norm
    ).eval()
    weighted = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert [module.weight.shape[0] for module in weighted] == [4, 8, 8, 8, *dense, 10]
    assert net(torch.zeros(2, n_channels, size, size)).shape == (2, 10)
    assert any(isinstance(module, nn.BatchNorm2d) for module in net.modules()) == batch_norm
    pools = [name for name, module in net.named_children() if isinstance(module, nn.MaxPool2d)]
    assert pools == ["pool1", "pool2"]


def test_a_small_resnet_is_that_of_its_paper():
    # He et al. (2016), table 6: 0.27 million weights for n = 3; ours has two 1 x 1 shortcuts more.
    net = resnet_small()
    shortcuts = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    assert sum(p.numel() for p in net.parameters()) - shortcuts == 269_722
    convolutions = [n for n, m in net.named_modules() if isinstance(m, nn.Conv2d)]
    assert len([name for name in convolutions if "shortcut" not in name]) == 6 * 3 + 1


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize(("n_channels", "size"), [(3, 32), (1, 28)])
def test_a_small_resnet_takes_images_of_any_size(blocks, n_channels, size):
    net = resnet_small((4, 8, 8), blocks, n_channels).eval()
    assert net(torch.zeros(2, n_channels, size, size)).shape == (2, 10)
    assert [len(net.get_submodule(f"layer{i}")) for i in (1, 2, 3)] == [blocks] * 3


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda: vgg_small(()), r"vgg_small: widths is \[\]; give numbers of at least 1"),
        (lambda: vgg_small((4,), per_stage=0), r"per_stage is \[0\]"),
        (lambda: vgg_small((4, 8), per_stage=(1, 2, 3)), "has 3 numbers for 2 widths"),
        (lambda: vgg_small(dense=(0,)), r"dense is \[0\]"),
        (lambda: vgg_small((4,) * 5, size=28), "halved 5 times; give at least 32 pixels"),
        (lambda: resnet_small(()), r"resnet_small: widths is \[\]"),
        (lambda: resnet_small(blocks=0), r"blocks is \[0\]"),
        (lambda: resnet_small(n_channels=0), r"n_channels is \[0\]"),
    ],
)
def test_an_impossible_network_is_refused(build, problem):
    with pytest.raises(InputError, match=problem):
        build()
