"""Two phases through training on CIFAR-10, beside the published curves of VGG-16.

Early and middle layers expand, final ones compress; the last hidden layer compresses within the
first epoch and then slowly expands (claim 8 of Ansuini et al. 2019). `--device cuda` trains VGG-16;
without a GPU, a smaller network of the same style shows the same in about 10 minutes of one core.

Two trackers stand side by side in one training run, where the published curves are of two runs: one
measures all layers before training and after every epoch, the other the last hidden layer every 30
iterations up to iteration 2,940 and, in the first epoch, at 1, 2, 4, 8, ... too. Both measure the
same test images. The loop survives kills.

SGD with momentum 0.9, batches of 128 (the rest of an epoch is dropped: 390 iterations, as
published), cosine decay of the learning rate over the epochs (or over `--max-seconds`, where these
end first), weight decay, random crops after padding by 4, and random flips. On CUDA in bfloat16;
what is measured is computed in float32.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from dynamics import Network, draw, judge
from torch import nn
from training import accuracy, as_tensors, make_parser, restore_checkpoint, save_checkpoint

import dimscope as ds

NETWORKS = {
    "vgg16_cifar": Network(
        name="vgg16_cifar",
        # the published depths 0, 2, 4, 7, 10, 13, 14, 15 in convolutions and linear maps, and 16
        depths={
            "input": 0,
            "pool1": 2,
            "pool2": 4,
            "pool3": 7,
            "pool4": 10,
            "pool5": 13,
            "fc_relu1": 14,
            "fc_relu2": 15,
            "fc3": 16,
        },
        expanding=("pool1", "pool2", "pool3"),
        compressing=("pool5", "fc_relu1", "fc_relu2"),
    ),
    "cifar_cnn": Network(
        name="cifar_cnn",
        # nine of these in all: the layers nearest to the published relative depths
        depths={
            "input": 0,
            "relu1": 1,
            "pool1": 2,
            "pool2": 4,
            "pool3": 6,
            "fc_relu1": 7,
            "fc_relu2": 8,
            "fc3": 9,
        },
        expanding=("relu1", "pool1", "pool2"),
        compressing=("fc_relu1", "fc_relu2"),
    ),
}
LAST_HIDDEN = "fc_relu2"
BATCH = 128
PADDING = 4
LAST_STEP = 2940
FINE_STEPS = [1, 2, 4, 8, 16, 32, 64, 128, 256]


def main() -> None:
    started = time.monotonic()
    options = parse()
    network = NETWORKS[options.network]
    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False  # what is measured is float32

    data = load(options)
    model = ds.load_model(network.name, seed=options.seed).model.to(options.device)
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=options.lr, momentum=0.9, weight_decay=options.weight_decay
    )
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / "checkpoint.pt"
    probe = data.test_images[: options.n_samples].cpu()
    by_epoch, by_iteration = trackers = make_trackers(model, probe, network, options)
    restore_checkpoint(checkpoint, model, optimizer, *trackers)

    with by_epoch, by_iteration:
        epoch = by_epoch.position.epoch
        longest = 0.0
        while epoch < options.epochs:
            since = time.monotonic()
            if since - started + longest > options.max_seconds:
                print(f"stops after epoch {epoch}: {options.max_seconds:g} s are nearly over")
                break
            done = max(epoch / options.epochs, (since - started) / options.max_seconds)
            set_learning_rate(optimizer, options.lr, done)
            model.train()
            for images, labels in data.batches():
                loss = train_step(model, optimizer, images, labels)
                by_epoch.step(loss=loss)
                by_iteration.step(loss=loss)
            epoch += 1
            share = accuracy(model, data.test_images, data.test_labels)
            by_epoch.epoch(accuracy=share)
            by_iteration.epoch(accuracy=share)
            if epoch % options.checkpoint_epochs == 0:
                save_checkpoint(checkpoint, model, optimizer, *trackers)
            now = time.monotonic()
            longest = max(longest, now - since)
            print(
                f"  epoch {epoch}: test accuracy {share:.3f}, {now - since:.1f} s, "
                f"{now - started:.0f} s in all",
                flush=True,
            )
        save_checkpoint(checkpoint, model, optimizer, *trackers)
        epochs, iterations = by_epoch.profile, by_iteration.profile

    draw(epochs, iterations, network, LAST_HIDDEN, options.out)
    for run, profile in (("all layers", epochs), ("last hidden layer", iterations)):
        facts = profile.provenance[network.name]
        print(
            f"{run}: {len(profile.ticks)} ticks, {facts['tick_seconds']:.0f} s of "
            f"{facts['tick_seconds'] + facts['training_seconds']:.0f} s"
        )
    holds = judge(epochs, iterations, network, LAST_HIDDEN, data.steps_per_epoch)
    raise SystemExit(0 if holds else 1)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__, "cifar10_dynamics", epochs=0, n_samples=2000)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--network", choices=NETWORKS, help="by default what the device can train")
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--n-train", type=int, default=50_000)
    parser.add_argument("--n-test", type=int, default=10_000)
    parser.add_argument("--search", help="device of the neighbour search; no number changes")
    parser.add_argument(
        "--max-seconds", type=float, default=math.inf, help="no epoch begins that would exceed it"
    )
    parser.add_argument("--checkpoint-epochs", type=int, default=1)
    options = parser.parse_args()
    on_gpu = options.device == "cuda"
    options.network = options.network or ("vgg16_cifar" if on_gpu else "cifar_cnn")
    options.epochs = options.epochs or (40 if on_gpu else 5)
    return options


@dataclass(frozen=True, kw_only=True)
class Data:
    """All images on one device: training ones as padded bytes, test ones as the network gets them.

    Attributes
    ----------
    padded, labels
        Of shape (n, 3, 40, 40) and (n,).
    mean, std
        Of the training images, by channel, of shape (1, 3, 1, 1).
    test_images, test_labels
        Standardised, of shape (n, 3, 32, 32) and (n,).
    """

    padded: torch.Tensor
    labels: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor

    @property
    def steps_per_epoch(self) -> int:
        return len(self.labels) // BATCH

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """An epoch of whole batches of shifted and flipped images, in random order.

        Everything random is drawn on the CPU, whose random state the checkpoint has, and moved to
        the device once an epoch.
        """
        n, device = len(self.labels), self.labels.device
        order = torch.randperm(n).to(device)
        corners = torch.randint(2 * PADDING + 1, (2, n)).to(device)
        flips = (torch.rand(n) < 0.5).to(device)
        span = torch.arange(32, device=device)
        channels = torch.arange(3, device=device)[:, None, None]
        for i in range(0, self.steps_per_epoch * BATCH, BATCH):
            chosen, (top, left) = order[i : i + BATCH], corners[:, i : i + BATCH, None]
            columns = left + torch.where(flips[i : i + BATCH, None], 31 - span, span)
            images = self.padded[
                chosen[:, None, None, None],
                channels,
                (top + span)[:, None, :, None],
                columns[:, None, None, :],
            ]
            images = (images.float() - self.mean) / self.std
            yield images.contiguous(memory_format=torch.channels_last), self.labels[chosen]


def load(options: argparse.Namespace) -> Data:
    device = options.device
    images, labels = as_tensors(ds.load_data("cifar10", split="train"))
    test_images, test_labels = as_tensors(ds.load_data("cifar10"))
    images, labels = images[: options.n_train].to(device), labels[: options.n_train].to(device)
    test_images, test_labels = test_images[: options.n_test], test_labels[: options.n_test]
    # a channel at a time: the images as floating-point numbers would take 4 times the memory
    channels = [images[:, c].float() for c in range(3)]
    mean = torch.stack([channel.mean() for channel in channels]).reshape(1, 3, 1, 1)
    std = torch.stack([channel.std() for channel in channels]).reshape(1, 3, 1, 1)
    return Data(
        padded=nn.functional.pad(images, (PADDING,) * 4),
        labels=labels,
        mean=mean,
        std=std,
        test_images=(test_images.to(device).float() - mean) / std,
        test_labels=test_labels.to(device),
    )


def make_trackers(
    model: nn.Module, probe: torch.Tensor, network: Network, options: argparse.Namespace
) -> tuple[ds.Tracker, ds.Tracker]:
    """One of all layers by epoch, and one of the last hidden layer by iteration."""

    def tracker(name: str, layers: list[str], schedule: object) -> ds.Tracker:
        return ds.Tracker(
            model,
            probe,
            options.out / name,
            layers=layers,
            schedule=schedule,
            methods="two_nn",
            label=network.name,
            batch_size=500,
            device=options.search,
        )

    steps = sorted({*range(0, LAST_STEP + 1, 30), *FINE_STEPS})
    return (
        tracker("epochs", list(network.depths), "epochs"),
        tracker("iterations", [LAST_HIDDEN], steps),
    )


def train_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """One step of the optimiser; the loss before it."""
    with torch.autocast("cuda", torch.bfloat16, enabled=images.is_cuda):
        loss = nn.functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float, done: float) -> None:
    """Cosine decay from ``lr`` to 0, by the share of the training that is done."""
    for group in optimizer.param_groups:
        group["lr"] = lr * 0.5 * (1 + math.cos(math.pi * done))


if __name__ == "__main__":
    main()
