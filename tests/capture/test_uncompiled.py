from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dimscope as ds
from dimscope.capture import capture, hash_model, layer_names
from dimscope.store import ActivationStore

X = torch.randn(60, 6, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body: nn.Module = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 8))
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


def whole(net: Net) -> nn.Module:
    return torch.compile(net, backend="eager")


def part(net: Net) -> nn.Module:
    net.body = torch.compile(net.body, backend="eager")
    return net


def nested(net: Net) -> nn.Module:
    return whole(part(net))  # type: ignore[arg-type]


def in_place(net: Net) -> nn.Module:
    net.body.compile(backend="eager")
    return net


@pytest.mark.parametrize("compiled", [whole, part, nested, in_place])
def test_a_compiled_network_is_read_as_the_plain_one(compiled: Callable[[Net], nn.Module]) -> None:
    torch.manual_seed(0)
    plain = Net()
    model = compiled(copy.deepcopy(plain))
    assert list(layer_names(model, X)) == list(layer_names(plain, X))
    assert list(layer_names(model)) == list(layer_names(plain))
    with ActivationStore() as store, ActivationStore() as other:
        found = capture(model, X, ["body.1", "head"], store=store)
        expected = capture(plain, X, ["body.1", "head"], store=other)
        for name in ("body.1", "head"):
            np.testing.assert_array_equal(store[name][:], other[name][:])
    assert found.layers == expected.layers
    assert found.model_hash == expected.model_hash == hash_model(plain)


def test_the_compiled_part_is_back_in_its_place() -> None:
    net = part(Net())
    body = net.body
    layer_names(net, X)
    assert net.body is body
    assert "body._orig_mod.0.weight" in net.state_dict()


def test_a_profile_of_a_compiled_network_has_the_name_and_layers_of_the_plain_one() -> None:
    found = ds.profile(whole(Net()), X, methods="participation_ratio", progress=False)
    assert found.models == ["Net"]
    assert found.to_frame("estimate")["layer"].tolist() == ["input", "body.1", "body.2", "head"]
