"""The dimension of eight layers while a network learns, in a loop that survives being killed.

Trains a small convolutional network on Fashion-MNIST and measures it at steps 0, 1, 2, 4, ... of
the first epoch and after every epoch. The loop keeps a checkpoint of its own; kill it at any moment
and start it again, and it goes on with the same bits and no tick lost or doubled. About 10
minutes on 2 cores.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from training import (
    accuracy,
    as_tensors,
    parse_options,
    restore_checkpoint,
    save_checkpoint,
)

import dimscope as ds
from dimscope import phases
from dimscope.plots import plot_phase_portrait, plot_step_heatmap, plot_training

LAYERS = ["input", "pool1", "pool2", "relu3", "pool3", "fc_relu1", "fc_relu2", "fc3"]
LAST_HIDDEN = "fc_relu2"
BATCH = 64


def main() -> None:
    options = parse_options(__doc__, "track_fashion_mnist", epochs=8, n_samples=1000)
    torch.manual_seed(options.seed)
    loaded = ds.load_model("fashion_cnn", seed=options.seed)
    model, scale = loaded.model, loaded.preprocess
    images, labels = as_tensors(ds.load_data("fashion_mnist", split="train").transformed(scale))
    test_images, test_labels = as_tensors(ds.load_data("fashion_mnist").transformed(scale))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / "checkpoint.pt"
    probe = test_images[: options.n_samples]
    tracker = ds.Tracker(model, probe, options.out / "run", layers=LAYERS, label="fashion_cnn")
    restore_checkpoint(checkpoint, model, optimizer, tracker)

    with tracker:
        for epoch in range(tracker.position.epoch + 1, options.epochs + 1):
            model.train()
            for batch in torch.randperm(len(images)).split(BATCH):
                logits = model(images[batch])
                loss = nn.functional.cross_entropy(logits, labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                right = (logits.argmax(1) == labels[batch]).float().mean()
                tracker.step(loss=loss, accuracy=right)
            share = accuracy(model, test_images, test_labels)
            tracker.epoch(loss=loss, accuracy=share)
            print(f"  epoch {epoch}: test accuracy {share:.3f}", flush=True)
            save_checkpoint(checkpoint, model, optimizer, tracker)
        show(tracker.profile, options.out)


def show(profile: ds.Profile, out: Path) -> None:
    """Figures, phases, and what tracking cost."""
    figures = {
        "heatmap": plot_step_heatmap(profile, "two_nn"),
        "training": plot_training(profile, "two_nn", layers=["pool1", "pool3", LAST_HIDDEN]),
        "portrait": plot_phase_portrait(profile, "two_nn", layers=["pool3", LAST_HIDDEN]),
    }
    for name, axes in figures.items():
        axes.get_figure(root=True).savefig(out / f"{name}.png", dpi=150, bbox_inches="tight")
    print(phases.through_depth(profile, "two_nn"))
    for layer in LAYERS[1:]:
        print(phases.through_training(profile, layer, "two_nn"))
    facts = profile.provenance["fashion_cnn"]
    ticks = profile.ticks
    training = facts["training_seconds"]
    by_epoch = ticks[ticks["epoch"] > 0]["seconds"].sum()
    print(
        f"{len(ticks)} ticks took {100 * facts['overhead']:.1f} % of {training:.0f} s of training; "
        f"those after each epoch alone {100 * by_epoch / training:.1f} %"
    )


if __name__ == "__main__":
    main()
