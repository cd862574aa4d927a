"""Tangent spectra of the families through EfficientNet-Lite0: each is made once."""

from __future__ import annotations

import sys
import time

import pandas as pd

from benchmarks.belief.runs import folder, network
from benchmarks.belief.samples import Size, family
from dimscope.controls import tangent_spectrum


def tangents_of_family(size: Size, model: str, name: str, n_points: int = 20) -> pd.DataFrame:
    """The tangent spectra of a family through one network: a row for each layer."""
    out = folder(size, model, name, 0).with_suffix(f".tangents{n_points}.csv")
    if not out.exists():
        made = family(name, size, 0)
        started = time.process_time()
        found = tangent_spectrum(network(model), made, n_points, progress=False)
        out.parent.mkdir(parents=True, exist_ok=True)
        found.to_frame().assign(dimension=made.dimension).to_csv(out, index=False)
        print(f"{out}: {time.process_time() - started:.0f} CPU-s", file=sys.stderr, flush=True)
    return pd.read_csv(out)
