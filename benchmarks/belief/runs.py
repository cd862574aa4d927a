"""EfficientNet-Lite0 on natural images, controls and surrogates: each profile is made once."""

from __future__ import annotations

import sys
import time
from functools import cache
from pathlib import Path

import torch

import dimscope as ds
from benchmarks.belief.samples import Size, sample
from benchmarks.shared.paths import OUTPUT
from dimscope.capture import Probe
from dimscope.profiling import make_settings
from dimscope.profiling.head import holds_profile
from dimscope.profiling.run import profile_probe
from dimscope.results import Subject

NETWORKS = ("trained", "untrained")
METHODS = ("two_nn", "gride", "participation_ratio")


@cache
def network(name: str) -> torch.nn.Module:
    """EfficientNet-Lite0 as trained on ImageNet, or as initialised."""
    model: torch.nn.Module = ds.load_model(
        "efficientnet_lite0", untrained=name == "untrained"
    ).model
    return model


def folder(size: Size, model: str, name: str, replicate: int) -> Path:
    return OUTPUT / "belief" / f"{size.pixels}px-{size.n_samples}" / model / f"{name}-{replicate}"


def profile_of(size: Size, model: str, name: str, replicate: int) -> ds.Profile:
    """The profile of one sample through one network; measured if its folder does not hold it."""
    out = folder(size, model, name, replicate)
    if holds_profile(out):
        return ds.Profile.load(out)
    started = time.process_time()
    probe = Probe(model=network(model), data=sample(name, size, replicate), batch_size=50)
    settings = make_settings(METHODS, metric="euclidean", n_repeats=2, rng=0, curves=())
    subject = Subject(model=model, sample=name, replicate=replicate)
    found = profile_probe(probe, settings, subject, out=out, progress=False)
    print(f"{out}: {time.process_time() - started:.0f} CPU-s", file=sys.stderr, flush=True)
    return found
