"""What the examples share: a plain PyTorch training loop, its checkpoints, showing a profile."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import torch
from torch import nn

import dimscope as ds


def make_parser(
    description: str | None, out: str, epochs: int, n_samples: int
) -> argparse.ArgumentParser:
    """A parser of the options that every example has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=Path("examples-output") / out)
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--n-samples", type=int, default=n_samples)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def parse_options(
    description: str | None, out: str, epochs: int, n_samples: int
) -> argparse.Namespace:
    """The options of an example that has no others."""
    return make_parser(description, out, epochs, n_samples).parse_args()


def save_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, *trackers: ds.Tracker
) -> None:
    """Write all that a loop needs to go on with the same bits, as a whole or not at all."""
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rng": torch.get_rng_state(),
        "trackers": [tracker.state_dict() for tracker in trackers],
    }
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def restore_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, *trackers: ds.Tracker
) -> None:
    """Bring back what `save_checkpoint` wrote, if it did."""
    if not path.exists():
        return
    state = torch.load(path, map_location="cpu")  # random states live there, whatever the device
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["rng"])
    for tracker, of_tracker in zip(trackers, state["trackers"], strict=True):
        tracker.load_state_dict(of_tracker)
    print(f"goes on after epoch {trackers[0].position.epoch}")


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


def show(profile: ds.Profile, layers: list[str], out: Path) -> pd.DataFrame:
    """Save a profile with its plot and report, and print it: a layer a row."""
    profile.save(out)
    profile.report(out / "report.html")
    figure = profile.plot().get_figure(root=True)
    figure.savefig(out / "hunchback.png", dpi=150, bbox_inches="tight")
    table = profile.to_frame("estimate").pivot(
        index="layer", columns=["method", "model"], values="value"
    )
    print(table.loc[layers].round(1).to_string())
    return table.loc[layers]
