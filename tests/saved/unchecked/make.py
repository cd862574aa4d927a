"""How these files were made, by the last dimscope without checksums: ``python make.py``.

They are of schema 2, as those of today.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

import dimscope as ds
from dimscope.studies.jobs import Identity, run_jobs

HERE = Path(__file__).parent


def network() -> nn.Sequential:
    model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for weights in model.parameters():
            drawn = rng.uniform(-0.5, 0.5, tuple(weights.shape)).astype(np.float32)
            weights.copy_(torch.from_numpy(drawn))
    return model


def samples() -> torch.Tensor:
    x = np.random.default_rng(1).normal(size=(100, 8)).astype(np.float32)
    return torch.from_numpy(x)


def square(number: int) -> list[dict[str, float]]:
    return [{"square": float(number**2)}]


def main() -> None:
    quick = {"methods": ["two_nn", "participation_ratio"], "n_repeats": 1, "progress": False}
    ds.profile(network(), samples(), out=HERE / "profile", label="net", **quick)
    with ds.Tracker(
        network(), samples(), HERE / "tracker", schedule=1, label="net", **quick
    ) as run:
        run.step(loss=2.5)
    study = Identity(recipe="test/squares", version=1)
    run_jobs([{"number": n} for n in (2, 3)], square, HERE / "study", study, n_workers=1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
