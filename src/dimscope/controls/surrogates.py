"""Surrogates: data that keep some of a representation's statistics, and nothing else of it.

A covariance-matched Gaussian keeps mean and covariance, shuffled columns keep the distribution of
each unit, and random phases keep the power spectrum of each image (Theiler, Eubank, Longtin,
Galdrikian and Farmer, Physica D 58, 1992; with the same phases in all channels: Prichard and
Theiler, Phys. Rev. Lett. 73, 1994). What an estimator reads otherwise of the data than of their
surrogate, it reads of what the surrogate has lost: for the Gaussian, of curvature, clusters and
tails (Ansuini, Laio, Macke and Zoccolan, NeurIPS 32, 2019, figure 5).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float64

from dimscope._parameters import checked_parameters
from dimscope._rng import Rng, seed_of
from dimscope.errors import InputError
from dimscope.neighbors.checks import check_choice
from dimscope.points import Points, as_points
from dimscope.results import Subject
from dimscope.spectra import Spectrum

#: What a surrogate keeps: mean and covariance, the values of each column, the spectrum of images.
Kind = Literal["gaussian", "columns", "phases"]

#: The kind that each option belongs to.
_OWNERS = {"n_samples": "gaussian", "paper": "gaussian", "shape": "phases"}
_LEAST_ROWS = 3  # the covariance of two rows is a line
_ARRAY = Subject(model="array")
Rows = Float64[np.ndarray, "..."]


@checked_parameters
def surrogate(  # noqa: PLR0913 - all but the array have defaults
    x: Any,
    kind: Kind = "gaussian",
    *,
    n_samples: int | None = None,
    shape: Sequence[int] | None = None,
    paper: bool = False,
    rng: Rng = 0,
) -> Rows:
    """Draw data that keep some statistics of ``x``, and nothing else of it.

    Parameters
    ----------
    x
        Shape (n, n_features): array, tensor, data frame or array on disk. For ``"phases"`` images
        of shape (n, channels, height, width), or their flattened rows with ``shape``.
    kind
        ``"gaussian"``: normal rows with the mean and the covariance (divisor n - 1) of ``x``.
        Exact for any number of features: rows are random combinations of the centred rows of
        ``x``, so that of n rows at most n - 1 directions vary. ``"columns"``: each column shuffled
        by itself, which keeps the values of each unit and undoes all that units have in common.
        ``"phases"``: the two-dimensional Fourier phases of each image are shifted by random ones,
        the same in all its channels: amplitudes and what channels have in common linearly are
        kept, edges and shapes are not. An image counts as periodic, its mean stays, and pixels may
        leave their range.
    n_samples
        Rows to draw of the Gaussian; as many as ``x`` has by default.
    shape
        (channels, height, width) of the images in flattened rows.
    paper
        The Gaussian as Ansuini et al. (2019) published it, to compare with their figure 5 only: of
        standardised columns, in principal coordinates, and with the *square roots* of the singular
        values s as standard deviations. The right ones are s / sqrt(n - 1). Its variances thus
        fall too slowly with rank, and it reads too high a dimension, the more so at large n.
    rng
        A seed or a generator. Rows are drawn independently, whatever groups those of ``x`` form.

    Returns
    -------
    ndarray
        float64, in the shape of ``x``, with ``n_samples`` rows; with ``paper``, of shape
        (n_samples, min(n - 1, n_varying)), for the columns that vary.

    Raises
    ------
    InputError
        If ``x`` is not finite, is constant or has fewer than 3 rows, if images have no shape or no
        room for phases, or if an option belongs to another kind.

    Examples
    --------
    >>> angle = np.random.default_rng(0).uniform(0, 6.28, 1000)
    >>> curve = np.stack([np.cos(k * angle) for k in range(1, 9)], axis=1)
    >>> gaussian = surrogate(curve, rng=0)
    >>> bool(np.allclose(np.cov(gaussian.T), np.cov(curve.T), atol=0.1))
    True
    """
    check_choice("kind", kind, get_args(Kind))
    given = {"n_samples": n_samples is not None, "paper": paper, "shape": shape is not None}
    for option, owner in _OWNERS.items():
        if given[option] and kind != owner:
            raise InputError(f"{option} belongs to kind={owner!r}: leave it out for {kind!r}")
    generator = np.random.default_rng(rng)
    if kind == "phases":
        return _phases(x, shape, generator)
    points = checked_rows(x)
    if kind == "columns":
        return _columns(points, generator)
    n_rows = points.n_samples if n_samples is None else n_samples
    if n_rows < 1:
        raise InputError(f"n_samples={n_rows} must be at least 1")
    return (_published if paper else _gaussian)(points, n_rows, generator)


def checked_rows(x: Any) -> Points:
    """Check what a surrogate is to be drawn of.

    Raises
    ------
    InputError
        As `surrogate` does.
    """
    points = as_points(x)
    if points.n_samples < _LEAST_ROWS:
        raise InputError(
            f"{points.n_samples} row(s) have no covariance to speak of: give at least {_LEAST_ROWS}"
        )
    if points.less_least:
        raise InputError(
            "whole numbers beyond 2^53 have no mean in float64: subtract the smallest of each "
            "column first, as x - x.min(axis=0)"
        )
    first = points.scan.digests[0]  # of checked rows: the scan refuses what is not finite
    if all(digest == first for digest in points.scan.digests):
        raise InputError("all rows are equal: a surrogate needs data that vary")
    return points


def _columns(points: Points, rng: np.random.Generator) -> Rows:
    shuffled = [rng.permuted(block, axis=0) for block in points.column_blocks()]
    return np.asarray(np.concatenate(shuffled, axis=1) * points.unit)


def _gaussian(points: Points, n_rows: int, rng: np.random.Generator) -> Rows:
    """Rows Z F / sqrt(n - 1), where F' F are the products of the centred columns."""
    scale = math.sqrt(points.n_samples - 1)
    mean = points.scan.column_mean
    if points.n_samples > points.n_features:
        factor = _triangle(points) / scale
        drawn = mean + rng.standard_normal((n_rows, len(factor))) @ factor
        return np.asarray(drawn * points.unit)
    weights = rng.standard_normal((n_rows, points.n_samples)) / scale
    drawn = np.empty((n_rows, points.n_features))
    done = 0
    for block in points.column_blocks():
        part = slice(done, done := done + block.shape[1])
        block -= mean[part]
        np.matmul(weights, block, out=drawn[:, part])
        drawn[:, part] += mean[part]
    drawn *= points.unit
    return drawn


def _triangle(points: Points) -> Float64[np.ndarray, "d d"]:
    """The factor R of the centred rows, X = Q R, from one block of rows after the other."""
    factor = np.zeros((0, points.n_features))
    for block in points.row_blocks():
        block -= points.scan.column_mean
        factor = np.asarray(np.linalg.qr(np.concatenate([factor, block]), mode="r"))
    return factor


def _published(points: Points, n_rows: int, rng: np.random.Generator) -> Rows:
    """Independent columns whose standard deviations are roots of singular values."""
    values = np.concatenate(list(points.column_blocks()), axis=1)
    live = values[:, (values != values[0]).any(axis=0)]  # rounding gives others a spread too
    standardised = (live - live.mean(axis=0)) / live.std(axis=0)
    eigenvalues = Spectrum.from_points(standardised).eigenvalues
    singular = np.sqrt(eigenvalues * (points.n_samples - 1))
    return np.asarray(rng.standard_normal((n_rows, len(singular))) * np.sqrt(singular))


def _phases(x: Any, shape: Sequence[int] | None, rng: np.random.Generator) -> Rows:
    images = x if hasattr(x, "reshape") else np.asarray(x)
    sides = tuple(images.shape[1:]) if shape is None else tuple(np.atleast_1d(shape).tolist())
    if len(sides) != 3 or min(sides) < 1 or math.prod(sides[1:]) == 1:
        raise InputError(
            f"phases are those of images, but each row has shape {sides}: give (n, channels, "
            "height, width) of more than one pixel, or shape=(channels, height, width) for "
            "flattened rows"
        )
    points = checked_rows(images if shape is not None else images.reshape(-1, math.prod(sides)))
    if math.prod(sides) != points.n_features:
        raise InputError(
            f"shape={sides} has {math.prod(sides)} values, but each row has {points.n_features}"
        )
    plane = sides[1:]
    drawn = []
    for block in points.row_blocks():
        noise = np.fft.rfft2(rng.standard_normal((len(block), 1, *plane)))
        turn = noise / np.abs(noise)
        turn[..., 0, 0] = 1.0  # the mean of each channel stays
        spectra = np.fft.rfft2(block.reshape(-1, *sides)) * turn
        drawn.append(np.fft.irfft2(spectra, s=plane))
    return np.asarray(np.concatenate(drawn).reshape(tuple(images.shape)) * points.unit)


def surrogate_draws(
    x: Any,
    kind: Literal["gaussian", "columns"] = "gaussian",
    *,
    n_draws: int = 1,
    subject: Subject = _ARRAY,
    rng: Rng = 0,
) -> Iterator[tuple[Subject, Rows]]:
    """Draw surrogates of a representation, ready to be measured as further samples of its layer.

    Gaussian ones are in principal coordinates, at most n - 1 of them: distances and spectra are
    those of `surrogate`, at the cost of one spectrum however wide the layer is.

    Parameters
    ----------
    x, kind
        As in `surrogate`; checked `Points` keep what is known of them.
    n_draws
        How many to draw. Draw i depends on ``rng`` and i only.
    subject
        The layer that ``x`` comes from.
    rng
        A seed, or a generator that draws one.

    Yields
    ------
    Subject, array
        The subject with the surrogate's name, such as ``"gaussian_surrogate"``, as its sample and
        the number of the draw as its replicate; and the surrogate.

    Raises
    ------
    InputError
        As in `surrogate`, or if ``n_draws`` is below 1.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(50, 20_000))
    >>> [(of.sample, of.replicate, rows.shape) for of, rows in surrogate_draws(x, n_draws=2)]
    [('gaussian_surrogate', 0, (50, 49)), ('gaussian_surrogate', 1, (50, 49))]
    """
    check_choice("kind", kind, ("gaussian", "columns"))
    if n_draws < 1:
        raise InputError(f"n_draws={n_draws} must be at least 1")
    points = checked_rows(x)
    deviations = np.sqrt(Spectrum.from_points(points).eigenvalues) if kind == "gaussian" else None
    seed = seed_of(rng)
    for draw in range(n_draws):
        generator = np.random.default_rng((seed, draw))
        if deviations is None:
            rows = _columns(points, generator)
        else:
            rows = generator.standard_normal((points.n_samples, len(deviations))) * deviations
        yield replace(subject, sample=f"{kind}_surrogate", replicate=draw), rows
