"""How right calibrated values are: within a family, on families left out, on sets never seen.

Prints the section of the page as Markdown. Members of the families that the curves were made from
have axes at random, half of them rolled up; the sets here have axes by other laws, with standard
deviations up to a factor of 2 apart, other embeddings, rotations and seeds. About 3 minutes on one
core.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import dimscope as ds
from dimscope.calibration import FAMILIES, PointFamily, member
from dimscope.estimators import NeighborEstimator
from dimscope.estimators.responses import shipped_curves
from dimscope.neighbors import NeighborGraph
from dimscope.results import ResponseCurve

Points = np.ndarray
METHODS: Mapping[str, NeighborEstimator] = {
    "two_nn": ds.TwoNN(),
    "gride": ds.Gride(),
    "levina_bickel": ds.LevinaBickel(),
}
TITLES = {"two_nn": "TwoNN", "gride": "Gride", "levina_bickel": "Levina–Bickel"}
DIMENSIONS = (5, 10, 20, 40, 60)
N_DRAWS = {500: 16, 2_000: 8}
LEFT_OUT_DRAWS = {500: 80, 2_000: 40}
#: Families whose members are alike, left out together: the hardest test of the envelope.
PAIRS: Sequence[tuple[PointFamily, PointFamily]] = (
    ("torus", "curled"),
    ("spectrum", "steep_cube"),
)


class Read(NamedTuple):
    """What the methods read of one set."""

    truth: float
    n_samples: int
    values: Mapping[str, float]


def read(points: Points, truth: float) -> Read:
    graph = NeighborGraph.from_points(points, 20)
    values = {name: float(e.estimate(graph).value or 0) for name, e in METHODS.items()}
    return Read(truth, len(points), values)


# --- sets that were not simulated: axes, embeddings and rotations by other laws


def ramp(rng: np.random.Generator, d: int) -> np.ndarray:
    """Standard deviations that fall evenly, to between all and half of the first."""
    return np.linspace(1, rng.uniform(0.5, 1), d)


def two_levels(rng: np.random.Generator, d: int) -> np.ndarray:
    """Some axes shorter than the others by one factor."""
    return np.where(rng.random(d) < rng.uniform(0.2, 0.8), 1.0, rng.uniform(0.5, 1))


def gamma(rng: np.random.Generator, d: int) -> np.ndarray:
    """Variances of a gamma law of random shape, cut at a quarter of the largest."""
    variances = rng.gamma(np.exp(rng.uniform(np.log(6), np.log(60))), size=d)
    return np.sqrt(np.maximum(variances / variances.max(), 0.25))


AXES = (ramp, two_levels, gamma)


def rotated(rng: np.random.Generator, x: Points) -> Points:
    """Turn a set at random in more features than it needs."""
    width = x.shape[1] + int(rng.integers(1, 60))
    frame = np.linalg.qr(rng.normal(size=(width, x.shape[1])))[0]
    return x @ frame.T


def rippled(rng: np.random.Generator, x: Points) -> Points:
    """Add smooth ripples of small slope in further features."""
    n_ripples = 2 * x.shape[1]
    waves = rng.normal(size=(x.shape[1], n_ripples)) / (np.sqrt(x.shape[1]) * x.std())
    slope = rng.uniform(0.05, 0.25)
    height = slope * np.sqrt(x.shape[1] / n_ripples) * x.std()
    return np.hstack([x, height * np.sin(x @ waves + rng.uniform(0, 2 * np.pi, n_ripples))])


EMBEDDINGS = (rotated, rippled)


def unseen(family: str, rng: np.random.Generator, d: int, n: int) -> Points:
    """A set of a family, with axes and an embedding that were not simulated."""
    axes = AXES[rng.integers(len(AXES))]
    if family == "sphere":
        z = rng.normal(size=(n, d + 1))
        flat = np.sqrt(d + 1) * z / np.linalg.norm(z, axis=1, keepdims=True) * axes(rng, d + 1)
    elif family == "torus":
        angles, radii = rng.uniform(0, 2 * np.pi, (n, d)), axes(rng, d)
        flat = np.hstack([radii * np.cos(angles), radii * np.sin(angles)])
    else:
        flat = {"gaussian": normal, "ball": ball, "cube": cube}[family](rng, d, n) * axes(rng, d)
    return EMBEDDINGS[rng.integers(len(EMBEDDINGS))](rng, flat)


def normal(rng: np.random.Generator, d: int, n: int) -> Points:
    return rng.normal(size=(n, d))


def ball(rng: np.random.Generator, d: int, n: int) -> Points:
    z = rng.normal(size=(n, d))
    return z / np.linalg.norm(z, axis=1, keepdims=True) * rng.random((n, 1)) ** (1 / d)


def cube(rng: np.random.Generator, d: int, n: int) -> Points:
    return rng.random((n, d))


def spheres(rng: np.random.Generator, d: int, n: int) -> Points:
    """A product of spheres of two dimensions."""
    z = rng.normal(size=(n, max(d // 2, 1), 3))
    return (z / np.linalg.norm(z, axis=2, keepdims=True)).reshape(n, -1)


def tanh_net(rng: np.random.Generator, d: int, n: int) -> Points:
    """A Gaussian through a random network of two layers."""
    first, second = rng.normal(size=(d, 4 * d)), rng.normal(size=(4 * d, 4 * d))
    return np.tanh(np.tanh(normal(rng, d, n) @ first / d**0.5) @ second / (4 * d) ** 0.5)


def log_normal(rng: np.random.Generator, d: int, n: int) -> Points:
    return np.exp(0.5 * rng.normal(size=(n, d)))


def laplace(rng: np.random.Generator, d: int, n: int) -> Points:
    return rng.laplace(size=(n, d))


def simplex(rng: np.random.Generator, d: int, n: int) -> Points:
    waits = rng.exponential(size=(n, d + 1))
    return waits / waits.sum(axis=1, keepdims=True)


def steep(exponent: float) -> Callable[[np.random.Generator, int, int], Points]:
    def draw(rng: np.random.Generator, d: int, n: int) -> Points:
        return rng.normal(size=(n, d)) * np.arange(1, d + 1) ** (-exponent / 2)

    return draw


STRANGERS: Mapping[str, Callable[[np.random.Generator, int, int], Points]] = {
    "products of 2-spheres": spheres,
    "tanh network": tanh_net,
    "log-normal axes (0.5)": log_normal,
    "Laplace axes": laplace,
    "simplex": simplex,
    "variances as i^-1": steep(1.0),
    "variances as i^-1.5": steep(1.5),
    "variances as i^-2": steep(2.0),
}


# --- the tables


def curve_of(method: str, n_samples: int, families: Sequence[str]) -> ResponseCurve:
    curves = shipped_curves(method, n_samples) or {}
    chosen = [curves[family] for family in families]
    return chosen[0] if len(chosen) == 1 else ResponseCurve.envelope("any", chosen)


def covers(one: Read, method: str, families: Sequence[str]) -> bool:
    found = curve_of(method, one.n_samples, families).invert(one.values[method])
    return found.low <= one.truth and (found.high is None or one.truth <= found.high)


def within_family() -> Iterator[str]:
    families = ("gaussian", "ball", "cube", "sphere", "torus")
    yield "| method | N | d | raw error | calibrated error | coverage |"
    yield "|---|---|---|---|---|---|"
    for n_samples, n_draws in N_DRAWS.items():
        found = {
            (family, d, i): read(
                unseen(family, np.random.default_rng([3, p, d, i]), d, n_samples), d
            )
            for p, family in enumerate(families)
            for d in DIMENSIONS
            for i in range(n_draws)
        }
        for method in METHODS:
            for d in DIMENSIONS:
                yield _within_row(method, n_samples, d, found)


def _within_row(
    method: str, n_samples: int, d: int, found: Mapping[tuple[str, int, int], Read]
) -> str:
    raw, own, held = [], [], []
    for (family, dimension, _), one in found.items():
        if dimension != d:
            continue
        value = curve_of(method, n_samples, [family]).invert(one.values[method]).value
        raw.append(abs(one.values[method] / d - 1))
        own.append(abs((value or np.inf) / d - 1))
        held.append(covers(one, method, [family]))
    return (
        f"| {TITLES[method]} | {n_samples:,} | {d} | {np.mean(raw):.0%} | {np.mean(own):.1%} "
        f"| {np.mean(held):.0%} |"
    )


def of_families(name: str, draw: Callable[..., Points], place: int) -> list[Read]:
    """Sets of 2 to 200 dimensions, log-uniform."""
    found = []
    for n_samples, n_draws in LEFT_OUT_DRAWS.items():
        for i in range(n_draws):
            rng = np.random.default_rng([4, place, n_samples, i])
            d = round(float(np.exp(rng.uniform(np.log(2), np.log(200)))))
            points = draw(rng, d, n_samples)
            truth = 2 * max(d // 2, 1) if name.startswith("products") else d
            found.append(read(points, truth))
    return found


def left_out() -> Iterator[str]:
    yield f"| left out | {' | '.join(TITLES.values())} |"
    yield "|---|---|---|---|"
    drawn = {
        family: of_families(family, lambda rng, d, n, f=family: member(f, d, n, rng), place)
        for place, family in enumerate(FAMILIES)
    }
    for out in [*((family,) for family in FAMILIES), *PAIRS]:
        others = [family for family in FAMILIES if family not in out]
        reads = [one for family in out for one in drawn[family]]
        yield _coverage_row(" and ".join(out), reads, others)
    yield _coverage_row("none", [one for own in drawn.values() for one in own], list(FAMILIES))


def strangers() -> Iterator[str]:
    yield f"| set | {' | '.join(TITLES.values())} |"
    yield "|---|---|---|---|"
    for place, (name, draw) in enumerate(STRANGERS.items(), start=100):
        yield _coverage_row(name, of_families(name, draw, place), list(FAMILIES))


def _coverage_row(name: str, reads: Sequence[Read], families: Sequence[str]) -> str:
    shares = [np.mean([covers(one, method, families) for one in reads]) for method in METHODS]
    return f"| {name} | {' | '.join(f'{share:.0%}' for share in shares)} |"


def resolved() -> Iterator[str]:
    yield "| N | " + " | ".join(f"{title}: up to (dimensions)" for title in TITLES.values()) + " |"
    yield "|---|---|---|---|"
    for n_samples in (100, 200, 500, 1_000, 2_000, 5_000, 10_000):
        found = [estimator.ceiling(n_samples) for estimator in METHODS.values()]
        cells = ["-" if one is None else f"{one.value:.0f} ({one.dimension:.0f})" for one in found]
        yield f"| {n_samples:,} | {' | '.join(cells)} |"


SECTIONS: Mapping[str, Callable[[], Iterator[str]]] = {
    "Within a family, on sets that were not simulated": within_family,
    'Coverage of `family="any"` on families left out': left_out,
    'Coverage of `family="any"` on sets of no family': strangers,
    "What N points resolve": resolved,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the section there, too")
    options = parser.parse_args()
    lines: list[str] = []
    for title, table in SECTIONS.items():
        for line in [f"### {title}", "", *table(), ""]:
            print(line, flush=True)
            lines.append(line)
    if options.out:
        options.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
