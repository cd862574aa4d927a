"""Bases of the estimators that see neighbours as vectors, and not only their distances."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import KNeighborEstimator, NeighborEstimator
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.notes import graph_notes
from dimscope.measurement import Numbers, Products, points_of, read_numbers
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, LocalEstimate, Note

PerPoint = Float64[np.ndarray, " n"]


class VectorEstimator(NeighborEstimator):
    """Base of the estimators that see nearest neighbours as vectors from each point.

    The estimate is made from numbers of each neighbourhood, so that many estimators can share one
    reading of the vectors (`dimscope.measurement.VectorStatistic`).
    """

    @property
    @abstractmethod
    def n_vectors(self) -> int:
        """How many nearest neighbours of each point it needs as vectors."""

    @abstractmethod
    def numbers_of(self, products: Products, n_features: int) -> Numbers:
        """One or more numbers for each neighbourhood, from the products of its vectors."""

    @abstractmethod
    def estimate_of(self, graph: NeighborGraph, numbers: Numbers) -> DimensionEstimate:
        """The estimate from the numbers of all neighbourhoods of ``graph``."""

    def check_graph(self, graph: NeighborGraph) -> None:
        """Raise an InputError if it cannot be estimated from ``graph``."""
        self._check(graph)
        points_of(graph, self.name)

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If a parameter is out of range, the graph has too few neighbours or was made without
            points, or no neighbourhood has a dimension.
        """
        return self.estimate_of(graph, self._numbers(graph))

    def _numbers(self, graph: NeighborGraph) -> Numbers:
        self.check_graph(graph)
        numbers = read_numbers([(graph, [self])])[0][0]
        if isinstance(numbers, str):
            raise InputError(numbers)
        return numbers


class NeighborhoodEstimator(VectorEstimator, KNeighborEstimator):
    """Base of the estimators that make one number of the k neighbours of each point.

    The number is bounded or a logarithm, so that no single neighbourhood can outweigh the others.
    The number of a point gives the dimension there, the mean of all numbers that of the whole.
    """

    least_neighbors: ClassVar[int]

    @property
    def n_vectors(self) -> int:
        """How many nearest neighbours of each point it needs as vectors: ``n_neighbors``."""
        return self.n_neighbors

    def check_graph(self, graph: NeighborGraph) -> None:
        """Raise an InputError if it cannot be estimated from ``graph``."""
        self._check_parameters()
        super().check_graph(graph)

    @abstractmethod
    def numbers_of(self, products: Products, n_features: int) -> PerPoint:
        """The number of each neighbourhood, nan where it has none, from its vectors' products."""

    def estimate_of(self, graph: NeighborGraph, numbers: PerPoint) -> DimensionEstimate:
        """The dimension of the points of ``graph``, from the mean over their neighbourhoods.

        Raises
        ------
        InputError
            If no neighbourhood has a dimension.
        """
        known = numbers[~np.isnan(numbers)]
        notes = graph_notes(graph)
        value = float(self._dimensions(known.mean(keepdims=True))[0]) if len(known) else math.nan
        if math.isnan(value):
            raise InputError(
                f"none of {graph.n_samples} neighbourhoods of {self.n_neighbors} points has a "
                "dimension for this method to see: use more neighbours"
            )
        if n_left_out := len(numbers) - len(known):
            said = (
                f"{n_left_out} of {graph.n_samples} points whose neighbourhoods have no dimension "
                "were left out."
            )
            notes += (Note("left_out", said),)
        return self._answer(
            graph,
            value=value,
            stderr=self._stderr(value, numbers, graph.indices[:, : self.n_neighbors]),
            scale=float(graph.distances[:, self.n_neighbors - 1].mean()),
            n_samples=len(known),
            notes=notes + self._remarks(value),
            ranks=(1, self.n_neighbors),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """A dimension for every point of ``graph``; nan where its neighbourhood has none.

        Raises
        ------
        InputError
            If a parameter is out of range, or the graph has fewer than k neighbours or was made
            without points.
        """
        return self._local_answer(self._dimensions(self._numbers(graph)))

    @abstractmethod
    def _dimensions(self, numbers: PerPoint) -> PerPoint:
        """The dimension that each number stands for."""

    def _stderr(
        self,
        value: float,  # noqa: ARG002
        numbers: PerPoint,  # noqa: ARG002
        neighbors: Int64[np.ndarray, "n k"],  # noqa: ARG002
    ) -> float | None:
        """The standard error of the estimate, where simulation has shown it to hold."""
        return None

    def _remarks(self, value: float) -> tuple[Note, ...]:  # noqa: ARG002
        """Return notes that an estimate of this value needs."""
        return ()

    def _check_parameters(self) -> None:
        """Raise an InputError if a parameter is out of range."""
        check_at_least("n_neighbors", self.n_neighbors, self.least_neighbors)


def centred_products(products: Products) -> Products:
    """Return the products of the vectors from the mean of the neighbours instead of the point."""
    mean = products.mean(axis=2)
    centred = products - mean[:, :, None] - mean[:, None, :] + mean.mean(axis=1)[:, None, None]
    return np.asarray(centred)


def inverses(numbers: PerPoint) -> PerPoint:
    """1 over each number; nan where it is nan or not positive."""
    found = np.full(len(numbers), np.nan)
    np.divide(1, numbers, out=found, where=numbers > 0)
    return found
