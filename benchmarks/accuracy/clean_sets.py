"""How often a note is said of clean data, by its code: a note that is said of all is read by none.

``python -m benchmarks.accuracy.clean_sets`` measures every set of `dimscope.manifolds`, at three N
and several seeds, and ten layers of EfficientNet-Lite0 on 500 CIFAR-10 test images, by every
estimator of continuous data, and prints the share of estimates that have each note. A quarter of an
hour of one core.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

import dimscope as ds
from benchmarks.accuracy.samples import Sample
from benchmarks.shared.markdown import table
from benchmarks.shared.messages import say
from dimscope.estimators import ESTIMATORS
from dimscope.results import DimensionEstimate

#: Points of a set, and the seeds that draw them.
DRAWS = {100: range(3), 300: range(3), 1000: range(2)}
LAYERS = (
    "input", "_blocks.0", "_blocks.2", "_blocks.4", "_blocks.7", "_blocks.10", "_blocks.14",
    "_blocks.15", "_avg_pooling", "_fc",
)  # fmt: skip
_N_IMAGES, _SIDE = 500, 128
METHODS = [name for name, kind in ESTIMATORS.items() if kind.data == "continuous"]


def sets(most: int) -> Iterator[tuple[str, np.ndarray]]:
    """Every set, by its name, at each N up to ``most`` and each seed."""
    for name in (*ds.manifolds.MANIFOLDS, *ds.manifolds.HELD_OUT):
        for n, seeds in DRAWS.items():
            if n <= most:
                yield from ((name, Sample(name, n, seed).points()) for seed in seeds)


def layers() -> Iterator[tuple[str, np.ndarray]]:
    """Ten layers of a network with ImageNet weights."""
    from dimscope.capture import capture
    from dimscope.models.preprocess import efficientnet_lite_pixels
    from dimscope.store import ActivationStore

    data: Any = ds.load_data("cifar10", n_samples=_N_IMAGES, notify=say)
    images = data.transformed(lambda x: efficientnet_lite_pixels(x, size=_SIDE))
    with ActivationStore(memory_budget=2**32) as store:
        capture(ds.load_model("efficientnet_lite0").model, images, list(LAYERS), store=store)
        yield from ((name, np.asarray(store[name][:])) for name in LAYERS)


def estimates(points: Iterator[tuple[str, np.ndarray]]) -> Iterator[tuple[str, DimensionEstimate]]:
    """Every method's estimate of each array, by the name of the array."""
    for name, x in points:
        for estimate in ds.estimate(x, METHODS, errors="own").values():
            yield name, estimate


def said(found: list[tuple[str, DimensionEstimate]]) -> str:
    """How many estimates have each note, or no value, and of which arrays these are most."""
    arrays: dict[str, Counter[str]] = {}
    for name, estimate in found:
        codes = {note.code for note in estimate.notes}
        for code in codes | ({"no value"} if estimate.value is None else set()):
            arrays.setdefault(code, Counter())[name] += 1
    rows = [
        [code, str(names.total()), f"{names.total() / len(found):.2%}",
         ", ".join(f"{name} {n}" for name, n in names.most_common(5))]
        for code, names in sorted(arrays.items(), key=lambda item: -item[1].total())
    ]  # fmt: skip
    return table([f"of {len(found):,} estimates", "number", "share", "most of these are of"], rows)


def main() -> None:
    """Print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=max(DRAWS), help="largest N of a set")
    options = parser.parse_args()
    for title, points in (("sets", sets(options.most)), ("layers", layers())):
        print(f"\n{title}\n\n{said(list(estimates(points)))}")


if __name__ == "__main__":
    main()
