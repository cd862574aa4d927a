"""Tangent spectra of EfficientNet-Lite0, with what they cost.

Prints rank, participation ratio and log-volume of smooth random maps of a cube at the layers that
"auto" chooses, trained and untrained, then seconds, seconds of processor time and memory. With the
defaults (d = 64, 20 points, 224 pixels) it must take less than 2 minutes on 2 cores. It exits with
1 if the rank is not d at every layer.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import torch
from torch import Tensor, nn

import dimscope as ds
from dimscope.controls import InputFamily

N_WAVES = 256
COARSE = 16  # pixels of the coarse images that are enlarged


def smooth_maps(dimension: int, side: int, frequency: float = 2.0) -> InputFamily:
    """Random waves over the unit cube, as coarse images that are enlarged smoothly."""
    rng = np.random.default_rng(dimension)
    directions = rng.standard_normal((dimension, N_WAVES)) * frequency / dimension**0.5
    phases = torch.from_numpy(rng.uniform(0, 2 * np.pi, N_WAVES))
    images = rng.standard_normal((N_WAVES, 3 * COARSE**2)) * (2 / N_WAVES) ** 0.5
    waves, pictures = torch.from_numpy(2 * np.pi * directions), torch.from_numpy(images)

    def embed(u: Tensor) -> Tensor:
        coarse = (torch.cos(u @ waves + phases) @ pictures).reshape(-1, 3, COARSE, COARSE)
        return nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")

    return InputFamily(name=f"smooth_d{dimension}", dimension=dimension, embed=embed)


def processor_seconds() -> float:
    """Seconds of processor time so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(model: nn.Module, family: InputFamily, points: int) -> bool:
    """Print the table of one network and its cost; whether the rank is d everywhere."""
    start, before = time.perf_counter(), processor_seconds()
    spectra = ds.tangent_spectrum(model, family, points)
    seconds, used = time.perf_counter() - start, processor_seconds() - before
    columns = ["layer", "rank", "participation_ratio", "participation_ratio_sd", "log_volume"]
    frame = spectra.to_frame()
    frame["smallest_share"] = [
        (own.singular_values[:, -1] / own.singular_values[:, 0]).min() for own in spectra.layers
    ]
    print(frame[[*columns, "smallest_share", "rank_threshold"]].round(7).to_string(index=False))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.1f} s, {used:.1f} s of processor time, at most {peak:,.0f} MiB\n")
    return all((own.rank == family.dimension).all() for own in spectra.layers)


def main() -> None:
    """Print what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dimensions", type=int, nargs="+", default=[64])
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--side", type=int, default=224, help="pixels")
    parser.add_argument("--networks", nargs="+", default=["trained"], help="trained, untrained")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    full = True
    for network in options.networks:
        model = ds.load_model("efficientnet_lite0", untrained=network == "untrained").model
        for dimension in options.dimensions:
            print(f"{network}, d = {dimension}, {options.points} points, {options.side} pixels")
            full &= measure(model, smooth_maps(dimension, options.side), options.points)
    sys.exit(not full)


if __name__ == "__main__":
    main()
