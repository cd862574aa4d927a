from __future__ import annotations

from collections import UserDict, namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from dimscope.capture.tensors import Seen, leaves, map_leaves, named_tensors, version_of

Pair = namedtuple("Pair", ["left", "right"])


@dataclass
class Output:
    logits: Any
    hidden: Any


A, B = torch.zeros(2), torch.ones(3)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (A, [""]),
        ({"x": A, "note": "text", "none": None}, [""]),
        ((A, B), [":0", ":1"]),
        (Output(A, (B, [A])), [":logits", ":hidden:0", ":hidden:1:0"]),
        (UserDict(a=A, b=Pair(A, B)), [":a", ":b:0", ":b:1"]),
        ((A, A.to_sparse()), [""]),
        ("text", []),
        (Output, []),
    ],
)
def test_names_are_the_paths_to_the_tensors(value: Any, names: list[str]) -> None:
    assert list(named_tensors(value)) == names


def test_changed_values_keep_their_form() -> None:
    value = {"a": [1, (2, 3)], "b": Pair(4, "x")}
    changed = map_leaves(value, lambda leaf: 10 * leaf)
    assert changed == {"a": [10, (20, 30)], "b": Pair(40, "x" * 10)}
    assert type(changed["b"]) is Pair
    assert [leaf for _, leaf in leaves(value)] == [1, 2, 3, 4, "x"]


def test_one_tensor_is_recognised_until_it_is_changed_in_place() -> None:
    tensor = torch.zeros(2, 3)
    first, again, other = Seen.of(tensor), Seen.of(tensor), Seen.of(torch.zeros(2, 3))
    assert first.identity == again.identity != other.identity
    assert (first.shape, first.is_floating) == ((2, 3), True)
    tensor += 1
    assert Seen.of(tensor).identity != first.identity


def test_new_tensors_at_the_place_of_old_ones_are_others() -> None:
    seen = []
    for _ in range(20):
        tensor = torch.zeros(2)
        seen.append(Seen.of(tensor))
        del tensor
    assert len({one.identity for one in seen}) == 20
    assert all(one.reference() is None for one in seen)


def test_inference_tensors_have_no_version() -> None:
    with torch.inference_mode():
        tensor = torch.zeros(2)
        tensor += 1
        assert version_of(tensor) == 0
