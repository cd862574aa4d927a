"""The compiled loop behind `dimscope.measurement.vectors`, which releases the GIL."""

from __future__ import annotations

import numpy as np

from dimscope._compiled import compiled, reordered

_CHUNK = 256  # at most so many columns at a time, which stay in the processor's cache
_LANES = 4  # numbers in one register


@reordered
def _multiply(vectors, products, n):  # type: ignore[no-untyped-def]
    """Add the products of the first ``n`` rows with each other, each pair at least once.

    It makes twelve sums at a time, as many as the registers hold without AVX-512.
    """
    for i in range(0, n, 4):
        for j in range(0, min(i + 4, n), 3):
            s00 = s01 = s02 = s10 = s11 = s12 = 0.0
            s20 = s21 = s22 = s30 = s31 = s32 = 0.0
            v0, v1, v2, v3 = vectors[i], vectors[i + 1], vectors[i + 2], vectors[i + 3]
            w0, w1, w2 = vectors[j], vectors[j + 1], vectors[j + 2]
            for c in range(vectors.shape[1]):
                x0, x1, x2, x3 = v0[c], v1[c], v2[c], v3[c]
                y0, y1, y2 = w0[c], w1[c], w2[c]
                s00 += x0 * y0
                s01 += x0 * y1
                s02 += x0 * y2
                s10 += x1 * y0
                s11 += x1 * y1
                s12 += x1 * y2
                s20 += x2 * y0
                s21 += x2 * y1
                s22 += x2 * y2
                s30 += x3 * y0
                s31 += x3 * y1
                s32 += x3 * y2
            products[i, j] += s00
            products[i, j + 1] += s01
            products[i, j + 2] += s02
            products[i + 1, j] += s10
            products[i + 1, j + 1] += s11
            products[i + 1, j + 2] += s12
            products[i + 2, j] += s20
            products[i + 2, j + 1] += s21
            products[i + 2, j + 2] += s22
            products[i + 3, j] += s30
            products[i + 3, j + 1] += s31
            products[i + 3, j + 2] += s32


@compiled
def add_products(values, own, others, products):  # type: ignore[no-untyped-def]
    """Add the products of the differences of the rows ``others[p]`` from row ``own[p]``.

    The differences are of the original values in float64. The sums run over chunks of columns, all
    equally wide, in an order that depends only on the number of columns.
    """
    n_neighbors, n_features = others.shape[1], values.shape[1]
    n_chunks = -(-n_features // _CHUNK)
    chunk = -(-n_features // (n_chunks * _LANES)) * _LANES
    centre = np.empty(chunk)
    vectors = np.zeros((n_neighbors + 6, chunk))  # tiles reach beyond the last: zeros
    local = np.empty((len(vectors), len(vectors)))
    for p in range(len(own)):
        local[:] = 0.0
        for start in range(0, n_features, chunk):
            stop = min(start + chunk, n_features)
            width = stop - start
            centre[:width] = values[own[p], start:stop]
            for j in range(n_neighbors):
                other = values[others[p, j], start:stop]
                vector = vectors[j]
                for c in range(width):
                    vector[c] = np.float64(other[c]) - centre[c]
                vector[width:] = 0.0
            _multiply(vectors, local, n_neighbors)
        for i in range(n_neighbors):
            for j in range(i + 1):
                products[p, i, j] += local[i, j]
                if i != j:
                    products[p, j, i] += local[i, j]
