"""The published surrogate follows from the published spectrum, and the table tells its errors."""

from __future__ import annotations

import pytest

import dimscope as ds
from benchmarks.belief import gaussian_surrogate as study
from dimscope.studies.recipes.ansuini.linearised import gaussian_of_vgg16


@pytest.mark.statistical
def test_the_published_value_is_that_of_roots_of_singular_values():
    """193.8 at 2,000 images: as their code draws it, and twice what the covariance gives."""
    want = next(gaussian for n, _, gaussian in study.PUBLISHED if n == study.AT_SPECTRUM)
    wrong, right = (
        ds.estimate(gaussian_of_vgg16(as_published=as_published, seed=0), errors="own")
        for as_published in (True, False)
    )
    assert abs(wrong.value - want) < 2 * wrong.stderr
    assert right.value < 0.55 * want


def test_errors_are_the_scatter_over_blocks_or_from_theory_where_these_are_few():
    rows = [
        {"layer": study.EARLY, "n": n, "draw": "data", "block": block, "value": v, "stderr": 9.0}
        for n, block, v in ((500, 0, 10.0), (500, 1, 14.0), (500, 2, 18.0), (4000, 0, 30.0))
    ]
    assert study.curve(rows, study.EARLY, "data").tolist() == [[500, 14, 4], [4000, 30, 9]]
