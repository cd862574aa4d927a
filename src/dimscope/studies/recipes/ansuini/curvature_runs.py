"""The runs of the recipe on curvature: layers, the last hidden one against N, the published one."""

from __future__ import annotations

import numpy as np

import dimscope as ds
from dimscope.errors import InputError
from dimscope.spectra import Spectrum
from dimscope.studies.jobs import Rows
from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini.hunchback import N_DRAWS, n_kept_of
from dimscope.studies.recipes.ansuini.imagenet import (
    activations,
    last_hidden_layer,
    reason_to_leave_out,
)
from dimscope.studies.recipes.ansuini.linearised import (
    DRAWS,
    N_OF_SPECTRUM,
    gaussian_of_vgg16,
    standardised,
)
from dimscope.studies.recipes.ansuini.resampling import resampled

_SIZES = (500, 1000, 2000, 4000, 6000, 8000, 9500)
_BLOCK = 2000  # smaller samples are parts of blocks of so many, so that sizes can be paired
_N_VGG = 5


def run(  # noqa: PLR0913 - the parts of a job
    *,
    part: str,
    net: str,
    n_images: int,
    trained: bool = True,
    subset: str = "",
    pixels: int | None = None,
) -> Rows:
    """Do a run.

    Parameters
    ----------
    part
        ``"layers"``: dimension and PC-ID of every checkpoint. ``"last hidden"``: its spectrum, and
        the dimension of it and of its Gaussians. ``"published"``: Gaussians of the published
        spectrum.
    net, n_images, trained, subset, pixels
        As in `imagenet.activations`.
    """
    if part == "published":
        return _of_published_spectrum()
    problem = reason_to_leave_out(net, trained=trained)
    if problem is not None:
        return [{"problem": problem}]
    if part == "layers":
        return _layers(net, trained, subset, n_images, pixels)
    try:
        layer = last_hidden_layer(net, n_images=n_images, pixels=pixels)
    except InputError as error:
        return [{"problem": str(error)}]
    return [*_spectrum(layer[:N_OF_SPECTRUM]), *_against_n(layer)]


def _layers(net: str, trained: bool, subset: str, n_images: int, pixels: int | None) -> Rows:
    rows: Rows = []
    with activations(
        net, trained=trained, subset=subset, n_images=n_images, pixels=pixels
    ) as layers:
        for point, values in layers:
            found = resampled(values, n_kept=n_kept_of(n_images), n_draws=N_DRAWS, rng=0)
            linear = ds.PCADimension().estimate(Spectrum.from_points(standardised(values)))
            rows.append(
                {
                    "layer": point.layer,
                    "depth": round(point.relative_depth, 4),
                    "units": values.shape[1],
                    "mean": _rounded(found.mean),
                    "std": _rounded(found.std, 3),
                    "pc_count": linear.value,
                }
            )
    return rows


def _spectrum(layer: np.ndarray) -> Rows:
    """Singular values of the standardised layer at the published ranks, and its PC-ID."""
    spectrum = Spectrum.from_points(standardised(layer))
    singular = np.sqrt(spectrum.eigenvalues * (len(layer) - 1))
    count = ds.PCADimension().estimate(spectrum).value
    ranks = [rank for rank in published_figure("curvature_A")["ranks"] if rank <= len(singular)]
    rows: Rows = [{"rank": rank, "singular": _rounded(singular[rank - 1])} for rank in ranks]
    return [*rows, {"n": len(layer), "units": layer.shape[1], "pc_count": count}]


def _against_n(layer: np.ndarray) -> Rows:
    """TwoNN of the layer and of its Gaussians, on disjoint blocks of images."""
    rows: Rows = []
    for size in [size for size in _SIZES if size <= len(layer)] or [len(layer)]:
        step = max(size, _BLOCK)
        for block in range(max(1, len(layer) // step)):
            images = layer[block * step : block * step + size]
            for draw, drawn in DRAWS.items():
                rows.append(
                    {"n": size, "block": block, "draw": draw} | _two_nn(drawn(images, block))
                )
    return rows


def _of_published_spectrum() -> Rows:
    return [
        {"n": N_OF_SPECTRUM, "block": seed, "draw": draw}
        | _two_nn(gaussian_of_vgg16(as_published=draw == "as published", seed=seed))
        for draw in ("right", "as published")
        for seed in range(_N_VGG)
    ]


def _two_nn(points: np.ndarray) -> dict[str, float | None]:
    found = ds.estimate(points, errors="own")
    return {"value": _rounded(found.value), "stderr": _rounded(found.stderr, 3)}


def _rounded(value: float | None, digits: int = 6) -> float | None:
    return None if value is None else float(f"{value:.{digits}g}")
