"""The covariance spectrum: the second of the two statistics all estimators share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy.linalg
from jaxtyping import Float64, Int64

from dimscope._format import counted
from dimscope._parameters import checked_parameters
from dimscope.errors import InputError
from dimscope.points import Points, as_points
from dimscope.spectra.factors import column_factor, row_factor
from dimscope.spectra.outliers import outlying_rows
from dimscope.spectra.power_law import PowerLaw, power_law

#: The smaller side of the matrix whose eigenvalues are taken may not exceed this (3.2 GB).
MAX_SIDE = 20_000
_UNEVEN = 4.0  # largest over mean eigenvalue of square noise (Marchenko and Pastur)
_RESOLVED = 1e-6  # share of a Gram matrix that must remain after centring, for 9 digits to be right


@dataclass(frozen=True, eq=False, kw_only=True)
class Spectrum:
    """Eigenvalues of the covariance of a representation, and the sums a corrected ratio needs.

    All sums are over rows centred on the sample mean. Only `singular_values` are about the origin.

    Attributes
    ----------
    matrix
        The centred Gram matrix (n_samples, n_samples) or the scatter matrix (n_features,
        n_features), whichever is smaller.
    n_samples, n_features
        Shape of the representation.
    row_squares
        Squared norm of every row.
    column_square_sum
        Sum over columns of (sum over rows of x^2)^2.
    column_fourth_sum
        Sum over all entries of x^4.
    rounding
        Distance that the rounding of the stored values alone can put between two points.
    points
        The points themselves, read by blocks.
    part_of
        The spectrum of which this is a subset, and which of its rows; None where there is none, or
        the rows were read again.
    """

    matrix: Float64[np.ndarray, "side side"]
    n_samples: int
    n_features: int
    row_squares: Float64[np.ndarray, " n_samples"]
    column_square_sum: float | None
    column_fourth_sum: float | None
    rounding: float
    points: Points
    part_of: tuple[Spectrum, Int64[np.ndarray, " n_samples"]] | None = None

    @property
    def by_gram(self) -> bool:
        """Whether ``matrix`` is the Gram matrix."""
        return self.n_samples <= self.n_features

    @cached_property
    def eigenvalues(self) -> Float64[np.ndarray, " rank"]:
        """Eigenvalues of the covariance (divisor n_samples - 1), descending; squared input units.

        There are min(n_samples - 1, n_features) of them, none negative.
        """
        values = scipy.linalg.eigvalsh(self.matrix, check_finite=False)[::-1]
        kept = values[: self.n_samples - 1]
        return np.asarray(np.maximum(kept, 0.0) / (self.n_samples - 1))

    @cached_property
    def singular_values(self) -> Float64[np.ndarray, " side"]:
        """Singular values of the rows as they are, not centred, descending; input units.

        There are min(n_samples, n_features) of them. By one more pass over the rows, and without
        products of rows, so that the small ones are right to the rounding of the largest.

        Raises
        ------
        InputError
            If the input holds integers beyond 2^53, whose place about the origin is not known.

        Examples
        --------
        >>> Spectrum.from_points([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]).singular_values
        array([4., 3.])
        """
        return np.asarray(scipy.linalg.svdvals(self._factor, check_finite=False))

    @cached_property
    def _factor(self) -> Float64[np.ndarray, "n m"]:
        """Few numbers with the singular values of the points; if by Gram, a row for each point."""
        if self.part_of is not None:
            whole, rows = self.part_of
            return np.asarray(whole._factor[rows])
        return row_factor(self.points) if self.by_gram else column_factor(self.points)

    @property
    def n_resolved(self) -> int:
        """How many eigenvalues are above rounding, of the sums and of the stored values.

        The others are zero but for that.
        """
        of_sums = max(self.n_samples, self.n_features) * float(np.finfo(np.float64).eps)
        of_values = _UNEVEN * self.rounding**2 / min(self.n_samples, self.n_features)
        floor = max(of_sums * float(self.eigenvalues[0]), of_values)
        return int((self.eigenvalues > floor).sum())

    @property
    def row_square_sum(self) -> float:
        """Sum over rows of |x|^4."""
        return float(np.square(self.row_squares).sum())

    @cached_property
    def outliers(self) -> Int64[np.ndarray, " m"]:
        """The few rows, if any, so far from all others that they decide the covariance."""
        return outlying_rows(self.row_squares)

    @cached_property
    def without_outliers(self) -> Spectrum:
        """The spectrum of the other rows, which counts as one without any outlier."""
        rest = self.subset(np.delete(np.arange(self.n_samples), self.outliers))
        rest.__dict__["outliers"] = self.outliers[:0]  # others may now be far from the rest
        return rest

    @property
    def trace(self) -> float:
        """Total variance: the sum of the eigenvalues."""
        return float(np.trace(self.matrix)) / (self.n_samples - 1)

    @property
    def square_trace(self) -> float:
        """Sum of the squared eigenvalues."""
        return float(np.vdot(self.matrix, self.matrix)) / (self.n_samples - 1) ** 2

    def row_sums(self) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
        """|x_i|^2 of every centred row, and the sum over all rows j of (x_i . x_j)^2.

        From the Gram matrix, or by one more pass over the rows.
        """
        if self.by_gram:
            return self.row_squares, np.einsum("ij,ij->i", self.matrix, self.matrix)
        products = []
        for block in self.points.row_blocks():
            block -= self.points.scan.column_mean
            products.append(np.einsum("ij,ij->i", block @ self.matrix, block))
        return self.row_squares, np.concatenate(products)

    @checked_parameters
    def power_law(self, first: int = 1, last: int | None = None) -> PowerLaw:
        """Fit rank^-exponent to the eigenvalues between two ranks (Stringer et al. 2019).

        An exponent is not a dimension: it says how much finer detail the representation holds. For
        a smooth map of a d-dimensional set it exceeds 1 + 2/d. Sample eigenvalues of high ranks are
        too small, which makes the exponent too large: by 0.01 for ranks 1 to 100 of rank^-1 at
        1,000 samples, by 0.09 at 200.

        Parameters
        ----------
        first, last
            Ranks, from 1, both included; to the last eigenvalue above rounding by default. The
            first few often follow no law: Stringer et al. took 11 to 500.

        Raises
        ------
        InputError
            If fewer than 3 eigenvalues above rounding lie between them.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(5000, 50)) * np.arange(1, 51) ** -0.75
        >>> print(Spectrum.from_points(x).power_law())
        rank^-1.4983 ± 0.0050 for ranks 1 to 50 (N = 5000)
        """
        return power_law(self.eigenvalues, self.n_samples, first, last, n_resolved=self.n_resolved)

    @classmethod
    def from_points(cls, x: Any) -> Self:
        """Find the spectrum of ``x`` from its Gram or its covariance matrix, whichever is smaller.

        Parameters
        ----------
        x
            Shape (n_samples, n_features): array, tensor, data frame or array on disk, of any real
            dtype. Exact duplicates are samples like any other here.

        Raises
        ------
        InputError
            If ``x`` is not a finite real matrix, has fewer than two rows, both of its sides
            exceed `MAX_SIDE`, or its values lie outside about 1e-60 to 1e+60.

        Examples
        --------
        >>> Spectrum.from_points([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0], [2.0, 1.0]]).eigenvalues
        array([1.33333333, 0.33333333])
        """
        points = as_points(x)
        n_samples, n_features = points.n_samples, points.n_features
        _check_n_samples(n_samples)
        if min(n_samples, n_features) > MAX_SIDE:
            raise InputError(
                f"the spectrum of {n_samples} x {n_features} numbers is too large: one side must "
                f"be at most {MAX_SIDE}; take fewer samples"
            )
        if points.unit != 1.0:
            raise InputError(
                f"values near {points.unit:.0e} have squared variances outside float64's range: "
                "multiply all by a constant first, no linear dimension depends on it"
            )
        sums = _gram_sums(points) if n_samples <= n_features else _covariance_sums(points)
        return cls(
            matrix=sums.matrix,
            n_samples=n_samples,
            n_features=n_features,
            row_squares=sums.row_squares,
            column_square_sum=sums.column_square,
            column_fourth_sum=sums.column_fourth,
            rounding=points.rounding,
            points=points,
        )

    def subset(self, rows: Int64[np.ndarray, " m"]) -> Spectrum:
        """Find the spectrum of some of the rows, from the Gram matrix where there is one.

        Raises
        ------
        InputError
            If they are fewer than two.
        """
        _check_n_samples(len(rows))
        points = self.points.take(rows)
        if not self.by_gram:
            return Spectrum.from_points(points)
        products = self.matrix[np.ix_(rows, rows)]
        gram = _centred(products)
        if np.trace(gram) < _RESOLVED * np.trace(products):  # rows far from the mean of all
            return Spectrum.from_points(points)
        return Spectrum(
            matrix=gram,
            n_samples=len(rows),
            n_features=self.n_features,
            row_squares=np.diag(gram).copy(),
            column_square_sum=None,
            column_fourth_sum=None,
            rounding=self.rounding,
            points=points,
            part_of=(self, rows),
        )


@dataclass(frozen=True, eq=False)
class _Sums:
    matrix: Float64[np.ndarray, "side side"]
    row_squares: Float64[np.ndarray, " n"]
    column_square: float
    column_fourth: float


def _check_n_samples(n_samples: int) -> None:
    if n_samples < 2:
        raise InputError(
            f"a covariance needs at least 2 samples, got {counted(n_samples, 'sample')}: give more"
        )


def _gram_sums(points: Points) -> _Sums:
    gram = points.gram
    return _Sums(
        gram.matrix,
        np.diag(gram.matrix).copy(),
        gram.column_square_sum,
        gram.column_fourth_sum,
    )


def _covariance_sums(points: Points) -> _Sums:
    scatter = np.zeros((points.n_features, points.n_features))
    row_squares = []
    column_fourth = 0.0
    for block in points.row_blocks():
        block -= points.scan.column_mean
        scatter += block.T @ block
        np.square(block, out=block)
        row_squares.append(block.sum(axis=1))
        column_fourth += float(np.einsum("ij,ij->", block, block))
    column_square = float(np.square(np.diag(scatter)).sum())
    return _Sums(scatter, np.concatenate(row_squares), column_square, column_fourth)


def _centred(gram: Float64[np.ndarray, "n n"]) -> Float64[np.ndarray, "n n"]:
    mean = gram.mean(axis=0)
    return np.asarray(gram - mean - mean[:, None] + mean.mean())
