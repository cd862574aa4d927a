from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
import torch
from torch import nn

from dimscope.capture import LayerTable, layer_names, select_layers
from dimscope.capture.selection import left_out
from dimscope.errors import InputError


@pytest.fixture(scope="module")
def infos() -> LayerTable:
    blocks = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(3)))
    model = nn.Sequential(OrderedDict(blocks=blocks, fc=nn.Linear(4, 2)))
    return layer_names(model, torch.zeros(3, 4))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("fc", ["fc"]),
        (["fc", "blocks.0"], ["blocks.0", "fc"]),
        (["fc", "fc", "f*"], ["fc"]),
        ("blocks.*", ["blocks.0", "blocks.1", "blocks.2"]),
        ("blocks.**", [f"blocks.{i}{part}" for i in range(3) for part in (".0", ".1", "")]),
        ("blocks.?.1", ["blocks.0.1", "blocks.1.1", "blocks.2.1"]),
        (nn.ReLU, ["blocks.0.1", "blocks.1.1", "blocks.2.1"]),
        ((nn.ReLU, nn.Linear), [f"blocks.{i}.{j}" for i in range(3) for j in (0, 1)] + ["fc"]),
        (lambda info: info.n_features == 2, ["fc", "output"]),
        (["fc:input", "fc"], ["fc:input", "fc"]),
        (["auto", "fc:input"], ["input", *[f"blocks.{i}" for i in range(3)], "fc:input", "fc"]),
    ],
)
def test_choices(infos: LayerTable, layers: Any, expected: list[str]) -> None:
    assert select_layers(infos, layers) == expected


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("block.0", r"unknown layer 'block.0': did you mean .*'blocks.0'.*dimscope layers"),
        ("xyzzy", r"unknown layer 'xyzzy': see layer_names"),
        ("conv*", r"no layer matches 'conv\*'"),
        (nn.Conv2d, "no layer matches Conv2d"),
        (["fc", nn.Conv2d], "no layer matches Conv2d"),
        (lambda info: False, "no layer matches <lambda>"),
        ([], "no layers chosen"),
        (3, "cannot choose layers by 3"),
        (int, "no layer matches int"),
    ],
)
def test_what_cannot_be_chosen(infos: LayerTable, layers: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        select_layers(infos, layers)


def test_layers_that_cannot_be_measured_say_why() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Unflatten(1, (3, 1)), nn.Flatten(0, 1), nn.ReLU())
    infos = layer_names(model, torch.zeros(2, 4))
    reason = "the batch is merged with another axis: axis 0 of its shape .9, 1. has 3 rows for each"
    with pytest.raises(InputError, match=f"'3' cannot be measured: {reason}.*give as pooling"):
        select_layers(infos, "3")
    with pytest.raises(InputError, match=f"matches ReLU that can be measured .'3': {reason}"):
        select_layers(infos, nn.ReLU)
    assert list(left_out(infos, ["auto", "0"])) == ["output"]
    assert list(left_out(infos, ["?", "output"])) == ["2", "3"]
    assert list(left_out(infos, nn.ReLU)) == ["3"]
    assert left_out(infos, "0") == {}


def test_module_classes_choose_no_input_or_output(infos: LayerTable) -> None:
    assert select_layers(infos, nn.Module) == list(infos)[1:-1]


def test_auto_needs_data() -> None:
    with pytest.raises(InputError, match="'auto'"):
        select_layers(layer_names(nn.Linear(2, 2)), "auto")
