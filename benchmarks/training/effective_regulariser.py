"""The effective regulariser by every way, on small networks trained on Fashion-MNIST.

Prints 1/2 Tr(H Sigma) for isotropic noise: at the softmax and the linear readout, where closed
form, Monte Carlo and Hessian-vector products must agree within 5 %; on smooth dense and
convolutional networks, where the last two must; and how Monte Carlo relative to sigma^2 depends on
sigma. It must grow as sigma shrinks on ReLU networks that full-batch training has settled, on the
samples of that training, and on no smooth network; on networks that minibatches trained briefly it
is shown only. Exits with 1 if any of this does not hold.
"""

from __future__ import annotations

import argparse

import torch
from torch import nn

import dimscope as ds
from dimscope.noise import (
    effective_regulariser,
    half_squared_error,
    isotropic_noise,
    scan_sigma,
)

ACTIVATIONS = {"softplus": nn.Softplus, "tanh": nn.Tanh, "gelu": nn.GELU, "relu": nn.ReLU}
SIGMAS = (0.03, 0.01, 1e-3, 1e-4, 1e-5)


def build(kind: str, activation: type[nn.Module], width: int = 32) -> nn.Sequential:
    """A network for images of 1 x 14 x 14 whose last module is its readout."""
    if kind == "dense":
        body = [nn.Flatten(), nn.Linear(196, width), activation(), nn.Linear(width, width)]
    else:
        body = [
            nn.Conv2d(1, 6, 3, padding=1), activation(), nn.AvgPool2d(2),
            nn.Conv2d(6, 12, 3, padding=1), activation(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(108, width),
        ]  # fmt: skip
    return nn.Sequential(*body, activation(), nn.Linear(width, 10))


def images(split: str, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Fashion-MNIST at half of its resolution."""
    data = ds.load_data("fashion_mnist", split=split)
    pairs = [data[i] for i in range(n)]
    pixels = torch.stack([image for image, _ in pairs]).float() / 255
    return nn.functional.avg_pool2d(pixels, 2), torch.tensor([label for _, label in pairs])


def train(model: nn.Module, x: torch.Tensor, y: torch.Tensor, loss_fn, epochs: int) -> None:
    """Adam at 3e-3, batches of 64, then the readout's own decay of the rate."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss_fn(model(x[rows]), y[rows]).backward()
            optimizer.step()
        schedule.step()


def settle(model: nn.Module, x: torch.Tensor, y: torch.Tensor, steps: int) -> None:
    """Adam on all samples at once, the rate falling to zero: to a minimum, in float64.

    Where descent crosses the kink of a sample again and again, the minimum lies on that kink.
    """
    model.double()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (1 - step / steps) ** 2)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def at_kinks(model: nn.Sequential, x: torch.Tensor, within: float = 1e-5) -> int:
    """How many preactivations of ReLUs are zero but for ``within``."""
    inputs = [model[:i](x) for i, module in enumerate(model) if isinstance(module, nn.ReLU)]
    return sum(int((h.abs() < within).sum()) for h in inputs)


def show(name: str, values: dict[str, float], within: tuple[str, ...], limit: float = 0.05) -> bool:
    """Print a row; whether the ways named agree within the limit."""
    cells = "  ".join(f"{form} {value:.5g}" for form, value in values.items())
    seen = [values[form] for form in within]
    gap = max(seen) / min(seen) - 1 if min(seen) > 0 else float("inf")
    print(f"{name:28s} {cells}   {' = '.join(within)} within {gap:.1%}", flush=True)
    return gap <= limit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-train", type=int, default=5000)
    parser.add_argument("--n-samples", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--n-settled", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--n-draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    x, y = images("train", options.n_train)
    onehot = nn.functional.one_hot(y, 10).float()
    probe, labels = x[: options.n_samples], y[: options.n_samples]
    cross_entropy = nn.functional.cross_entropy
    holds = True

    trained = {}
    for kind in ("dense", "conv"):
        for name, activation in ACTIVATIONS.items():
            trained[kind, name] = build(kind, activation)
            train(trained[kind, name], x, y, cross_entropy, options.epochs)
    linear = build("dense", nn.Softplus)
    train(linear, x, onehot, half_squared_error, options.epochs)

    print("readouts of trained networks, sigma = 0.01, on their features")
    cases = {
        "softmax, dense softplus": (trained["dense", "softplus"], cross_entropy, labels),
        "softmax, conv relu": (trained["conv", "relu"], cross_entropy, labels),
        "linear, dense softplus": (linear, half_squared_error, onehot[: options.n_samples]),
    }
    for name, (model, loss_fn, targets) in cases.items():
        features, readout = model[:-1](probe).detach(), model[-1]
        found = effective_regulariser(
            readout, loss_fn, (features, targets), isotropic_noise(readout, 0.01), n_draws=2000,
            chunk_size=1000,
        )  # fmt: skip
        values = {form: estimate.value for form, estimate in found.estimates.items()}
        holds &= show(name, values, ("monte_carlo", "hessian", "readout"))

    print("whole networks, sigma = 0.003, the same draws for Monte Carlo and Hessian")
    for (kind, name), model in trained.items():
        found = effective_regulariser(
            model, cross_entropy, (probe, labels), isotropic_noise(model, 0.003),
            n_draws=options.n_draws, chunk_size=1000, forms=["monte_carlo", "hessian"],
        )  # fmt: skip
        values = {form: estimate.value for form, estimate in found.estimates.items()}
        newton = effective_regulariser(
            model, cross_entropy, (probe[:100], labels[:100]), isotropic_noise(model, 0.003),
            n_draws=options.n_draws, forms=["hessian", "gauss_newton"],
        )  # fmt: skip
        part = {form: estimate.value for form, estimate in newton.estimates.items()}
        agrees = show(f"{kind} {name}", values, ("monte_carlo", "hessian"))
        holds &= agrees or name == "relu"
        print(
            f"{'':28s} on 100 samples: gauss_newton {part['gauss_newton']:.5g}, hessian "
            f"{part['hessian']:.5g}, gap {part['gauss_newton'] / part['hessian'] - 1:+.1%}"
        )

    print("Monte Carlo / sigma^2 against sigma, and the Hessian's 1/2 Tr H")
    settled = images("train", options.n_settled)
    few = settled[0].double(), settled[1]
    scans = [
        (f"{kind} {name}, brief", trained[kind, name].double(), (probe.double(), labels))
        for kind, name in (("dense", "softplus"), ("dense", "relu"), ("conv", "relu"))
    ]
    for name in ("softplus", "relu"):
        model = build("dense", ACTIVATIONS[name], width=8)
        settle(model, *few, options.steps)
        scans.append((f"dense {name}, settled", model, few))
    for name, model, data in scans:
        scan = scan_sigma(
            model, cross_entropy, data, SIGMAS, n_draws=options.n_draws, chunk_size=1000
        )
        cells = "  ".join(f"{s:g}: {v:.4g}" for s, v in zip(scan.sigmas, scan.values, strict=True))
        loss = cross_entropy(model(data[0]), data[1]).item()
        print(
            f"{name:28s} {cells}  hessian {scan.hessian:.4g}  grows {scan.grows}  (loss "
            f"{loss:.3g}, {at_kinks(model, data[0])} at kinks)", flush=True,
        )  # fmt: skip
        if "softplus" in name or "settled" in name:
            holds &= scan.grows == ("relu" in name)
    print(f"all of this holds: {holds}")
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
