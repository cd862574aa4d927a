"""The bounds of the tiles never exceed the distances."""

from __future__ import annotations

import numpy as np
import pytest
from search_clouds import CLOUDS, uneven

from dimscope import NeighborGraph
from dimscope.neighbors.search import vnni as _vnni
from dimscope.neighbors.search.blocks import Blocks, Matrix, side
from dimscope.points import as_points

needs_instruction = pytest.mark.skipif(
    not _vnni.is_supported(), reason="this processor lacks AVX512-VNNI"
)


@pytest.mark.parametrize(
    ("dtype", "ratio"),
    [
        (np.float32, None),
        (np.float64, None),
        pytest.param(np.float32, 0.01, marks=needs_instruction),
    ],
)
@pytest.mark.parametrize("cloud", [*CLOUDS, uneven])
def test_bounds_never_exceed_the_distance(cloud, dtype, ratio):
    x = cloud(np.random.default_rng(4))[::8]
    matrix = Matrix.of(as_points(x))
    rows = np.arange(len(x))
    blocks = Blocks.of(matrix, rows, 64)

    class Inline:
        map = staticmethod(map)

    both = side(blocks, blocks.centres, dtype, Inline, ratio)
    for i in range(len(blocks)):
        for j in range(len(blocks)):
            left, right = blocks.block(i), blocks.block(j)
            shape = left.stop - left.start, right.stop - right.start
            product = both.rows[i].products(both.rows[j], np.empty((2, *shape), dtype=dtype))
            offsets = both.offsets[j, left][:, None] + both.offsets[i, right]
            bound = 2 * (offsets - product).astype(np.float64)
            y, z = (
                x[blocks.points[part]].astype(np.float64) * matrix.scale for part in (left, right)
            )
            assert (bound <= ((y[:, None] - z) ** 2).sum(axis=2)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float16, np.float32])
def test_narrow_numbers_in_memory_are_tiled_however_many(monkeypatch, dtype):
    """Once, more than 2**26 integers were searched by float64 products, ten times as slowly."""
    monkeypatch.setattr("dimscope.neighbors.search.blocks._MOST_COPIED", 0)
    x = np.random.default_rng(5).integers(0, 256, size=(2000, 64)).astype(dtype)
    same = NeighborGraph.from_points(x.astype(np.float32), 5)
    found = NeighborGraph.from_points(x, 5)
    assert found.diagnostics.method == same.diagnostics.method != "intervals"
    assert found.distances.tobytes() == same.distances.tobytes()
    assert found.indices.tobytes() == same.indices.tobytes()


def test_wide_numbers_that_need_a_copy_are_not_copied_beyond_a_limit(monkeypatch):
    monkeypatch.setattr("dimscope.neighbors.search.blocks._MOST_COPIED", 0)
    assert Matrix.of(as_points(np.arange(12).reshape(4, 3))) is None
