"""The PCA dimension is a count."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from known_points import matrix, with_spectrum

from dimscope import InputError, PCADimension


class TestPCADimension:
    @pytest.mark.parametrize(
        ("fraction", "count"), [(0.4, 1), (0.6, 2), (0.7, 2), (0.8, 3), (0.95, 4), (1.0, 4)]
    )
    def test_is_a_count_of_components(self, fraction, count):
        """Variances of exactly 4, 3, 2, 1: shares held 0.4, 0.7, 0.9, 1.0."""
        signs = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))
        x = signs * np.sqrt([4.0, 3.0, 2.0, 1.0])
        assert PCADimension(variance_fraction=fraction).fit(x).dimension_ == count

    def test_says_when_the_samples_are_the_limit(self):
        limited, ample = (
            PCADimension().fit(with_spectrum(np.ones(50), n)).estimate_ for n in (40, 2000)
        )
        assert "half of the 39 components that 40 samples allow" in limited.notes[0]
        assert {note.code for note in ample.notes} == {"block_errors"}

    @pytest.mark.parametrize("fraction", [0.0, -0.1, 1.01, math.nan])
    def test_fraction_out_of_range(self, fraction):
        with pytest.raises(InputError, match=r"variance_fraction=.* must lie in \(0, 1\]"):
            PCADimension(variance_fraction=fraction).fit(matrix())
