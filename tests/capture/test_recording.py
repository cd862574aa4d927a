"""Layers must appear in every batch as they did on the first samples."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dimscope.capture import capture
from dimscope.errors import CaptureError
from dimscope.store import ActivationStore


def run_capture(model: nn.Module, batches: list[Tensor], layer: str) -> None:
    with ActivationStore() as store:
        capture(model, batches, layer, store=store)


class Moody(nn.Module):
    """Does as the first value of its input says."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.branch = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        mood = int(x[0, 0])
        if mood == 1:
            return self.linear(self.linear(x))
        if mood == 2:
            return self.branch(x)
        if mood == 3:
            raise ValueError("a bad mood\nand more lines")
        return self.linear(x[:1] if mood == 4 else x)


@pytest.mark.parametrize(
    ("mood", "message"),
    [
        (1, "'linear' was called 2 times in a batch, and 1 times on the first samples"),
        (2, "'linear' was called 0 times"),
        (3, r"the model failed on inputs \(5, 4\) torch.float32: ValueError: a bad mood$"),
        (4, r"'linear' has the shape \(1, 4\) in a batch of 5 samples"),
    ],
)
def test_networks_that_change_their_mind(mood: int, message: str) -> None:
    batches = [torch.zeros(5, 4), torch.full((5, 4), float(mood))]
    with pytest.raises(CaptureError, match=message) as info:
        run_capture(Moody(), batches, "linear")
    assert isinstance(info.value.__cause__, ValueError) == (mood == 3)


def test_an_output_that_changes_its_form() -> None:
    class Changing(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return (x, x + 1) if x[0, 0] == 1 else x

    with pytest.raises(CaptureError, match="'output' appeared on the first samples, but not in a"):
        run_capture(Changing(), [torch.zeros(5, 4), torch.ones(5, 4)], "output")
