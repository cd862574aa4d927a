"""Quantities: a method with its setting, its family and its title."""

from __future__ import annotations

import pytest

from dimscope import InputError
from dimscope.results import VARIANCE_SHARE, Quantity


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("intrinsic", "intrinsic_dimension"),
        ("linear", "linear_dimension"),
        ("pair", "box"),
        ("other", "box"),
    ],
)
def test_the_family_gives_the_name(family, name):
    assert Quantity.of("box", family).name == name


def test_two_settings_of_one_method_are_two_quantities():
    usual = Quantity.of("gride", "intrinsic", title="Gride")
    other = Quantity.of("gride", "intrinsic", title="Gride", setting="n1=4")
    assert usual != other
    assert (usual.key, usual.label) == ("gride", "Gride")
    assert (other.key, other.label) == ("gride(n1=4)", "Gride (n1=4)")


def test_a_method_without_a_title_is_called_by_its_name():
    assert Quantity.of("box_dimension", "intrinsic").title == "Box dimension"
    assert Quantity.of("box_dimension", "intrinsic", title="Box").title == "Box"


def test_an_unknown_family_is_refused_with_those_there_are():
    with pytest.raises(
        InputError, match=r"box has the family 'curved': choose .*intrinsic, linear"
    ):
        Quantity.of("box", "curved")


def test_a_share_of_variance_is_no_dimension():
    assert VARIANCE_SHARE.family == "other"
    assert "dimension" not in VARIANCE_SHARE.name
