"""Layers of EfficientNet-Lite0 on CIFAR-10, captured once and kept in benchmarks-output/belief.

Run as a module, in a process of its own, it captures and keeps them.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np

from benchmarks.shared.messages import say
from benchmarks.shared.paths import OUTPUT, ROOT

FOLDER = OUTPUT / "belief"
LAST_HIDDEN, EARLY = "_avg_pooling", "_blocks.4"
#: How many of the 10,000 test images are kept of each layer: the early one is wide.
KEPT = {LAST_HIDDEN: 10_000, EARLY: 4_000}
SIDE = 128  # pixels


def layer(name: str) -> np.ndarray:
    """A layer on the test images, in float32, captured now if it has not been kept."""
    path = FOLDER / f"{name}.npy"
    if not path.exists():
        call = [sys.executable, "-m", "benchmarks.belief.layers"]
        subprocess.run(call, check=True, cwd=ROOT)
    return np.asarray(np.load(path, mmap_mode="r"))


def main() -> None:
    import dimscope as ds
    from dimscope.capture import capture
    from dimscope.models.preprocess import efficientnet_lite_pixels
    from dimscope.store import ActivationStore

    data: Any = ds.load_data("cifar10", n_samples=max(KEPT.values()), notify=say)
    images = data.transformed(lambda x: efficientnet_lite_pixels(x, size=SIDE))
    say(f"running EfficientNet-Lite0 on {len(images):,} images of {SIDE} pixels")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ActivationStore(memory_budget=2**32) as store:
        capture(ds.load_model("efficientnet_lite0").model, images, list(KEPT), store=store)
        for name, n in KEPT.items():
            part = FOLDER / f"{name}.part.npy"
            np.save(part, store[name][:n])
            part.rename(FOLDER / f"{name}.npy")


if __name__ == "__main__":
    main()
