from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision_twins
from torch import nn

import dimscope as ds
from dimscope.capture import capture
from dimscope.errors import InputError
from dimscope.models import resnet_small, vgg_small
from dimscope.models.imagenet import squeezenet1_1, vgg16_trunk
from dimscope.models.nets import NETS
from dimscope.store import ActivationStore
from dimscope.studies.recipes.ansuini.checkpoints import checkpoints, last_hidden

#: Weights of torchvision's networks, from its documentation.
N_WEIGHTS = {
    "alexnet": 61_100_840,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "vgg11_bn": 132_868_840,
    "vgg13_bn": 133_053_736,
    "vgg16_bn": 138_365_992,
    "vgg19_bn": 143_678_248,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
}
#: Decoded from panels A and B of the paper's figure of hunchbacks.
DEPTHS = {
    "alexnet": [0, 1, 2, 5, 7, 8, 9],
    "vgg16": [0, 2, 4, 7, 10, 13, 15, 16, 17],
    "resnet18": [0, 1, 5, 9, 13, 17, 18, 19],
    "resnet34": [0, 1, 7, 15, 27, 33, 34, 35],
}
RELATIVE_DEPTHS = {
    "alexnet": [0, 0.1111, 0.2222, 0.5556, 0.7778, 0.8889, 1],
    "vgg11": [0, 0.0833, 0.1667, 0.3333, 0.5, 0.6667, 0.8333, 0.9167, 1],
    "vgg13": [0, 0.1429, 0.2857, 0.4286, 0.5714, 0.7143, 0.8571, 0.9286, 1],
    "vgg16": [0, 0.1176, 0.2353, 0.4118, 0.5882, 0.7647, 0.8824, 0.9412, 1],
    "vgg19": [0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1],
    "resnet18": [0, 0.0526, 0.2632, 0.4737, 0.6842, 0.8947, 0.9474, 1],
    "resnet34": [0, 0.0286, 0.2, 0.4286, 0.7714, 0.9429, 0.9714, 1],
    "resnet50": [0, 0.0196, 0.1961, 0.4314, 0.7843, 0.9608, 0.9804, 1],
    "resnet101": [0, 0.0098, 0.098, 0.2157, 0.8922, 0.9804, 0.9902, 1],
    "resnet152": [0, 0.0065, 0.0654, 0.2222, 0.9281, 0.9869, 0.9935, 1],
}


def layers_of(model):
    return [point.layer for point in checkpoints(model)]


def depths_of(model):
    return [point.depth for point in checkpoints(model)]


@pytest.mark.parametrize("name", torchvision_twins.NAMES)
def test_the_networks_of_the_paper_are_as_large_as_torchvision_s(name):
    with torch.device("meta"):
        model = torchvision_twins.build(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == N_WEIGHTS[name]


@pytest.mark.parametrize("name", torchvision_twins.NAMES)
def test_depths_are_the_published_ones(name):
    with torch.device("meta"):
        points = checkpoints(torchvision_twins.build(name))
    published = RELATIVE_DEPTHS[name.removesuffix("_bn")]
    assert [point.relative_depth for point in points] == pytest.approx(published, abs=6e-5)
    if name in DEPTHS:
        assert [point.depth for point in points] == DEPTHS[name]


def test_names_are_those_of_torchvision():
    with torch.device("meta"):
        alexnet, vgg, resnet = map(torchvision_twins.build, ("alexnet", "vgg11_bn", "resnet50"))
    linear = ["classifier.2", "classifier.5", "classifier.6"]
    assert layers_of(alexnet) == ["input", "features.2", "features.5", "features.12", *linear]
    pools = [f"features.{i}" for i in (3, 7, 14, 21, 28)]
    assert layers_of(vgg) == ["input", *pools, "classifier.1", "classifier.4", "classifier.6"]
    stages = [f"layer{i}" for i in range(1, 5)]
    assert layers_of(resnet) == ["input", "maxpool", *stages, "avgpool", "fc"]
    assert [last_hidden(net) for net in (alexnet, vgg, resnet)] == [
        "classifier.6:input", "classifier.6:input", "fc:input",
    ]  # fmt: skip


def test_our_networks_have_the_same_kinds_of_checkpoints():
    assert layers_of(NETS["vgg16_cifar"]()) == [
        "input", "pool1", "pool2", "pool3", "pool4", "pool5", "fc_relu1", "fc_relu2", "fc3",
    ]  # fmt: skip
    assert depths_of(NETS["vgg16_cifar"]()) == DEPTHS["vgg16"]
    assert layers_of(vgg16_trunk()) == ["input", "pool1", "pool2", "pool3", "pool4", "pool5"]
    stages = [f"layer{i}" for i in range(1, 5)]
    assert layers_of(NETS["resnet18_cifar"]()) == ["input", "relu1", *stages, "avgpool", "fc"]
    assert depths_of(NETS["resnet18_cifar"]()) == DEPTHS["resnet18"]
    assert layers_of(NETS["mnist_net"]()) == ["input", "relu1", "relu2", "relu3", "fc2"]
    assert depths_of(NETS["dense_net"]()) == list(range(8))  # no passage from maps to vectors


SMALL = {
    "alexnet": (lambda: torchvision_twins.build("alexnet", 16), 64),
    "vgg11_bn": (lambda: torchvision_twins.build("vgg11_bn", 16), 32),
    "resnet18": (lambda: torchvision_twins.build("resnet18", 16), 32),
    "vgg_small": (lambda: vgg_small((4, 8), 1, (8, 6), size=16), 16),
    "resnet_small": (lambda: resnet_small((4, 8), 1), 16),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_profile_measures_them_in_order(name):
    build, size = SMALL[name]
    torch.manual_seed(0)
    model, images = build().eval(), torch.rand(24, 3, size, size)
    points = checkpoints(model)
    layers = [point.layer for point in points]
    profile = ds.profile(model, images, layers=layers, methods=("two_nn",))
    assert list(profile.layers["layer"]) == layers
    assert [point.depth for point in points] == sorted(point.depth for point in points)


@pytest.mark.parametrize("name", SMALL)
def test_the_last_hidden_layer_is_what_the_last_linear_map_receives(name):
    build, size = SMALL[name]
    torch.manual_seed(0)
    model, images = build().eval(), torch.rand(6, 3, size, size)
    linear = last_hidden(model).removesuffix(":input")
    received = []
    model.get_submodule(linear).register_forward_pre_hook(lambda _, x: received.append(x[0]))
    with torch.no_grad():
        model(images)
    with ActivationStore() as store:
        captured = capture(model, images, store=store, layers=last_hidden(model))
        np.testing.assert_array_equal(store[captured.layers[0].name], received[0])


def test_a_hidden_linear_map_is_read_as_the_authors_code_reads_it():
    torch.manual_seed(0)
    model, images = torchvision_twins.build("alexnet", 16).eval(), torch.rand(6, 3, 64, 64)
    kept = []
    model.classifier[4].register_forward_hook(lambda _, __, output: kept.append(output))
    with torch.no_grad():
        model(images)
    name = checkpoints(model)[-2].layer
    with ActivationStore() as store:
        capture(model, images, store=store, layers=name)
        np.testing.assert_array_equal(store[name], kept[0])


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (squeezenet1_1, r"holds fire2, a Fire, so it is no plain sequence.*layers='auto'"),
        (lambda: nn.Sequential(nn.ReLU()), "neither max-pools nor linear maps"),
        (lambda: nn.Sequential(nn.MaxPool2d(2)), "neither max-pools nor linear maps"),
    ],
)
def test_the_paper_says_nothing_of_other_networks(build, problem):
    with pytest.raises(InputError, match=problem):
        checkpoints(build())


def test_a_network_without_a_linear_map_has_no_last_hidden_layer():
    with pytest.raises(InputError, match="has no linear map"):
        last_hidden(vgg16_trunk())
