from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from dimscope.errors import InputError
from dimscope.models import load_model
from dimscope.models.nets import mnist_net
from dimscope.models.weights import load_weights

from .conftest import same_weights


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
    assert same_weights(loaded.model, source)
    assert loaded.label == "mnist_net"
    assert loaded.origin.endswith("w.pt")


def test_safetensors_weights_are_loaded(tmp_path):
    source = mnist_net()
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    assert same_weights(load_model("mnist_net", weights=tmp_path / "w.safetensors").model, source)


@pytest.mark.parametrize("dtype", [torch.int8, torch.complex64])
def test_weights_of_another_kind_of_number_are_refused(tmp_path, dtype):
    state = mnist_net().state_dict()
    torch.save(state | {"fc1.bias": state["fc1.bias"].to(dtype)}, tmp_path / "w.pt")
    with pytest.raises(InputError, match=f"1 of another type .*fc1.bias is {dtype} in the file"):
        load_weights(mnist_net(), tmp_path / "w.pt")


def test_weights_of_fewer_bits_are_loaded(tmp_path):
    source = mnist_net().half()
    torch.save(source.state_dict(), tmp_path / "w.pt")
    loaded = load_model("mnist_net", weights=tmp_path / "w.pt")
    assert same_weights(loaded.model, source.float())


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


def test_weights_pass_between_a_compiled_network_and_a_plain_one(tmp_path):
    torch.manual_seed(0)
    plain, other = nn.Sequential(nn.Linear(3, 2)), nn.Sequential(nn.Linear(3, 2))
    compiled = torch.compile(other, backend="eager")
    torch.save(plain.state_dict(), tmp_path / "plain.pt")
    load_weights(compiled, tmp_path / "plain.pt")
    assert torch.equal(other[0].weight, plain[0].weight)
    torch.save(compiled.state_dict(), tmp_path / "compiled.pt")
    nn.init.zeros_(plain[0].weight)
    load_weights(plain, tmp_path / "compiled.pt")
    assert torch.equal(other[0].weight, plain[0].weight)
