"""The hunchback, learned: a small convolutional network on CIFAR-10, before and after training.

The intrinsic dimension rises well above the input's inside the trained network and falls far below
it in the last hidden layer (claims 1 to 3 of Ansuini et al. 2019). About 12 minutes on 2 cores.
"""

from __future__ import annotations

from training import accuracy, as_tensors, parse_options, show, train

import dimscope as ds

LAYERS = [
    "input",
    "relu1",
    "pool1",
    "relu3",
    "pool2",
    "relu5",
    "pool3",
    "fc_relu1",
    "fc_relu2",
    "fc3",
]
LAST_HIDDEN = "fc_relu2"


def main() -> None:
    options = parse_options(__doc__, "cifar10", epochs=5, n_samples=3000)

    scale = ds.load_model("cifar_cnn").preprocess
    images, labels = as_tensors(ds.load_data("cifar10", split="train").transformed(scale))
    test_images, test_labels = as_tensors(ds.load_data("cifar10").transformed(scale))
    mean, std = images.mean((0, 2, 3), keepdim=True), images.std((0, 2, 3), keepdim=True)
    images, test_images = (images - mean) / std, (test_images - mean) / std

    trained = ds.load_model("cifar_cnn", seed=options.seed).model
    untrained = ds.load_model("cifar_cnn", seed=options.seed).model
    train(trained, images, labels, epochs=options.epochs, seed=options.seed)
    print(f"test accuracy {accuracy(trained, test_images, test_labels):.3f}")

    probe = test_images[: options.n_samples]
    both = ds.Profile.join(
        ds.profile(trained, probe, LAYERS, label="trained"),
        ds.profile(untrained, probe, LAYERS, label="untrained"),
    )
    table = show(both, LAYERS, options.out)

    curve = table[("two_nn", "trained")]
    peak, start, end = curve.max(), curve["input"], curve[LAST_HIDDEN]
    print(f"peak {peak:.1f} in {curve.idxmax()}, input {start:.1f}, last hidden layer {end:.1f}")
    holds = peak > 2 * start and end < 0.5 * start
    print(f"peak over twice the input's and last hidden layer under half of it: {holds}")
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
