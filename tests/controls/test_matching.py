"""The matched control: found where it is known, and honest where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dimscope.controls import matched, picture_family, smooth_maps
from dimscope.controls.search import Search, mismatch
from dimscope.errors import InputError


def test_mismatch_is_the_larger_relative_difference_either_way():
    target = np.array([10.0, 10.0])
    assert mismatch(np.array([11.0, 10.5]), target) == pytest.approx(0.1)
    assert mismatch(np.array([10.5, 10 / 1.2]), target) == pytest.approx(0.2)


def _search(measure, target, between=True):
    return Search(
        target=np.array(target),
        measure=measure,
        dimensions=(4, 6, 8, 11, 16, 23),
        others=(0.25, 0.5, 1.0, 2.0),
        between=between,
    )


def test_the_search_finds_the_member_that_two_readings_identify():
    noise = np.random.default_rng(0)

    def measure(d, other, draw):
        return np.array([d**0.9, d**0.9 * other**0.3]) * np.exp(0.03 * noise.normal(size=2))

    match = _search(measure, [13**0.9, 13**0.9 * 0.7**0.3]).best()
    assert match.dimension == pytest.approx(13, abs=1)
    assert match.other == pytest.approx(0.7, rel=0.15)
    assert match.control == pytest.approx([13**0.9, 13**0.9 * 0.7**0.3], rel=0.08)


def test_of_equal_members_the_search_takes_the_one_of_fewest_dimensions():
    match = _search(lambda d, other, draw: np.full(2, d * other), [8.0, 8.0]).best()
    assert match.dimension == 4
    assert match.other == pytest.approx(2, rel=0.1)


def test_the_search_keeps_to_the_dimensions_that_there_are():
    match = _search(lambda d, other, draw: np.full(2, 1.0 * d), [9.0, 9.0], between=False).best()
    assert match.dimension == 8


def test_members_without_a_dimension_are_passed_over():
    def measure(d, other, draw):
        if d < 11:
            raise InputError("no dimension")
        return np.full(2, float(d))

    assert _search(measure, [16.0, 16.0]).best().dimension in (15, 16, 17)

    def nothing(d, other, draw):
        raise InputError("all points are equal")

    with pytest.raises(InputError, match="no control shows a dimension"):
        _search(nothing, [16.0, 16.0]).best()


def test_data_that_are_a_smooth_map_are_matched():
    rng = np.random.default_rng(0)
    basis = torch.from_numpy(rng.normal(size=(300, 30)) * np.arange(1, 31) ** -0.7)
    data = smooth_maps(basis, 5, length_scale=0.5, rng=1).sample(300)
    family = matched(data)
    match = family.facts["match"]
    assert family.name == f"smooth_d{family.dimension}_matched"
    assert 4 <= family.dimension <= 9
    assert match["mismatch"] < 0.15
    assert match["this_draw"] == pytest.approx(match["control"], rel=0.25)
    assert match["n_samples"] == 300


def test_data_that_are_a_family_of_a_picture_are_matched_by_one():
    picture = torch.from_numpy(np.random.default_rng(0).random((3, 16, 16)))
    data = picture_family(picture, 4, amplitude=0.5).sample(200).float()
    family = matched(data, "picture")
    assert family.name.startswith("affine_d4")
    assert family.facts["match"]["mismatch"] < 0.25
    assert 0 <= family.facts["row"] < 200
    assert set(family.facts["nearness"]) >= {"mean_offset", "spectrum_correlation"}


def test_a_control_that_cannot_reach_the_data_says_so():
    data = torch.from_numpy(np.random.default_rng(0).normal(size=(200, 3, 12, 12))).float()
    family = matched(data, "picture")
    assert family.name.endswith("_nearest")
    assert family.facts["match"]["mismatch"] > 0.15


@pytest.mark.parametrize(
    ("inputs", "kind", "message"),
    [
        (torch.rand(100, 4), "picture", "no images"),
        (torch.rand(100, 4), "spiral", "must be one of"),
        (torch.eye(2).repeat(50, 1), "smooth", "no dimension"),
    ],
)
def test_what_cannot_be_matched_is_refused(inputs, kind, message):
    with pytest.raises(InputError, match=message):
        matched(inputs, kind)
