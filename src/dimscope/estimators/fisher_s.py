"""FisherS: dimension from how many pairs of points no linear function separates.

Albergante, Bac and Zinovyev, "Estimating the effective dimension of large biological datasets
using Fisher separability analysis", IJCNN 2019; Mirkes, Allohibi and Gorban, "Fractional norms and
quasinorms do not help to overcome the curse of dimensionality", Entropy 22 (2020).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import scipy.linalg
from jaxtyping import Float64
from scipy.special import lambertw

from dimscope.estimators._shared.base import SpectrumEstimator
from dimscope.estimators._shared.checks import check_open_interval, require_variance
from dimscope.results import DimensionEstimate, Family, Note
from dimscope.spectra import Spectrum

#: Margins alpha at which pairs are counted.
MARGINS = np.arange(30, 50) / 50
_BLOCK_BYTES = 2**25


@final
@dataclass(kw_only=True)
class FisherS(SpectrumEstimator):
    """The dimension of the ball whose points are as seldom inseparable as these.

    The points are centred, projected on the principal components of more than 1 / condition of the
    largest variance, whitened and projected on the unit sphere. A point y cannot be separated from
    x with margin alpha if <x, y> >= alpha <x, x>. On the sphere of n dimensions a share
    p = (1 - alpha^2)^((n-1)/2) / (alpha sqrt(2 pi n)) of the points cannot, to leading order, so
    that n = W(w / (2 pi p^2 alpha^2 (1 - alpha^2))) / w with w = -ln(1 - alpha^2) and Lambert's W,
    p the share of all pairs. The margin is one of 0.60, 0.62, ..., 0.98: the nearest to 0.9 times
    the largest at which some pair is inseparable.

    Global and linear: a curved surface has the dimension of what it fills, a sphere of dimension d
    has d + 1. Good at uneven clusters in many dimensions; components of little variance are not
    seen at all, and copies of a point are inseparable pairs. The leading order alone gives 0.92 for
    a line and 1.97 for a plane. There is no theory of its error: the standard error comes from
    disjoint blocks and is 1.3 to 4 times the scatter. Cost: the eigenvectors, and N^2 / 2 products
    of as many numbers as components are kept.

    Parameters
    ----------
    condition
        Above 1: components of less than the largest variance divided by this are left out.
    """

    name: ClassVar[str] = "fisher_s"
    title: ClassVar[str] = "FisherS"
    family: ClassVar[Family] = "intrinsic"  # of angles, though it starts from the spectrum
    block_error_range: ClassVar[tuple[float, float] | None] = (1.3, 4.0)
    condition: float = 10.0

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The separability dimension of the points of ``spectrum``.

        The value is None, and a note says so, where every pair is separable at every margin.

        Raises
        ------
        InputError
            If the representation is constant, or ``condition`` is not above 1.
        """
        check_open_interval("condition", self.condition, 1, math.inf)
        require_variance(spectrum)
        y = _whitened(spectrum, self.condition)
        shares = _inseparable_shares(y)
        if not shares.any():
            said = (
                f"All pairs of {len(y)} points are separable: the dimension is too high for them."
            )
            return self._answer(spectrum, value=None, notes=(Note("undetermined", said),))
        largest = MARGINS[shares > 0][-1]
        at = int(np.argmin(np.abs(MARGINS - 0.9 * largest)))
        notes: tuple[Note, ...] = ()
        if y.shape[1] == 1 and spectrum.n_features > 1:
            said = (
                f"Only one component has more than 1/{self.condition:g} of the largest variance, "
                "as where a few rows lie far from all others: nothing else was seen."
            )
            notes = (Note("limit", said),)
        value = _sphere_dimension(shares[at], MARGINS[at])
        return self._answer(spectrum, value=value, notes=notes)


def _sphere_dimension(share: float, margin: float) -> float:
    """n of the sphere on which this share of the pairs is inseparable at the margin."""
    w = -math.log1p(-(margin**2))
    return float(lambertw(w / (2 * math.pi * (share * margin) ** 2 * (1 - margin**2))).real) / w


def _whitened(spectrum: Spectrum, condition: float) -> Float64[np.ndarray, "n components"]:
    """Unit vectors: the points by their whitened principal components."""
    values, vectors = scipy.linalg.eigh(spectrum.matrix, check_finite=False)
    kept = values > values[-1] / condition
    if spectrum.by_gram:
        scores = vectors[:, kept]
    else:
        scores, start = np.zeros((spectrum.n_samples, int(kept.sum()))), 0
        for block in spectrum.points.column_blocks():
            stop = start + block.shape[1]
            scores += (block - block[0]) @ (vectors[start:stop, kept] / np.sqrt(values[kept]))
            start = stop
        scores -= scores.mean(axis=0)
    lengths = np.linalg.norm(scores, axis=1, keepdims=True)
    return np.asarray(scores / np.where(lengths > 0, lengths, 1))


def _inseparable_shares(y: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " margins"]:
    """The share of the pairs whose product is at least each margin."""
    n = len(y)
    step = max(1, _BLOCK_BYTES // (8 * n))
    counts = np.zeros(len(MARGINS), dtype=np.int64)
    for start in range(0, n, step):
        products = np.triu(y[start : start + step] @ y[start:].T, 1)
        near = np.sort(products[products >= MARGINS[0]])
        counts += len(near) - np.searchsorted(near, MARGINS)
    return np.asarray(counts / (n * (n - 1) / 2))
