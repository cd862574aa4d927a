from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from dimscope.data import load_data
from dimscope.errors import CaptureError, DataError, InputError, MissingDependencyError
from dimscope.models import load_model
from dimscope.models.nets import mnist_net


def _same(a, b):
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


# names


def test_an_unknown_name_gives_near_names_and_the_grammar():
    with pytest.raises(InputError, match=r"did you mean efficientnet_lite0.*torchvision:NAME"):
        load_model("efficientnet")
    with pytest.raises(InputError, match="unknown model 'hf:'"):
        load_model("hf:")


def test_the_seed_decides_fresh_weights_and_nothing_global():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again = load_model("mnist_net", rng=1), load_model("mnist_net", rng=1)
    other = load_model("mnist_net", rng=2)
    assert torch.equal(torch.rand(3), expected)
    assert _same(first.model, again.model)
    assert not _same(first.model, other.model)
    assert other.origin == "architecture of dimscope, untrained, seed 2"


# weights


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": state},
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {"state_dict": {f"module.{k}": v for k, v in state.items()}},
    ],
)
def test_weights_of_every_common_form_are_loaded(tmp_path, wrap):
    source = mnist_net()
    torch.save(wrap(source.state_dict()), tmp_path / "w.pt")
    loaded = load_model("mnist_net", weights=tmp_path / "w.pt")
    assert _same(loaded.model, source)
    assert loaded.label == "mnist_net"
    assert loaded.origin.endswith("w.pt")


def test_safetensors_weights_are_loaded(tmp_path):
    source = mnist_net()
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    assert _same(load_model("mnist_net", weights=tmp_path / "w.safetensors").model, source)


def test_weights_that_do_not_fit_are_counted_and_the_first_is_named(tmp_path):
    state = mnist_net().state_dict()
    state["conv9.weight"] = state.pop("conv1.weight")
    del state["fc1.bias"]
    state["fc2.bias"] = torch.zeros(3)
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(InputError) as caught:
        load_model("mnist_net", weights=tmp_path / "w.pt")
    message = str(caught.value)
    assert "2 missing (first: conv1.weight)" in message
    assert "1 unexpected (first: conv9.weight)" in message
    assert "fc2.bias is (3,) in the file and (10,) in the network" in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [torch.zeros(3), {}, {"epoch": 3}, [1]])
def test_a_file_without_a_state_dictionary_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(InputError, match="holds no state dictionary"):
        load_model("mnist_net", weights=tmp_path / "w.pt")


def test_missing_weights_and_contradictory_wishes_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        load_model("mnist_net", weights=tmp_path / "w.pt")
    with pytest.raises(InputError, match="choose one"):
        load_model("mnist_net", weights=tmp_path / "w.pt", untrained=True)


# EfficientNet-Lite0


@pytest.fixture(scope="module")
def lite0():
    return load_model("efficientnet_lite0")


def test_lite0_is_quiet_and_deterministic(capsys, lite0):
    load_model("efficientnet_lite0")
    assert capsys.readouterr().out == ""
    assert "ImageNet" in lite0.origin
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(lite0.model(x), lite0.model(x))


def test_lite0_recognises_photographs(lite0):
    import importlib.resources

    from PIL import Image

    folder = importlib.resources.files("skimage") / "data"
    cats, coffee = {281, 282, 283, 284, 285}, {504, 967, 968}  # tabby ... Egyptian; mug, cup
    for name, classes in (("chelsea.png", cats), ("coffee.png", coffee)):
        with Image.open(folder / name) as picture:
            image = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
        with torch.no_grad():
            assert int(lite0.model(lite0.preprocess(image)[None]).argmax()) in classes


def test_the_untrained_twin_differs_in_weights_only(lite0):
    twin = load_model("efficientnet_lite0", untrained=True, rng=3)
    assert twin.label == "efficientnet_lite0 (untrained)"
    shapes = [(key, value.shape) for key, value in lite0.model.state_dict().items()]
    assert [(key, value.shape) for key, value in twin.model.state_dict().items()] == shapes
    assert not torch.equal(twin.model._conv_stem.weight, lite0.model._conv_stem.weight)
    assert _same(twin.model, load_model("efficientnet_lite0", untrained=True, rng=3).model)


# user code

USER_CODE = """
import torch
from torch import nn
def build(): return nn.Linear(4, 2)
def both(): return nn.Linear(4, 2), lambda x: x.float() * 2
def text(): return "no"
def broken(): raise RuntimeError("boom\\nand more")
"""


@pytest.fixture
def user_file(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(USER_CODE)
    return path


def test_user_code_may_bring_its_preprocessing(user_file):
    pixels = torch.tensor([255, 0], dtype=torch.uint8)
    plain, own = load_model(f"{user_file}:build"), load_model(f"{user_file}:both")
    assert plain.preprocess(pixels).tolist() == [1.0, 0.0]
    assert own.preprocess(pixels).tolist() == [510.0, 0.0]
    assert not own.model.training
    assert own.origin == f"built by {user_file}:both"
    assert own.label == "net.py:both"


def test_user_code_cannot_be_asked_for_untrained(user_file):
    with pytest.raises(InputError, match="decides on its own weights"):
        load_model(f"{user_file}:build", untrained=True)


def test_user_code_takes_weights(user_file, tmp_path):
    source = nn.Linear(4, 2)
    torch.save(source.state_dict(), tmp_path / "w.pt")
    assert _same(load_model(f"{user_file}:build", weights=tmp_path / "w.pt").model, source)


def test_user_code_that_fails_or_returns_something_else(user_file):
    with pytest.raises(InputError, match=r"returned str; return a torch\.nn\.Module"):
        load_model(f"{user_file}:text")
    with pytest.raises(CaptureError, match=r"RuntimeError: boom$") as caught:
        load_model(f"{user_file}:broken")
    assert isinstance(caught.value.__cause__, RuntimeError)


# other libraries


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
    assert _same(loaded.model, load_model(f"hf:{text}").model)
    assert not _same(loaded.model, load_model(f"hf:{text}", untrained=True).model)


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


@pytest.mark.network
def test_lite0_sees_ships_as_ships(lite0):
    ships = load_data("cifar10", class_name="ship", n_samples=100).transformed(lite0.preprocess)
    boats = {403, 472, 484, 510, 554, 576, 625, 628, 724, 780, 814, 833, 871, 913, 914}
    with torch.no_grad():
        best = lite0.model(torch.stack([image for image, _ in ships])).argmax(1).tolist()
    assert sum(label in boats for label in best) > 40
