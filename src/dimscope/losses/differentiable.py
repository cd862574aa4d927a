"""Estimators in torch operations with a gradient, with the values of our NumPy estimators."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from dimscope.errors import InputError
from dimscope.estimators import Estimator, LevinaBickel, ParticipationRatio, TwoNN, TwoNNMLE
from dimscope.spectra import distinct_averages

#: Neighbours nearer than this share of the batch's mean distance have a distance but no gradient:
#: it would be a million times that of other pairs, and come from float32's rounding.
NEAR_TWINS = 1e-6
_LEAST_POINTS = 5
_ROUNDING = 1e-10  # unbiased sums below this share of the naive ones are rounding errors
_BLOCK = 1024
_BLOCK_NUMBERS = 1 << 19
_SLACK = 8  # candidates beyond k, so that few rows need all differences

#: From rows with entries of at most 1 to their dimension, a number with a gradient.
Measure = Callable[[Float64[Tensor, "n d"]], Float64[Tensor, ""]]


def measure_of(estimator: Estimator) -> Measure:
    """The differentiable form of an estimator.

    Raises
    ------
    InputError
        If the estimator has no differentiable form, or its parameters are out of range.
    """
    match estimator:
        case TwoNN(discard_fraction=discard):
            if not 0 <= discard < 1:
                raise InputError(f"discard_fraction={discard} must lie in [0, 1)")
            return lambda x: _two_nn(x, discard)
        case TwoNNMLE():
            return _two_nn_mle
        case LevinaBickel(n_neighbors=k):
            if k < 2:
                raise InputError(f"n_neighbors={k} must be at least 2")
            return lambda x: _levina_bickel(x, k)
        case ParticipationRatio(correction="rows" | "none" as correction):
            return lambda x: _participation_ratio(x, correction)
        case ParticipationRatio(correction=correction):
            raise InputError(
                f"correction={correction!r} has no gradient here: choose 'rows' or 'none'"
            )
    raise InputError(
        f"{estimator.name} has no gradient: choose two_nn, two_nn_mle, levina_bickel or "
        "participation_ratio"
    )


def as_rows(features: Float[Tensor, "n ..."]) -> Float64[Tensor, "n d"]:
    """One row for each sample, in float64, divided by a power of two so that no entry exceeds 1.

    The scale must not make squares overflow, and no dimension depends on it.

    Raises
    ------
    InputError
        If the features are no rows of finite real numbers.
    """
    if not isinstance(features, Tensor) or not features.is_floating_point() or features.ndim < 2:
        seen = (
            f"{features.dtype} of shape {tuple(features.shape)}"
            if isinstance(features, Tensor)
            else type(features).__name__
        )
        raise InputError(
            f"features are {seen}: give floating-point numbers of shape (n_samples, n_features)"
        )
    x = features.flatten(1).to(torch.float64)
    largest = float(x.detach().abs().max()) if x.numel() else 0.0
    if not math.isfinite(largest):
        raise InputError(
            "features hold nan or infinity, so they have no dimension and no gradient: look for "
            "divergence in the network"
        )
    return x * 2.0 ** -math.frexp(largest)[1]


class Found(NamedTuple):
    """The nearest neighbours in a batch.

    Attributes
    ----------
    kept
        Which rows are points: those that do not repeat an earlier row exactly.
    indices
        The neighbours of each point, as positions among the points.
    squares
        The squared distances to these neighbours, ascending.
    """

    kept: Bool[Tensor, " n"]
    indices: Int64[Tensor, "m k"]
    squares: Float64[Tensor, "m k"]


@torch.no_grad()
def nearest_in_batch(x: Float64[Tensor, "n d"], k: int) -> Found:
    """Find the k nearest neighbours of every distinct row by float64 differences.

    Products find candidates and differences measure them. If another row might be nearer, given the
    rounding of the products, all differences of that row are computed: so no offset of the batch
    can hide a distance.

    Raises
    ------
    InputError
        If fewer than k + 1 rows are distinct.
    """
    kept = _first_of_equal(x)
    x = x[kept]
    m = len(x)
    if m <= k:
        raise InputError(
            f"{k} neighbours need at least {k + 1} distinct rows in the batch, got {m} of "
            f"{len(kept)}: give larger batches or ask for fewer neighbours"
        )
    centred = x - x.mean(dim=0)
    norms = centred.square().sum(dim=1)
    products = (norms[:, None] + norms).addmm_(centred, centred.T, alpha=-2)
    products.fill_diagonal_(math.inf)
    candidates = products.topk(min(k + _SLACK, m - 1), dim=1, largest=False)
    squares = _squares(x, candidates.indices)
    nearest = squares.topk(k, dim=1, largest=False)
    indices, squares = candidates.indices.gather(1, nearest.indices), nearest.values
    if candidates.indices.shape[1] < m - 1:
        unit = torch.finfo(x.dtype).eps / 2
        margin = 2 * (x.shape[1] + 12) * unit * (norms + norms.max())
        is_open = squares[:, -1] >= candidates.values[:, -1] - margin
        for rows in torch.split(torch.nonzero(is_open)[:, 0], _BLOCK):
            block = torch.cdist(x[rows], x, compute_mode="donot_use_mm_for_euclid_dist")
            block[torch.arange(len(rows), device=x.device), rows] = math.inf
            indices[rows] = block.topk(k, dim=1, largest=False).indices
            squares[rows] = _squares(x, indices[rows], rows)
    return Found(kept, indices, squares)


def _squares(
    x: Float64[Tensor, "n d"],
    indices: Int64[Tensor, "m k"],
    rows: Int64[Tensor, " m"] | None = None,
) -> Float64[Tensor, "m k"]:
    """Squared distances of ``rows`` (by default all) to the rows ``indices``, from differences."""
    of = torch.arange(len(x), device=x.device) if rows is None else rows
    size = max(1, _BLOCK_NUMBERS // (indices.shape[1] * x.shape[1]))
    blocks = zip(torch.split(of, size), torch.split(indices, size), strict=True)
    return torch.cat([(x[i][:, None] - x[j]).square().sum(dim=2) for i, j in blocks])


class _SquaredDistances(torch.autograd.Function):
    """Gives squared distances that are known already their gradient.

    Let W be the gradient with respect to |x_i - x_j|^2 as a matrix. Then the gradient with respect
    to x is 2 (diag(W 1 + W' 1) - W - W') x. This is one product; autograd would keep all
    differences and add them up.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Float64[Tensor, "n d"],
        indices: Int64[Tensor, "n k"],
        squares: Float64[Tensor, "n k"],
    ) -> Float64[Tensor, "n k"]:
        ctx.save_for_backward(x, indices)
        return squares.clone()

    @staticmethod
    def backward(
        ctx: Any, weights: Float64[Tensor, "n k"]
    ) -> tuple[Float64[Tensor, "n d"], None, None]:
        x, indices = ctx.saved_tensors
        x = x - x.mean(dim=0)  # changes no gradient, but its rounding error
        both = torch.zeros(len(x), len(x), dtype=x.dtype, device=x.device)
        both = both.scatter(1, indices, weights)
        both = both + both.T
        return 2 * (both.sum(dim=1)[:, None] * x - both @ x), None, None


def _first_of_equal(x: Float64[Tensor, "n d"]) -> Bool[Tensor, " n"]:
    """Whether each row differs from all rows before it."""
    _, group = torch.unique(x, dim=0, return_inverse=True)
    rows = torch.arange(len(x), device=x.device)
    first = torch.full_like(rows, len(x)).scatter_reduce(0, group, rows, "amin")
    kept = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    kept[first[first < len(x)]] = True
    return kept


def _log_distances(x: Float64[Tensor, "n d"], k: int) -> Float64[Tensor, "m k"]:
    """ln r_1 ... ln r_k of every distinct row."""
    found = nearest_in_batch(x, k)
    apply: Callable[..., Tensor] = _SquaredDistances.apply
    squares = apply(x[found.kept], found.indices, found.squares)
    twins = found.squares.sqrt() < NEAR_TWINS * found.squares[:, -1].sqrt().mean()
    return 0.5 * torch.where(twins, found.squares, squares).log()


def _log_ratios(x: Float64[Tensor, "n d"]) -> Float64[Tensor, " m"]:
    logs = _log_distances(x, 2)
    ratios = logs[:, 1] - logs[:, 0]
    n_apart = int((ratios > 0).sum())
    if n_apart < _LEAST_POINTS:
        raise InputError(
            f"only {n_apart} of {len(x)} rows have r_2 > r_1 > 0, at least {_LEAST_POINTS} are "
            "needed: give larger batches"
        )
    return ratios


def _two_nn(x: Float64[Tensor, "n d"], discard: float) -> Float64[Tensor, ""]:
    ratios = _log_ratios(x)
    ordered = ratios[ratios > 0].sort().values
    n = len(ordered)
    kept = min(math.floor((1 - discard) * n), n - 1)
    if kept < 2:
        raise InputError(
            f"discard_fraction={discard} leaves {kept} of {n} ratios, at least 2 are needed: "
            "discard less"
        )
    ordered = ordered[:kept]
    ranks = torch.arange(1, kept + 1, dtype=x.dtype, device=x.device)
    y = -torch.log1p(-ranks / n)
    return (ordered * y).sum() / ordered.square().sum()


def _two_nn_mle(x: Float64[Tensor, "n d"]) -> Float64[Tensor, ""]:
    ratios = _log_ratios(x)
    return (len(ratios) - 1) / ratios.sum()


def _levina_bickel(x: Float64[Tensor, "n d"], k: int) -> Float64[Tensor, ""]:
    logs = _log_distances(x, k)
    sums = (logs[:, -1:] - logs[:, :-1]).sum(dim=1)
    if not bool((sums > 0).any()):
        raise InputError(
            f"every row has all its {k} neighbours at one distance: there is no dimension to see "
            "at this scale; use more neighbours"
        )
    return (k - 1) / sums.mean()


def _participation_ratio(x: Float64[Tensor, "n d"], correction: str) -> Float64[Tensor, ""]:
    n = len(x)
    least = 4 if correction == "rows" else 2
    if n < least:
        raise InputError(f"this participation ratio needs at least {least} rows, got {n}")
    x = x - x.mean(dim=0)
    norms = x.square().sum(dim=1)
    if float(norms.detach().max()) == 0.0:
        raise InputError(
            f"all {n} rows are equal: a constant representation has no dimension to measure"
        )
    square = (x @ x.T if n <= x.shape[1] else x.T @ x).square().sum()
    numerator: Any = norms.sum().square()
    denominator: Any = square
    if correction == "rows":
        # the estimator's own formula is plain arithmetic, so it takes tensors
        averages: Callable[..., tuple[Any, Any]] = distinct_averages
        numerator, denominator = averages(n, norms.sum(), norms.square().sum(), square)
        # the estimator's own bound, in units of variances
        sums = torch.stack([norms.sum() ** 2, square]).detach() / (n - 1) ** 2
        if bool((torch.stack([numerator, denominator]).detach() <= _ROUNDING * sums).any()):
            raise InputError(
                f"{n} rows are too few to bound the participation ratio: give larger batches, or "
                "ParticipationRatio(correction='none')"
            )
    ratio: Tensor = numerator / denominator
    return ratio
