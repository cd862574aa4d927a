"""The training loop that the examples share: plain PyTorch, nothing of dimscope in it."""

from __future__ import annotations

import torch
from torch import nn


def as_tensors(data: object) -> tuple[torch.Tensor, torch.Tensor]:
    """A data set of (image, label) items as two tensors."""
    images, labels = zip(*(data[i] for i in range(len(data))), strict=True)
    return torch.stack(images), torch.tensor(labels)


def train(  # noqa: PLR0913 - every choice of the loop is the example's
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    epochs: int,
    seed: int = 0,
    lr: float = 1e-3,
    until: float = 1.0,
) -> float:
    """Train with Adam and a cosine schedule until an epoch's accuracy reaches ``until``.

    Returns the accuracy over the last epoch, on the training data.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    share = 0.0
    for epoch in range(epochs):
        model.train()
        right = 0
        for batch in torch.randperm(len(images), generator=generator).split(128):
            logits = model(images[batch])
            optimizer.zero_grad()
            nn.functional.cross_entropy(logits, labels[batch]).backward()
            optimizer.step()
            right += int((logits.argmax(1) == labels[batch]).sum())
        schedule.step()
        share = right / len(images)
        print(f"  epoch {epoch + 1}: training accuracy {share:.3f}", flush=True)
        if share >= until:
            break
    model.eval()
    return share


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of images whose most likely class is their label."""
    model.eval()
    hits = [
        (model(x).argmax(1) == y) for x, y in zip(images.split(500), labels.split(500), strict=True)
    ]
    return float(torch.cat(hits).float().mean())
