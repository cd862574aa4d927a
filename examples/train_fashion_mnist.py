"""Trained, shuffled labels, untrained: only what a network learned compresses its last layers.

Trains a small convolutional network on Fashion-MNIST twice, with its labels and with shuffled
ones, and profiles both beside the untrained network (claims 2 and 6 of Ansuini et al. 2019).
About 12 minutes on 2 cores.
"""

from __future__ import annotations

import torch
from training import accuracy, as_tensors, parse_options, show, train

import dimscope as ds

LAYERS = ["input", "pool1", "pool2", "pool3", "fc_relu1", "fc_relu2", "fc3"]
LAST_HIDDEN = "fc_relu2"


def main() -> None:
    options = parse_options(__doc__, "fashion_mnist", epochs=8, n_samples=5000)

    def build() -> torch.nn.Module:
        return ds.load_model("fashion_cnn", seed=options.seed).model

    scale = ds.load_model("fashion_cnn").preprocess
    images, labels = as_tensors(ds.load_data("fashion_mnist", split="train").transformed(scale))
    test_images, test_labels = as_tensors(ds.load_data("fashion_mnist").transformed(scale))

    trained, shuffled = build(), build()
    print("training on the labels")
    train(trained, images, labels, epochs=options.epochs, seed=options.seed)
    print(f"test accuracy {accuracy(trained, test_images, test_labels):.3f}")

    print("training on 10,000 shuffled labels, until 95 % are learned by heart")
    generator = torch.Generator().manual_seed(options.seed)
    few = torch.randperm(len(images), generator=generator)[:10_000]
    mixed = labels[few][torch.randperm(10_000, generator=generator)]
    train(shuffled, images[few], mixed, epochs=120, until=0.95)

    networks = {"trained": trained, "shuffled labels": shuffled, "untrained": build()}
    probe = test_images[: options.n_samples]
    both = ds.Profile.join(
        *(ds.profile(net, probe, LAYERS, label=name) for name, net in networks.items())
    )
    table = show(both, LAYERS, options.out)

    last = table.loc[LAST_HIDDEN, "two_nn"]
    holds = last["trained"] < 10 < last["shuffled labels"] < last["untrained"]
    print(f"trained < 10 < shuffled labels < untrained in {LAST_HIDDEN}: {holds}")
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
