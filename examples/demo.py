"""The main job: an ImageNet network and its untrained twin, measured layer by layer.

Profiles EfficientNet-Lite0 on 1,000 CIFAR-10 test images, prints both hunchbacks, and writes a
plot and an interactive report.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

import dimscope as ds
from dimscope.cli.output import print_table, shown
from dimscope.errors import DataError

MODEL = "efficientnet_lite0"


def load_images(n_samples: int, seed: int) -> ds.NamedData:
    """CIFAR-10, or crops of natural photographs where it cannot be had."""
    try:
        return ds.load_data("cifar10", n_samples=n_samples, seed=seed, notify=say)
    except DataError as error:
        say(f"CIFAR-10 cannot be had ({error}); using crops of natural photographs instead")
        return ds.load_data("photo_crops", n_samples=n_samples, seed=seed)


def say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-output"))
    parser.add_argument("--n-samples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.perf_counter()

    images = load_images(options.n_samples, options.seed)
    say(f"data: {images.origin}")
    profiles = []
    for untrained in (False, True):
        loaded = ds.load_model(MODEL, untrained=untrained, seed=options.seed)
        say(f"model: {loaded.origin}")
        folder = options.out / ("untrained" if untrained else "trained")
        shutil.rmtree(folder, ignore_errors=True)
        profiles.append(
            ds.profile(
                loaded.model,
                images.transformed(loaded.preprocess),
                label=loaded.label,
                rng=options.seed,
                batch_size=32,
                out=folder,
            )
        )

    both = ds.Profile.join(*profiles)
    show(both)
    figure = both.plot().get_figure(root=True)
    figure.savefig(options.out / "hunchback.png", dpi=150, bbox_inches="tight")
    both.report(options.out / "report.html")
    say(f"\n{time.perf_counter() - started:.0f} s in all")
    say(f"plot:   {options.out / 'hunchback.png'}")
    say(f"report: {options.out / 'report.html'}")


def show(both: ds.Profile) -> None:
    """The two hunchbacks, a layer a line: TwoNN and the participation ratio."""
    frame = both.to_frame("estimate")
    columns = [(model, method) for model in both.models for method in ("two_nn", "pca_dimension")]
    cells = frame.set_index(["layer", "model", "method"])[["value", "stderr"]]
    rows = [
        [layer, *(shown(*cells.loc[(layer, *column)]) for column in columns)]
        for layer in dict.fromkeys(frame["layer"])
    ]
    print_table(["layer", *(f"{method} {model}" for model, method in columns)], rows)


if __name__ == "__main__":
    main()
