from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from dimscope.capture.pooling import POOLINGS, pool, resolve_pooling
from dimscope.errors import InputError

TOKENS = torch.arange(24, dtype=torch.float32).reshape(2, 4, 3)
MASK = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 1]])  # padded right, padded left


def pooled(activation: Tensor, choice: Any, mask: Tensor | None = None) -> Tensor:
    return pool(activation, mask, resolve_pooling(choice, "layer"), "layer")


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 3, 4), (5, 3, 4, 2), (5, 3, 2, 2, 2)])
def test_every_pooling_gives_one_row_per_sample(name: str, shape: tuple[int, ...]) -> None:
    activation = torch.randn(shape)
    result = pooled(activation, name)
    assert result.ndim == 2
    assert len(result) == 5
    if len(shape) < 3 or (name not in ("flatten", "spatial_mean") and len(shape) != 3):
        assert_close(result, activation.reshape(5, -1))


def test_flatten_keeps_everything_in_order() -> None:
    maps = torch.randn(2, 3, 4, 5)
    assert_close(pooled(maps, "flatten"), maps.reshape(2, 60))


def test_spatial_mean_is_over_positions() -> None:
    maps = torch.randn(2, 3, 4, 5)
    assert_close(pooled(maps, "spatial_mean"), maps.mean((2, 3)))


def test_tokens_without_a_mask() -> None:
    assert_close(pooled(TOKENS, "first_token"), TOKENS[:, 0])
    assert_close(pooled(TOKENS, "last_token"), TOKENS[:, -1])
    assert_close(pooled(TOKENS, "token_mean"), TOKENS.mean(1))


def test_padding_is_left_out() -> None:
    tokens = TOKENS.clone()
    tokens[MASK == 0] = torch.nan
    assert_close(pooled(tokens, "first_token", MASK), torch.stack([tokens[0, 0], tokens[1, 1]]))
    assert_close(pooled(tokens, "last_token", MASK), torch.stack([tokens[0, 1], tokens[1, 3]]))
    means = torch.stack([tokens[0, :2].mean(0), tokens[1, 1:].mean(0)])
    assert_close(pooled(tokens, "token_mean", MASK), means)


def test_a_mask_of_other_tokens_is_not_used() -> None:
    assert_close(pooled(TOKENS, "token_mean", MASK[:, :3]), TOKENS.mean(1))


def test_a_sample_of_padding_only_is_zero() -> None:
    assert_close(pooled(TOKENS, "token_mean", torch.zeros(2, 4)), torch.zeros(2, 3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precisions_become_float32_before_they_are_added_up(dtype: torch.dtype) -> None:
    maps = torch.full((1, 1, 300, 300), 1.5, dtype=dtype)  # the sum overflows float16
    assert_close(pooled(maps, "spatial_mean"), torch.tensor([[1.5]]))
    assert pooled(maps, "flatten").dtype == torch.float32


def test_double_and_integers_keep_their_type() -> None:
    assert pooled(TOKENS.double(), "token_mean").dtype == torch.float64
    assert pooled(TOKENS.int(), "flatten").dtype == torch.int32


def test_a_function_pools() -> None:
    assert_close(pooled(TOKENS, lambda x: x.amax(2)), TOKENS.amax(2))


def test_the_first_matching_glob_pools() -> None:
    choice = {"blocks.*": "token_mean", "**": "first_token"}
    mean, first = POOLINGS["token_mean"], POOLINGS["first_token"]
    assert resolve_pooling(choice, "blocks.1") is mean
    assert resolve_pooling(choice, "blocks.1.fc") is first
    assert resolve_pooling({"a": "token_mean"}, "b") is POOLINGS["flatten"]


@pytest.mark.parametrize("choice", ["mean", {"layer": "mean"}])
def test_unknown_poolings(choice: Any) -> None:
    with pytest.raises(InputError, match="unknown pooling 'mean': choose one of flatten, spatial"):
        resolve_pooling(choice, "layer")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x.mean(7), r"failed on an activation of shape \(2, 4, 3\): IndexError"),
        (lambda x: x.mean(), "pooling of layer 'layer' made 1 rows of 2|failed"),
        (lambda x: x[0], "made 4 rows of 2 samples"),
        (lambda x: x.tolist(), "failed.*AttributeError"),
        (torch.fft.fft, "complex"),
    ],
)
def test_poolings_that_fail(function: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pooled(TOKENS, function)
