"""The published surrogate follows from the published spectrum, and the table tells its errors."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from benchmarks.belief import gaussian_surrogate as study
from dimscope.studies.published import published


def test_the_published_curves_are_those_that_ship():
    ships = published("curvature")
    for column, name in (("data", "id_original"), ("surrogate", "id_gaussian_as_published")):
        by_n = dict(zip(study.PUBLISHED["n"], study.PUBLISHED[column], strict=True))
        assert [by_n[n] for n in ships["n"]] == pytest.approx(ships[name], abs=0.6)


def test_the_spectrum_goes_through_what_was_decoded_and_adds_up():
    found = study.published_spectrum()
    ranks = np.array(study.PUBLISHED["ranks"])
    assert found[ranks - 1] == pytest.approx(study.PUBLISHED["singular_values"], rel=1e-9)
    assert np.square(found).sum() == pytest.approx(2016 * study.UNITS)
    assert (np.diff(found) < 0).all()


@pytest.mark.statistical
def test_the_published_value_is_that_of_roots_of_singular_values():
    """193.8 at 2,000 images: as their code draws it, and twice what the covariance gives."""
    want = study.PUBLISHED["surrogate"][study.PUBLISHED["n"].index(study.AT_SPECTRUM)]
    wrong, right = (
        ds.estimate(study.of_spectrum(draw, 0), errors="own")
        for draw in ("as published", "surrogate")
    )
    assert abs(wrong.value - want) < 2 * wrong.stderr
    assert right.value < 0.55 * want


def test_errors_are_the_scatter_over_blocks_or_from_theory_where_these_are_few():
    rows = [
        {"layer": study.EARLY, "n": n, "draw": "data", "block": block, "value": v, "stderr": 9.0}
        for n, block, v in ((500, 0, 10.0), (500, 1, 14.0), (500, 2, 18.0), (4000, 0, 30.0))
    ]
    assert study.curve(rows, study.EARLY, "data").tolist() == [[500, 14, 4], [4000, 30, 9]]
