"""The Gaussian surrogate of real layers against N, right and as published.

Figure 5 of Ansuini et al. (2019) has the dimension of a layer and of a Gaussian with the layer's
covariance, by TwoNN, at 500 to 9,500 images. Here the same is measured of layers of
EfficientNet-Lite0, with the Gaussian as it should be and as their code draws it (see
`dimscope.surrogate`), and both Gaussians are drawn from the spectrum that they published. About
5 minutes of one core; what was measured is kept, and the figure is drawn again from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import dimscope as ds
from benchmarks.belief.layers import EARLY, FOLDER, LAST_HIDDEN, layer
from benchmarks.shared.markdown import MISSING, table
from benchmarks.shared.messages import say
from benchmarks.shared.paths import DOCS
from dimscope.controls import surrogate_draws
from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini.linearised import gaussian_of_vgg16, standardised

PUBLISHED = published_figure("curvature_B")["values"]  # N, data, Gaussian
KEPT = FOLDER / "gaussian_surrogate.json"
FIGURE = DOCS / "images" / "gaussian_surrogate.png"
SIZES = [500, 1000, 2000, 4000, 6000, 8000, 9500]
VGG = "VGG-16 spectrum"
AT_SPECTRUM = 2000  # images, nominally: the spectrum is of 2,016
MOST_BLOCKS = 5

#: What is measured, by the name it has in the table: the points to read, of some rows of a layer.
Draw = Callable[[np.ndarray, int], np.ndarray]
Row = dict[str, Any]


def gaussian(x: np.ndarray, seed: int) -> np.ndarray:
    """In principal coordinates, which have the distances of `dimscope.surrogate`."""
    return next(surrogate_draws(x, rng=seed))[1]


DRAWS: dict[str, Draw] = {
    "data": lambda x, _: x,
    "surrogate": gaussian,
    "standardised": lambda x, seed: gaussian(standardised(x), seed),
    "as published": lambda x, seed: ds.surrogate(x, paper=True, rng=seed),
}


def n_blocks(name: str, n: int) -> int:
    """How many disjoint blocks of n random images are measured: up to 5."""
    return 1 if name == VGG else min(MOST_BLOCKS, len(layer(name)) // n)


def tasks() -> Iterator[tuple[str, int, str, int]]:
    """Layer, N, what is drawn, and the number of the block; the cheap ones first."""
    for n in SIZES:
        for name in (LAST_HIDDEN, EARLY):
            for block in range(n_blocks(name, n)):
                yield from ((name, n, draw, block) for draw in DRAWS)
    yield from ((VGG, AT_SPECTRUM, draw, 0) for draw in ("surrogate", "as published"))


def measure(name: str, n: int, draw: str, block: int) -> ds.DimensionEstimate:
    """TwoNN, the linear fit, as published; all draws are of the same images."""
    if name == VGG:
        points = gaussian_of_vgg16(as_published=draw == "as published", seed=block)
    else:
        order = np.random.default_rng(0).permutation(len(layer(name)))
        points = DRAWS[draw](layer(name)[np.sort(order[block * n : (block + 1) * n])], block)
    return ds.estimate(points, errors="own")


def measured() -> list[dict[str, Any]]:
    """Every estimate, from the file of those that were kept or made now."""
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else []
    done = {(row["layer"], row["n"], row["draw"], row["block"]) for row in kept}
    for name, n, draw, block in (task for task in tasks() if task not in done):
        found = measure(name, n, draw, block)
        say(f"{name}, block {block}, {draw}: {found}")
        values = {"value": found.value, "stderr": found.stderr, "notes": list(found.notes)}
        kept.append({"layer": name, "n": n, "draw": draw, "block": block} | values)
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(kept, indent=1), "utf-8")
    return kept


def curve(rows: Sequence[Row], name: str, draw: str) -> np.ndarray:
    """Columns N, mean, and error of one block: the scatter of 3 or more, or else from theory."""
    found = []
    for n in SIZES:
        chosen = [r for r in rows if (r["layer"], r["draw"], r["n"]) == (name, draw, n)]
        if chosen:
            values = [row["value"] for row in chosen]
            error = np.std(values, ddof=1) if len(values) > 2 else chosen[0]["stderr"]
            found.append((n, np.mean(values), error))
    return np.array(found)


TITLES = {
    VGG: "VGG-16, published (lines), and from its published spectrum (marks)",
    LAST_HIDDEN: "EfficientNet-Lite0, last hidden layer",
    EARLY: "EfficientNet-Lite0, block 4",
}
LOOKS = {
    "data": ("data", "#0072B2", "o"),
    "surrogate": ("Gaussian, right", "#009E73", "s"),
    "standardised": ("Gaussian of standardised data, right", "#56B4E9", "D"),
    "as published": ("Gaussian as published", "#D55E00", "^"),
}


def as_table(rows: Sequence[Row]) -> str:
    """A table for each network: N along the lines, data and Gaussians along the columns."""
    tables = [f"{TITLES[VGG]}\n\n{_published_table(rows)}"]
    for name in (LAST_HIDDEN, EARLY):
        curves = {label: curve(rows, name, draw) for draw, (label, *_) in LOOKS.items()}
        lines = [
            [f"{n:,.0f}", *(_cell(found, n) for found in curves.values())]
            for n in next(iter(curves.values()))[:, 0]
        ]
        tables.append(f"{TITLES[name]}\n\n{table(['N', *curves], lines)}")
    return "\n\n".join(tables)


def _published_table(rows: Sequence[Row]) -> str:
    head = ["N", "data, published", "Gaussian, published", "its spectrum, as published"]
    wrong, right = (curve(rows, VGG, draw) for draw in ("as published", "surrogate"))
    published = {n: values for n, *values in PUBLISHED}
    lines = [
        [f"{n:,}", *(f"{value:.1f}" for value in published[n]), _cell(wrong, n), _cell(right, n)]
        for n in SIZES
    ]
    return table([*head, "its spectrum, right"], lines)


def _cell(found: np.ndarray, n: float) -> str:
    return next((f"{value:.1f} ± {error:.1f}" for at, value, error in found if at == n), MISSING)


def draw_figure(rows: Sequence[Row]) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, 3, figsize=(12, 4), sharex=True, sharey=True, layout="constrained"
    )
    for ax, (name, title) in zip(axes, TITLES.items(), strict=True):
        for draw, (label, color, marker) in LOOKS.items():
            found = curve(rows, name, draw)
            if len(found):
                style = {"fmt": marker if name == VGG else f"{marker}-", "color": color}
                ax.errorbar(*found.T[:2], yerr=1.96 * found[:, 2], label=label, ms=5, **style)
        if name == VGG:
            n, *columns = np.transpose(PUBLISHED)
            for column, draw in zip(columns, ("data", "as published"), strict=True):
                ax.plot(n, column, color=LOOKS[draw][1], alpha=0.6)
        ax.set(xscale="log", yscale="log", xlabel="images")
        ax.set_title(title.replace(", and", ",\nand"), fontsize=10)
        ax.set_xticks([500, 1000, 2000, 4000, 9500], ["500", "1,000", "2,000", "4,000", "9,500"])
        ax.set_yticks([20, 50, 100, 200], ["20", "50", "100", "200"])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("dimension (TwoNN)")
    axes[2].legend(*axes[1].get_legend_handles_labels(), fontsize=8, loc="lower right")
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, dpi=110)


def main() -> None:
    rows = measured()
    print(as_table(rows))
    draw_figure(rows)


if __name__ == "__main__":
    main()
