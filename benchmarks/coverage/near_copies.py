"""What near copies do: right values on sets with them, and false alarms on sets without.

``python -m benchmarks.coverage.near_copies`` prints two tables in about a minute. The first
repeats a tenth of the rows of sets of known dimension with noise; the second looks for near copies
in all of `dimscope.manifolds` and in eleven layers of a network that it trains on scikit-learn's
digits, where there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

import dimscope as ds
from dimscope.manifolds import HELD_OUT, MANIFOLDS, make_manifold

N = 1000
NOISES = (1e-7, 1e-5, 1e-3, 1e-2, 0.1)  # of the median distance to the nearest
METHODS = ("two_nn", "two_nn_mle", "levina_bickel")
DRAWS = {60: 10, 300: 10, 1000: 5, 3000: 1}  # of each set without copies, by its points
N_EPOCHS = 20


def waves(rng: np.random.Generator, n: int) -> np.ndarray:
    """Three dimensions, bent into 40."""
    return np.sin(rng.normal(size=(n, 3)) @ rng.normal(size=(3, 40)))


def torus(rng: np.random.Generator, n: int) -> np.ndarray:
    """Two dimensions in four."""
    angles = rng.uniform(0, 2 * np.pi, (n, 2))
    return np.hstack([np.cos(angles), np.sin(angles)])


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    """Twenty dimensions."""
    return rng.normal(size=(n, 20))


def line(rng: np.random.Generator, n: int) -> np.ndarray:
    """One dimension in ten."""
    return rng.random((n, 1)) * rng.normal(size=(1, 10))


def repeated(x: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """The rows, and a tenth of them again, ``noise`` of the usual nearest distance away."""
    nearest = np.median(ds.NeighborGraph.from_points(x, 1).distances)
    n, width = len(x) // 10, x.shape[1]
    step = noise * nearest / np.sqrt(width) * rng.normal(size=(n, width))
    return np.vstack([x, x[:n] + step]).astype(np.float32)


def with_copies() -> None:
    """Print what is found of 100 near copies, and the values, beside those of the rows alone."""
    print(f"| set | noise | found of {N // 10} | " + " | ".join(METHODS) + " |")
    print("|---|---|---|" + "---|" * len(METHODS))
    for make in (line, torus, waves, normal):
        rng = np.random.default_rng(0)
        x = make(rng, N)
        for noise in (0.0, *NOISES):
            points = repeated(x, noise, rng) if noise else x.astype(np.float32)
            set_aside = ds.estimate(points, METHODS, errors="own")
            kept = ds.estimate(points, METHODS, errors="own", duplicates="keep")
            first = set_aside[METHODS[0]]
            found = first.n_duplicates + (first.n_near_copies or 0)
            values = [f"{set_aside[m].value:.2f} (kept: {kept[m].value:.2f})" for m in METHODS]
            print(f"| {make.__name__} | {noise:.0e} | {found} | " + " | ".join(values) + " |")


def manifolds() -> Iterator[tuple[str, np.ndarray]]:
    """Random samples of all sets but the lattice, whose points repeat each other exactly."""
    for name in sorted({*MANIFOLDS, *HELD_OUT} - {"lattice"}):
        made, parameters = HELD_OUT.get(name, (name, {}))
        made = make_manifold(made, **parameters)
        for n, n_draws in DRAWS.items():
            for seed in range(n_draws):
                yield name, made.sample(n, rng=seed)


def layers() -> Mapping[str, np.ndarray]:
    """The layers of a network that was trained on digits."""
    import torch
    from sklearn.datasets import load_digits
    from torch import nn

    pixels, labels = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    targets = torch.tensor(labels)
    torch.manual_seed(0)
    conv = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()]
    dense = [nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 64), nn.Tanh(), nn.Linear(64, 10)]
    net = nn.Sequential(*conv, nn.MaxPool2d(2), nn.Flatten(), *dense)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    for _ in range(N_EPOCHS):
        for batch in torch.randperm(len(images)).split(64):
            loss = nn.functional.cross_entropy(net(images[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    found, values = {}, images
    with torch.no_grad():
        for place, part in enumerate(net):
            values = part(values)
            found[f"{place} {type(part).__name__}"] = values.flatten(1).numpy()
    return found


def says_some(x: np.ndarray) -> bool:
    """Whether near copies are found."""
    return bool(ds.NeighborGraph.from_points(x, 2).n_near_copies)


def without_copies() -> None:
    """Print how many sets without near copies are said to have some."""
    drawn = [f"{name} (N = {len(x)})" if says_some(x) else "" for name, x in manifolds()]
    trained = [name if says_some(x) else "" for name, x in layers().items()]
    for what, alarms in (("samples of manifolds", drawn), ("trained layers", trained)):
        named = [alarm for alarm in alarms if alarm]
        print(f"{len(named)} of {len(alarms)} {what} are said to have some {', '.join(named)}")


def main() -> None:
    """Print both tables."""
    with_copies()
    without_copies()


if __name__ == "__main__":
    main()
