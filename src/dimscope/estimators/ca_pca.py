"""CA-PCA: local principal components, with a correction for curvature.

Gilbert and O'Neill, "CA-PCA: manifold dimension estimation, adapted for curvature", arXiv
2309.13478 (2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.neighborhoods import VectorEstimator, centred_products
from dimscope.estimators._shared.notes import graph_notes
from dimscope.measurement import Numbers, Products
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, LocalEstimate, Note

_ROUNDING = 1e-9  # eigenvalues below this share of the largest count as 0


@final
@dataclass(kw_only=True)
class CAPCA(VectorEstimator):
    """The dimension whose curved ball has the covariance of a point's k neighbours.

    Points that are uniform in a flat ball of radius r have d eigenvalues r^2 / (d+2); the others
    are 0. Curvature moves variance from the first to the others. With l_1 >= l_2 >= ... the
    eigenvalues over r^2, r = (r_k + r_(k+1)) / 2, each point has the d that minimises
    | l_i + (3d+4) / (d(d+4)) S_d - 1/(d+2) |_{i <= d} + 2 S_d, S_d = sum_{i > d} l_i. Local: that
    whole number; global: its mean over the points.

    d goes up to the rank of the neighbours, which features that never change do not raise. Good at
    low dimensions and surfaces that curve within k neighbours. It needs k well above d, as k points
    scatter the eigenvalues and show at most k - 1 dimensions: from about k / 2 on it
    underestimates. Where an edge or uneven density puts the neighbours to one side they spread less
    than a ball about the point, and the dimension comes out too high (a roll of 600 points: 2.1 at
    k = 20, 2.5 at 30). Noise that is not small against r misleads it. The standard error comes from
    disjoint blocks. Cost: N k^2 products of n_features numbers and N k^3 for the eigenvalues.

    Parameters
    ----------
    n_neighbors
        k, at least 2; one neighbour more is searched.
    """

    name: ClassVar[str] = "ca_pca"
    title: ClassVar[str] = "CA-PCA"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.4, 1.8)
    n_neighbors: int = 20

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: k + 1."""
        return self.n_neighbors + 1

    @property
    def n_vectors(self) -> int:
        """How many nearest neighbours of each point it needs as vectors: k + 1."""
        return self.n_neighbors + 1

    def check_graph(self, graph: NeighborGraph) -> None:
        """Raise an InputError if k is below 2 or the graph has too few neighbours."""
        check_at_least("n_neighbors", self.n_neighbors, 2)
        super().check_graph(graph)

    def estimate_of(self, graph: NeighborGraph, numbers: Numbers) -> DimensionEstimate:
        """The mean of the dimensions at all points of ``graph``.

        Raises
        ------
        InputError
            If all neighbours of every point are at distance 0.
        """
        values = numbers
        usable = np.isfinite(values)
        if not usable.any():
            raise InputError(f"all {self.n_neighbors} neighbours of every point are at distance 0")
        notes = graph_notes(graph)
        if n_zero := int((~usable).sum()):
            said = f"{n_zero} of {graph.n_samples} points among copies were left out."
            notes += (Note("left_out", said),)
        return self._answer(
            graph,
            value=float(values[usable].mean()),
            stderr=None,
            scale=float(graph.distances[usable, self.n_neighbors].mean()),
            n_samples=int(usable.sum()),
            notes=notes,
            ranks=(1, self.n_neighbors + 1),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """A whole dimension for every point of ``graph``; nan where its neighbours are copies.

        Raises
        ------
        InputError
            If k is below 2, or the graph has no more neighbours than that or no points.
        """
        return LocalEstimate(
            values=self._numbers(graph),
            n_neighbors=self.n_neighbors,
            method=self.name,
            parameters=self.get_params(),
            title=self.title,
        )

    def numbers_of(self, products: Products, n_features: int) -> Numbers:  # noqa: ARG002
        """A whole dimension for each neighbourhood; nan where its neighbours are copies."""
        k = self.n_neighbors
        squares = np.einsum("ijj->ij", products)
        radii = (np.sqrt(squares[:, k - 1]) + np.sqrt(squares[:, k])) / 2
        centred = centred_products(products[:, :k, :k])
        values = np.full(len(products), np.nan)
        apart = radii > 0
        spectra = np.linalg.eigvalsh(centred[apart])[:, ::-1]
        scale = (k - 1) * radii[apart, None] ** 2
        values[apart] = _nearest_ball(np.maximum(spectra[:, : k - 1], 0) / scale)
        return values


def _nearest_ball(spectra: Float64[np.ndarray, "n most"]) -> Float64[np.ndarray, " n"]:
    """The dimension, up to its rank, of the curved ball nearest to each descending spectrum."""
    ranks = (spectra > _ROUNDING * spectra[:, :1]).sum(axis=1)
    misfits = []
    for d in range(1, max(int(ranks.max()), 1) + 1):
        normal = spectra[:, d:].sum(axis=1)
        tangent = spectra[:, :d] + (3 * d + 4) / (d * (d + 4)) * normal[:, None]
        misfit = np.linalg.norm(tangent - 1 / (d + 2), axis=1) + 2 * normal
        misfits.append(np.where(d <= np.maximum(ranks, 1), misfit, np.inf))
    return np.asarray(np.argmin(misfits, axis=0) + 1.0)
