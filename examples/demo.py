"""The main job: an ImageNet network and its untrained twin, measured layer by layer.

Profiles EfficientNet-Lite0 on 500 CIFAR-10 test images, and on inputs of known dimension that are
matched to them. Prints both hunchbacks, writes a plot and an interactive report, and ends with what
can be believed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

import dimscope as ds
from dimscope.cli.output import note_remarks, print_table, print_verdicts, shown
from dimscope.errors import DataError

MODEL = "efficientnet_lite0"


def load_images(n_samples: int, seed: int) -> ds.NamedData:
    """CIFAR-10, or crops of natural photographs where it cannot be had."""
    try:
        return ds.load_data("cifar10", n_samples=n_samples, rng=seed, notify=say)
    except DataError as error:
        say(f"CIFAR-10 cannot be had ({error}); using crops of natural photographs instead")
        return ds.load_data("photo_crops", n_samples=n_samples, rng=seed)


def say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-output"))
    parser.add_argument("--n-samples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.perf_counter()

    images = load_images(options.n_samples, options.seed)
    say(f"data: {images.origin}")
    profiles = []
    for untrained in (False, True):
        loaded = ds.load_model(MODEL, untrained=untrained, rng=options.seed)
        say(f"model: {loaded.origin}")
        folder = options.out / ("untrained" if untrained else "trained")
        shutil.rmtree(folder, ignore_errors=True)
        profiles.append(
            ds.profile(
                loaded.model,
                images.transformed(loaded.preprocess),
                label=loaded.label,
                rng=options.seed,
                batch_size=16,
                controls=True,
                out=folder,
            )
        )

    both = ds.Profile.join(*profiles)
    show(both)
    for name, methods in (("hunchback", ["two_nn"]), ("dimensions", None)):
        figure = both.plot(methods).get_figure(root=True)
        figure.savefig(options.out / f"{name}.png", dpi=150, bbox_inches="tight")
    both.report(options.out / "report.html")
    say(f"\n{time.perf_counter() - started:.0f} s in all")
    say(f"plots:  {options.out / 'hunchback.png'}, {options.out / 'dimensions.png'}")
    say(f"report: {options.out / 'report.html'}\n")
    print_verdicts(both)


def show(both: ds.Profile) -> None:
    """The two hunchbacks, a layer a line: intrinsic and linear dimension of each network."""
    frame = both.to_frame("estimate").query("sample == 'data'")
    cells = frame.set_index(["method", "model", "layer"])[["value", "stderr"]]
    columns = [(method, model) for method in ("two_nn", "pca_dimension") for model in both.models]
    rows = [
        [layer, *(shown(*cells.loc[(*column, layer)]) for column in columns)]
        for layer in dict.fromkeys(frame["layer"])
    ]
    kinds = {"two_nn": "ID", "pca_dimension": "PCA 90 %"}
    names = dict(zip(both.models, ("trained", "untrained"), strict=True))
    print_table(["layer", *(f"{kinds[k]}, {names[m]}" for k, m in columns)], rows)
    of_two_nn = both.values[both.values["method"] == "two_nn"]
    for model, values in of_two_nn.groupby("model", sort=False):
        say(f"\nNotes on the {names[model]} network:")
        note_remarks(values)


if __name__ == "__main__":
    main()
