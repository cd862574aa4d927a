"""Layers too wide to hold, computed again column by column, against the same layers held."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from dimscope.capture import Captured, capture, hash_model
from dimscope.errors import CaptureError
from dimscope.store import ActivationStore

IMAGES = torch.randn(12, 1, 6, 6, generator=torch.Generator().manual_seed(0))
WIDE = 3 * 36  # features of the convolution


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(WIDE, 4)
        self.n_fc = 0

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv(x))
        x = self.relu(self.conv(x[:, :1]))
        self.n_fc += 1
        return self.fc(x.flatten(1))


@contextmanager
def recomputed(
    data: Any, layers: list[str], model: nn.Module | None = None, **options: Any
) -> Iterator[Captured]:
    """The layers, none of which is stored; three passes give the columns of the convolution."""
    budget = 12 * 4 * (WIDE // 3)
    model = model or seeded()
    with ActivationStore(memory_budget=budget, disk_budget=0) as store:
        yield capture(model, data, layers, store=store, batch_size=5, **options)


def held(data: Any, layers: list[str], **options: Any) -> dict[str, np.ndarray]:
    with ActivationStore() as store:
        capture(seeded(), data, layers, store=store, batch_size=5, **options)
        return {name: np.array(store[name]) for name in store}


def seeded() -> Net:
    torch.manual_seed(0)
    return Net()


@pytest.mark.parametrize("layer", ["conv", "conv#2", "relu", "relu#2", "fc:input"])
def test_columns_and_rows_are_those_of_the_layer(layer: str) -> None:
    want = held(IMAGES, [layer])[layer]
    with recomputed(IMAGES, [layer]) as captured:
        again = captured.recomputed[layer]
        assert (again.shape, again.dtype, again.ndim) == (want.shape, want.dtype, 2)
        for part in (np.s_[:, 10:20], np.s_[:, 100:], np.s_[:, :], np.s_[:, :5], np.s_[3:7]):
            np.testing.assert_array_equal(again[part], want[part])
        np.testing.assert_array_equal(again[[7, 0, 7]], want[[7, 0, 7]])
        np.testing.assert_array_equal(again[2:9:3, 4:90:7], want[2:9:3, 4:90:7])


@pytest.mark.parametrize("pooling", ["flatten", lambda a: a[:, :, ::2].flatten(1)])
@pytest.mark.parametrize(
    "data",
    [
        DataLoader(TensorDataset(IMAGES), batch_size=5),
        TensorDataset(IMAGES),
        {"x": IMAGES, "label": torch.arange(12)},
        IMAGES.numpy(),
    ],
)
def test_any_data_and_pooling(data: Any, pooling: Any) -> None:
    want = held(data, ["conv"], pooling=pooling, n_samples=11)["conv"]
    with recomputed(data, ["conv"], pooling=pooling, n_samples=11) as captured:
        np.testing.assert_array_equal(captured.recomputed["conv"][:, :], want)


def test_what_fits_is_stored() -> None:
    with recomputed(IMAGES, ["conv", "fc"]) as captured:
        assert set(captured.recomputed) == {"conv"}
        assert [layer.n_features for layer in captured.layers] == [WIDE, 4]


def test_reading_in_order_takes_as_few_passes_as_the_memory_allows() -> None:
    passes: list[int] = []
    with recomputed(IMAGES, ["conv"], on_pass=passes.append) as captured:
        again = captured.recomputed["conv"]
        assert again.n_passes == 3
        for start in range(0, WIDE, 7):  # the last of each pass's columns come with the next
            again[:, start : start + 7]
        assert passes == [1, 2, 3]
        again[:, 100:104]
        assert passes == [1, 2, 3]


def test_rows_in_order_run_the_batches_that_hold_them() -> None:
    passes: list[int] = []
    model = seeded()
    with recomputed(IMAGES, ["fc:input"], model, on_pass=passes.append) as captured:
        n_before = model.n_fc
        again = captured.recomputed["fc:input"]
        for start in range(0, 12, 2):  # four rows are kept
            again[start : start + 2]
            again[[start + 1, start]]
        assert passes == [1, 2, 3]
        assert model.n_fc - n_before == 1 + 2 + 2


def test_the_network_stops_where_the_layer_has_appeared_and_is_left_as_it_was() -> None:
    model = seeded()
    model.train()
    before = hash_model(model)
    with recomputed(IMAGES, ["conv"], model) as captured:
        n_fc = model.n_fc
        captured.recomputed["conv"][:, :]
        assert model.n_fc == n_fc
    assert hash_model(model) == before
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())


def test_memory_holds_some_columns_only() -> None:
    model = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.Flatten(), nn.Linear(64 * 32**2, 2))
    images = torch.rand(64, 1, 32, 32)
    budget = 2**20
    whole = 4 * 64 * 64 * 32**2
    with ActivationStore(memory_budget=budget, disk_budget=0) as store:
        captured = capture(model, images, ["0"], store=store, batch_size=1)
        again = captured.recomputed["0"]
        tracemalloc.start()
        for start in range(0, again.shape[1], 1024):
            block = again[:, start : start + 1024]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert block.shape[0] == 64
    assert peak < budget + 4 * block.nbytes < whole / 7


def test_data_in_another_order_are_noticed() -> None:
    shuffled = DataLoader(TensorDataset(IMAGES), batch_size=5, shuffle=True)
    with recomputed(shuffled, ["conv"]) as captured:
        torch.manual_seed(5)
        with pytest.raises(CaptureError, match=r"'conv' .* not the same .* \(shuffle=False\)"):
            captured.recomputed["conv"][:, :]


def test_a_network_that_draws_random_numbers_is_noticed() -> None:
    class Noisy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.dropout(x, 0.5, training=True)

    model = nn.Sequential(nn.Flatten(), Noisy(), nn.Linear(36, 2))
    with ActivationStore(memory_budget=100, disk_budget=0) as store:
        captured = capture(model, IMAGES, ["1"], store=store)
        torch.manual_seed(7)
        with pytest.raises(CaptureError, match=r"'1' .* other values .* draws random numbers"):
            captured.recomputed["1"][:, :]
