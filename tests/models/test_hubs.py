from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from dimscope.errors import DataError, InputError, MissingDependencyError
from dimscope.models import load_model

from .conftest import same_weights


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_a_library_that_is_not_installed_is_named(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"{library}.models", raising=False)
    with pytest.raises(
        MissingDependencyError, match=rf"{library}, needed for {library}:resnet18, is not installed"
    ):
        load_model(f"{library}:resnet18")


def test_a_library_built_for_another_torch_says_so(monkeypatch, tmp_path):
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    with pytest.raises(MissingDependencyError, match=r"fails to import .*nms.*made for torch"):
        load_model("torchvision:resnet18")


class _Weights:
    """Stands in for a member of torchvision's weights enumerations."""

    def __str__(self):
        return "Net_Weights.V1"

    def transforms(self):
        return lambda x: x.float() - 1


def _fake_torchvision(monkeypatch, get_model):
    package, models = ModuleType("torchvision"), ModuleType("torchvision.models")
    package.models = models
    models.list_models = lambda: ["net", "resnet18"]
    models.get_model_weights = lambda name: type("Enum", (), {"DEFAULT": _Weights()})
    models.get_model = get_model
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)


def test_a_torchvision_model_brings_its_own_transforms(monkeypatch):
    asked = []
    _fake_torchvision(monkeypatch, lambda name, weights: asked.append(weights) or nn.Identity())
    loaded = load_model("torchvision:net")
    grey = torch.full((1, 2, 2), 3, dtype=torch.uint8)
    assert loaded.preprocess(grey).tolist() == [[[2.0, 2.0], [2.0, 2.0]]] * 3
    assert loaded.origin == "torchvision, weights Net_Weights.V1"
    assert load_model("torchvision:net", untrained=True).label == "torchvision:net (untrained)"
    assert isinstance(asked[0], _Weights)
    assert asked[1] is None
    with pytest.raises(InputError, match="did you mean resnet18"):
        load_model("torchvision:resnet")


def test_a_failed_download_is_a_data_error(monkeypatch):
    def offline(name, weights):
        raise OSError("no network\nand a long story")

    _fake_torchvision(monkeypatch, offline)
    with pytest.raises(DataError, match="torchvision:net could not be loaded: no network; check"):
        load_model("torchvision:net")


def test_a_timm_model_brings_its_own_transforms(monkeypatch):
    timm, data = ModuleType("timm"), ModuleType("timm.data")
    timm.data = data
    timm.is_model = lambda name: name == "net"
    timm.list_models = lambda: ["net"]
    timm.create_model = lambda name, pretrained: nn.Identity()
    data.resolve_model_data_config = lambda model: {"size": 2}
    data.create_transform = lambda size, is_training: (
        lambda picture: torch.tensor(np.asarray(picture)[0, 0], dtype=torch.float32)
    )
    monkeypatch.setitem(sys.modules, "timm", timm)
    monkeypatch.setitem(sys.modules, "timm.data", data)
    loaded = load_model("timm:net")
    image = torch.tensor([1, 2, 3], dtype=torch.uint8).reshape(3, 1, 1).expand(3, 2, 2)
    assert loaded.preprocess(image).tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(InputError, match="unknown timm model"):
        load_model("timm:other")


@pytest.fixture(scope="module")
def hf_folders(tmp_path_factory):
    transformers = pytest.importorskip("transformers")
    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    text, pixels = tmp_path_factory.mktemp("text"), tmp_path_factory.mktemp("pixels")
    bert = transformers.BertConfig(vocab_size=9, intermediate_size=8, **small)
    transformers.BertModel(bert).save_pretrained(text)
    vit = transformers.ViTConfig(image_size=8, patch_size=4, intermediate_size=8, **small)
    transformers.ViTModel(vit).save_pretrained(pixels)
    (pixels / "preprocessor_config.json").write_text(
        '{"image_processor_type": "ViTImageProcessor", "size": {"height": 8, "width": 8}}'
    )
    return text, pixels


def test_a_hugging_face_text_model_gets_token_numbers(hf_folders):
    text, _ = hf_folders
    loaded = load_model(f"hf:{text}")
    tokens = torch.tensor([1, 2, 3])
    assert loaded.preprocess(tokens) is tokens
    assert loaded.model(tokens[None]).last_hidden_state.shape == (1, 3, 8)
    assert same_weights(loaded.model, load_model(f"hf:{text}").model)
    assert not same_weights(loaded.model, load_model(f"hf:{text}", untrained=True).model)


def test_a_hugging_face_image_model_gets_its_processor(hf_folders):
    _, pixels = hf_folders
    loaded = load_model(f"hf:{pixels}")
    prepared = loaded.preprocess(torch.full((1, 5, 5), 255, dtype=torch.uint8))
    assert prepared.shape == (3, 8, 8)
    torch.testing.assert_close(prepared, torch.ones(3, 8, 8))
    assert loaded.model(prepared[None]).last_hidden_state.shape == (1, 5, 8)


def test_a_hugging_face_folder_without_a_model_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="could not be loaded"):
        load_model(f"hf:{tmp_path}")
