"""A list may hold samples or batches: the network decides; both or neither is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from dimscope.capture import Captured, capture
from dimscope.errors import InputError
from dimscope.store import ActivationStore

VECTORS = torch.randn(60, 40, generator=torch.Generator().manual_seed(0))
IMAGES = torch.randn(30, 3, 8, 8, generator=torch.Generator().manual_seed(0))
IDS = torch.arange(60).reshape(10, 6)


def dense() -> nn.Module:
    return nn.Sequential(nn.Linear(40, 20), nn.Tanh())


def cnn() -> nn.Module:
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), *pooled, nn.Linear(8, 4))


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, images: list[Tensor], _targets: Any = None) -> list[dict[str, Tensor]]:
        return [{"boxes": map_} for map_ in self.conv(torch.stack(images)).mean((2, 3))]


@dataclasses.dataclass(frozen=True)
class Item:
    x: Tensor


def captured(model: nn.Module, data: Any, layers: Any = "auto", **options: Any) -> Captured:
    with ActivationStore() as store:
        return capture(model, data, layers, store=store, **options)


LISTS: dict[str, tuple[nn.Module, Any, int]] = {
    "vectors": (dense(), list(VECTORS), 60),
    "tuple of vectors": (dense(), tuple(VECTORS), 60),
    "images": (cnn(), list(IMAGES), 30),
    "labelled images": (cnn(), [(image, i % 3) for i, image in enumerate(IMAGES)], 30),
    "batches of images": (cnn(), list(IMAGES.split(10)), 30),
    "batches, the last smaller": (dense(), list(VECTORS.split(25)), 60),
    "two batches": (dense(), list(VECTORS.split(30)), 60),
    "list and labels": (cnn(), (list(IMAGES), torch.arange(30)), 30),
}


@pytest.mark.parametrize("case", LISTS)
def test_a_list_holds_what_the_network_takes(case: str) -> None:
    model, data, n_samples = LISTS[case]
    found = captured(model, data)
    assert found.n_samples == n_samples
    assert len(found.layers) > 1  # never the input alone


def test_lists_of_images_and_dataclasses_for_the_network_are_counted() -> None:
    parts = [(tuple(IMAGES[i : i + 8]), ()) for i in range(0, 30, 8)]
    found = captured(Detector(), parts, "conv", forward=lambda m, b: m(list(b[0])))
    assert found.n_samples == 30
    loader = DataLoader(list(IMAGES), batch_size=8, collate_fn=list)  # type: ignore[arg-type]
    assert captured(Detector(), loader, "conv").data_hash == found.data_hash
    items = [Item(part) for part in VECTORS.split(20)]
    assert captured(dense(), items, forward=lambda m, b: m(b.x)).n_samples == 60


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (dense(), list(VECTORS.split(20)), "3 samples or 3 batches, and the network takes both"),
        (cnn(), [torch.randn(3, 8, 8 + i % 3) for i in range(9)], "cannot be read with this"),
        (dense(), VECTORS.tolist(), "cannot be read with this network"),
        (dense(), ["a", "b", "c"], "holds no tensor"),
        (dense(), DataLoader(TensorDataset(VECTORS), batch_size=None), "no layer has a row for"),
        (cnn(), ([torch.randn(3, 8, 8 + i % 3) for i in range(9)], torch.arange(9)), "different"),
        (dense(), nn.utils.rnn.pack_sequence([VECTORS[:3], VECTORS[:2]]), "PackedSequence"),
        (dense(), (VECTORS, torch.arange(10)), r"int64 of shape \(10,\), beside 60 samples"),
    ],
)
def test_what_is_ambiguous_or_cannot_be_counted(model: nn.Module, data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        captured(model, data)


class Two(nn.Module):
    """Takes ids and, if it is given, something of each token."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(60, 4)

    def forward(self, ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        hidden = self.embedding(ids)
        return hidden if attention_mask is None else hidden * attention_mask[..., None]


def test_a_tuple_is_bound_to_the_signature() -> None:
    mask = (IDS % 6 < 4).long()
    found = captured(Two(), (IDS, mask, torch.arange(10)), "output")
    assert found.labels is not None
    assert found.read_as == (
        "entry 0 is ids, entry 1 is attention_mask, entry 2 is taken for labels"
    )
    labelled = captured(Two(), TensorDataset(IDS, torch.arange(10)), "output")
    assert labelled.read_as == "entry 0 is ids, entry 1 is taken for labels"


def test_a_second_tensor_of_tokens_is_never_dropped() -> None:
    mask = (IDS % 6 < 4).long()
    alone = nn.Sequential(nn.Embedding(60, 4), nn.Flatten())
    with pytest.raises(InputError, match="forward has no place for it"):
        captured(alone, TensorDataset(IDS, mask))
    with pytest.raises(InputError, match="takes 'attention_mask', but its values"):
        captured(Two(), TensorDataset(IDS, IDS))


def test_inputs_of_different_counts_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(ids 5, pixels 10\)"):
        captured(Two(), {"ids": IDS[:5], "pixels": torch.zeros(10, 3)})
