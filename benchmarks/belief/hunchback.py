"""Who makes a hunchback: natural images, families of known dimension, and surrogates.

EfficientNet-Lite0, trained and untrained, is shown CIFAR-10 images, families of one photograph,
smooth random maps, the matched controls, and the images with random phases. For each sample the
page docs/belief.md has what TwoNN reads layer by layer, and for each family its tangent spectra.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.belief.figure import draw
from benchmarks.belief.names import short, title
from benchmarks.belief.runs import NETWORKS, profile_of
from benchmarks.belief.samples import Size
from benchmarks.belief.tangents import tangents_of_family
from benchmarks.shared.markdown import table, write_section
from benchmarks.shared.paths import DOCS

FAMILIES = ("affine_d1", "affine_d2", "affine_d4", "affine_d8", "smooth_d4", "smooth_d16",
            "smooth_d64", "smooth_matched", "picture_matched")  # fmt: skip
SAMPLES = ("data", "phases", *FAMILIES)
SMOOTHNESS = ("smooth_d16_x0.5", "smooth_d16", "smooth_d16_x2", "smooth_d64_x0.5", "smooth_d64",
              "smooth_d64_x2", "affine_d8_x0.5", "affine_d8", "affine_d8_x2")  # fmt: skip

#: Families of so few dimensions that further draws say the same.
_REPLICATES = {"affine_d1": 2, "affine_d2": 2}
NUMBERS = ("data", "smooth_matched", "smooth_d64", "affine_d8", "phases")
_BY_NUMBER = ("estimate", "decimation")


def readings(size: Size, samples: Sequence[str], replicates: int, method: str) -> pd.DataFrame:
    """What a method reads: columns model, sample, replicate, layer, index, value, stderr."""
    frames = []
    for model in NETWORKS:
        for sample in samples:
            for replicate in range(min(replicates, _REPLICATES.get(sample, replicates))):
                frame = profile_of(size, model, sample, replicate).to_frame("estimate")
                own = frame[frame["method"] == method]
                frames.append(
                    own.assign(model=model, sample=sample, replicate=replicate)[
                        ["model", "sample", "replicate", "layer", "layer_index", "value", "stderr"]
                    ]
                )
    return pd.concat(frames, ignore_index=True)


def summarised(found: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over the replicates."""
    keys = ["model", "sample", "layer", "layer_index"]
    grouped = found.groupby(keys, sort=False)["value"]
    return grouped.agg(["mean", "std", "min", "max"]).reset_index()


def markdown(found: pd.DataFrame, samples: Sequence[str]) -> str:
    """A table for each network: a row for each sample, a column for each layer."""
    parts = []
    summary = summarised(found)
    for model in NETWORKS:
        own = summary[summary["model"] == model]
        layers = list(dict.fromkeys(own.sort_values("layer_index")["layer"]))
        rows = []
        for sample in samples:
            cells = own[own["sample"] == sample].set_index("layer")
            shown = [_shown(cells["mean"][n], cells["std"][n]) for n in layers]
            rows.append([title(sample), *shown, rise(found, model, sample)])
        head = [model, *(short(name) for name in layers), "largest rise"]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def _shown(mean: float, spread: float) -> str:
    return f"{mean:.1f}" if np.isnan(spread) else f"{mean:.1f} ± {spread:.1f}"


def numbers(size: Size, samples: Sequence[str]) -> str:
    """TwoNN at the input and at its highest layer on N, N/2, ... points, and the rise between."""
    rows = []
    for model in NETWORKS:
        for sample in samples:
            frame = profile_of(size, model, sample, 0).to_frame()
            own = frame[(frame["method"] == "two_nn") & frame["curve"].isin(_BY_NUMBER)]
            whole = own[own["curve"] == "estimate"].set_index("layer")["value"]
            first, peak = whole.index[0], whole.idxmax()
            cells = []
            for _, of_n in own.groupby("n_samples"):
                values = of_n.set_index("layer")["value"]
                low, high = values[first], values[peak]
                cells.append(f"{low:.1f} to {high:.1f} (x {high / low:.2f})")
            rows.append([f"{title(sample)}, {model}", short(peak), *cells])
    counts = [str(n) for n in sorted(own["n_samples"].unique())]
    return table(["input to highest layer", "highest", *(f"N = {n}" for n in counts)], rows)


def rise(found: pd.DataFrame, model: str, sample: str) -> str:
    """By what factor the estimate rises from the input to its highest layer, over replicates."""
    own = found[(found["model"] == model) & (found["sample"] == sample)]
    factors = []
    for _, one in own.groupby("replicate"):
        values = one.sort_values("layer_index")["value"].to_numpy()
        factors.append(np.nanmax(values) / values[0])
    if len(factors) == 1:
        return f"x {factors[0]:.2f}"
    return f"x {np.mean(factors):.2f} ({min(factors):.2f} to {max(factors):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=128)
    parser.add_argument("--n-samples", type=int, default=500)
    parser.add_argument("--replicates", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write into docs/")
    options = parser.parse_args()
    size = Size(options.pixels, options.n_samples)
    found = readings(size, SAMPLES, options.replicates, "two_nn")
    section = markdown(found, SAMPLES)
    smoothness = markdown(readings(size, SMOOTHNESS, 1, "two_nn"), SMOOTHNESS)
    by_number = numbers(size, NUMBERS)
    spectra = {(m, s): tangents_of_family(size, m, s) for m in NETWORKS for s in FAMILIES}
    print(section, smoothness, by_number, sep="\n\n")
    figure = draw(summarised(found), spectra, SAMPLES)
    target = DOCS / "images" / "belief.png"
    figure.savefig(target, dpi=140, bbox_inches="tight")
    if options.write:
        write_section(DOCS / "belief.md", "hunchback", section)
        write_section(DOCS / "belief.md", "smoothness", smoothness)
        write_section(DOCS / "belief.md", "numbers", by_number)


if __name__ == "__main__":
    main()
