"""A network trained on CIFAR-10, with its weights kept at chosen steps of the first epochs.

Run as a module with a seed, in a process of its own, it trains and keeps them: about 6 minutes of
one core.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

import dimscope as ds
from benchmarks.shared.messages import say
from benchmarks.shared.paths import OUTPUT, ROOT

NETWORK = "cifar_cnn"
BATCH, N_TRAIN, EPOCHS, RATE = 128, 50_000, 5, 1e-3
EPOCH = -(-N_TRAIN // BATCH)  # steps
#: Steps at which weights are kept: parts of the first epoch, and whole epochs.
STEPS = [0, *(EPOCH // part for part in (32, 16, 8, 4, 2)), *(EPOCH * e for e in range(1, 6))]


class Images(NamedTuple):
    """Standardised by channel, with the mean and deviation of the training images."""

    images: torch.Tensor
    labels: torch.Tensor


def folder(seed: int) -> Path:
    return OUTPUT / "belief" / f"{NETWORK}-{seed}"


def network(seed: int, step: int) -> nn.Module:
    """The network after so many steps, in eval mode; trained now if that was not kept."""
    path = folder(seed) / f"{step}.pt"
    if not path.exists():
        call = [sys.executable, "-m", "benchmarks.belief.training", str(seed)]
        subprocess.run(call, check=True, cwd=ROOT)
    model = ds.load_model(NETWORK).model
    model.load_state_dict(torch.load(path))
    return model.eval()


def load() -> tuple[Images, Images]:
    """Training and test images."""
    scale: Any = ds.load_model(NETWORK).preprocess
    sets = []
    for split in ("train", "test"):
        data: Any = ds.load_data("cifar10", split=split, notify=say).transformed(scale)
        images, labels = zip(*(data[i] for i in range(len(data))), strict=True)
        sets.append(Images(torch.stack(images), torch.tensor(labels)))
    of_train = sets[0].images
    mean, std = of_train.mean((0, 2, 3), keepdim=True), of_train.std((0, 2, 3), keepdim=True)
    for images, _ in sets:
        images.sub_(mean).div_(std)
    return sets[0], sets[1]


def main(seed: int) -> None:
    """Adam with cosine decay, without augmentation, as in examples/train_cifar10.py."""
    images, labels = load()[0]
    model = ds.load_model(NETWORK, rng=seed).model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    generator = torch.Generator().manual_seed(seed)
    folder(seed).mkdir(parents=True, exist_ok=True)
    step = 0
    torch.save(model.state_dict(), folder(seed) / f"{step}.pt")
    for epoch in range(EPOCHS):
        for batch in torch.randperm(len(images), generator=generator).split(BATCH):
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step in STEPS:
                torch.save(model.state_dict(), folder(seed) / f"{step}.pt")
        schedule.step()
        say(f"seed {seed}: epoch {epoch + 1}, loss of the last batch {loss.item():.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
