"""The geometry of a readout's features, on which the noise of SGD acts: variances and ratios."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from dimscope.errors import InputError
from dimscope.estimators import ParticipationRatio
from dimscope.spectra import Spectrum

_RANK = 1e-10


@dataclass(frozen=True, kw_only=True)
class ReadoutGeometry:
    """The features of a readout, now and against an earlier time.

    The effective regulariser penalises norms and not the dimension. No number alone shows its
    effect; report them together.

    Attributes
    ----------
    orthogonal_ratio
        Mean over samples of |P h_t| / |P_0 h_0|; P projects out the rows of the readout at the same
        time as the features. Below 1 if what the readout does not see has shrunk. None if nothing
        is orthogonal to the readout, or if no earlier time was given.
    feature_variance
        Tr C_h, the variance of the features summed over units (divisor n - 1).
    readout_variance
        The part of Tr C_h within the span of the readout's rows.
    participation_ratio
        Participation ratio of C_h, corrected for the sample; None if the sample does not bound it.
    readout_rank
        Dimension of the span of the readout's rows.
    n_samples
        Number of samples.
    """

    orthogonal_ratio: float | None
    feature_variance: float
    readout_variance: float
    participation_ratio: float | None
    readout_rank: int
    n_samples: int


def readout_geometry(
    features: Float[Tensor, "n d"],
    readout: Float[Tensor, "c d"],
    *,
    initial_features: Float[Tensor, "n d"] | None = None,
    initial_readout: Float[Tensor, "c d"] | None = None,
) -> ReadoutGeometry:
    """Measure variance, participation ratio and orthogonal compression of a readout's features.

    The orthogonal ratio is our own definition (`ReadoutGeometry`). Its mean leaves out samples
    whose earlier features lie within the readout's span. It cannot tell features that shrink as a
    whole from orthogonal compression: look at the variances too. Cost: a singular value
    decomposition of the readout, products n d C, and a spectrum of the features' smaller side.

    Parameters
    ----------
    features
        What the readout receives, shape (n_samples, n_units).
    readout
        Its weight matrix, shape (n_outputs, n_units).
    initial_features, initial_readout
        The same at an earlier time, for the same samples in the same order; both or neither.

    Raises
    ------
    InputError
        If shapes do not match, or all features are equal.

    Examples
    --------
    >>> features, readout = torch.eye(6), torch.eye(6)[:2]
    >>> before = 2 * features
    >>> now = readout_geometry(features, readout, initial_features=before, initial_readout=readout)
    >>> now.orthogonal_ratio, round(now.feature_variance, 6), round(now.readout_variance, 6)
    (0.5, 1.0, 0.333333)
    """
    h, rows = _checked(features, readout)
    if (initial_features is None) != (initial_readout is None):
        raise InputError("give both initial_features and initial_readout, or neither")
    spectrum = Spectrum.from_points(h.numpy())
    basis = _row_basis(rows)
    within = (h - h.mean(dim=0)) @ basis
    ratio = None
    if initial_features is not None and initial_readout is not None:
        first, first_rows = _checked(initial_features, initial_readout)
        if len(first) != len(h):
            raise InputError(
                f"{len(first)} samples before and {len(h)} now: give the same samples in the same "
                "order"
            )
        before = _orthogonal(first, _row_basis(first_rows))
        outside = before > _RANK**0.5 * torch.linalg.vector_norm(first, dim=1)
        if bool(outside.any()):
            ratio = float((_orthogonal(h, basis)[outside] / before[outside]).mean())
    return ReadoutGeometry(
        orthogonal_ratio=ratio,
        feature_variance=spectrum.trace,
        readout_variance=float(within.square().sum()) / (len(h) - 1),
        participation_ratio=(
            ParticipationRatio().estimate(spectrum).value if len(h) >= 4 else None
        ),
        readout_rank=basis.shape[1],
        n_samples=len(h),
    )


def _checked(
    features: Tensor, readout: Tensor
) -> tuple[Float64[Tensor, "n d"], Float64[Tensor, "c d"]]:
    if features.ndim != 2 or readout.ndim != 2 or features.shape[1] != readout.shape[1]:
        raise InputError(
            f"features of shape {tuple(features.shape)} and a readout of {tuple(readout.shape)}: "
            "give (n_samples, n_units) and (n_outputs, n_units)"
        )
    return tuple(x.detach().to("cpu", torch.float64) for x in (features, readout))  # type: ignore[return-value]


def _row_basis(rows: Float64[Tensor, "c d"]) -> Float64[Tensor, "d r"]:
    """An orthonormal basis of the span of the rows."""
    _, values, right = torch.linalg.svd(rows, full_matrices=False)
    basis: Tensor = right[values > _RANK * values.max()].T
    return basis


def _orthogonal(h: Float64[Tensor, "n d"], basis: Float64[Tensor, "d r"]) -> Float64[Tensor, " n"]:
    """The length of each row of ``h`` outside the span of the basis."""
    length: Tensor = torch.linalg.vector_norm(h - h @ basis @ basis.T, dim=1)
    return length
