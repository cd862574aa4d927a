from __future__ import annotations

import pytest
import torch
from torch import nn

from dimscope.errors import CaptureError, InputError
from dimscope.models import load_model

from .conftest import same_weights


def test_an_unknown_name_gives_near_names_and_the_grammar():
    with pytest.raises(InputError, match=r"did you mean efficientnet_lite.*torchvision:NAME"):
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
    assert same_weights(first.model, again.model)
    assert not same_weights(first.model, other.model)
    assert other.origin == "architecture of dimscope, untrained, seed 2"


def test_missing_weights_and_contradictory_wishes_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        load_model("mnist_net", weights=tmp_path / "w.pt")
    with pytest.raises(InputError, match="choose one"):
        load_model("mnist_net", weights=tmp_path / "w.pt", untrained=True)


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
    assert same_weights(load_model(f"{user_file}:build", weights=tmp_path / "w.pt").model, source)


def test_user_code_that_fails_or_returns_something_else(user_file):
    with pytest.raises(InputError, match=r"returned str; return a torch\.nn\.Module"):
        load_model(f"{user_file}:text")
    with pytest.raises(CaptureError, match=r"RuntimeError: boom$") as caught:
        load_model(f"{user_file}:broken")
    assert isinstance(caught.value.__cause__, RuntimeError)
