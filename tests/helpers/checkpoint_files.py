"""Checkpoints of networks that differ in a bias, labelled samples, and what to expect of both."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from training_loops import plain_net

STEPS = (0, 9, 100)


def net_at(step: int) -> nn.Sequential:
    """The network of a checkpoint."""
    model = plain_net()
    with torch.no_grad():
        model[0].bias.add_(0.01 * step)
    return model


def save_checkpoints(folder: Path) -> list[Path]:
    """Save a checkpoint for each of `STEPS`; their names do not sort by step."""
    folder.mkdir()
    paths = [folder / f"net3_step{step}.pt" for step in STEPS]
    for step, path in zip(STEPS, paths, strict=True):
        torch.save({"state_dict": net_at(step).state_dict(), "step": step}, path)
    return paths


def labelled_samples() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(100, 8, generator=torch.Generator().manual_seed(1))
    return x, (x @ torch.randn(8, 3, generator=torch.Generator().manual_seed(2))).argmax(1)


def loss_and_accuracy(x: torch.Tensor, labels: torch.Tensor, step: int) -> list[float]:
    """Those of the network of a checkpoint, in the plainest way."""
    with torch.no_grad():
        logits = net_at(step)(x)
    loss = nn.functional.cross_entropy(logits.double(), labels).item()
    return [loss, (logits.argmax(1) == labels).double().mean().item()]
