from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, strategies as st

from dimscope.capture.axes import Axes, axes_said, checked_axes, find_batch, require_axes_used
from dimscope.errors import InputError


@pytest.mark.parametrize("spelled", ["BC", "CB", "BTC", "TBC", "BCT", "BCHW", "BHWC", "HWBC"])
def test_axes_are_written_as_they_are_read(spelled: str) -> None:
    assert str(Axes.of(spelled)) == spelled


def test_unknown_channels_are_question_marks() -> None:
    assert str(Axes(4, batch=1, channels=None)) == "?B??"


@pytest.mark.parametrize("wrong", ["", "BHW", "BBC", "BC1", "HWC", "B C", 3, None])
def test_axes_that_are_not_understood(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"'BHWC'"):
        Axes.of(wrong)


@given(st.permutations("BCHW"))
def test_arranged_axes_are_in_the_order_that_is_asked_for(letters: list[str]) -> None:
    sizes = {"B": 2, "C": 3, "H": 4, "W": 5}
    maps = torch.arange(120.0).reshape(2, 3, 4, 5)
    seen = maps.permute(["BCHW".index(letter) for letter in letters])
    axes = Axes.of("".join(letters))
    first, last = axes.arranged(seen, "first"), axes.arranged(seen, "last")
    assert first.shape[:2] == (sizes["B"], sizes["C"])
    assert last.shape[::3] == (sizes["B"], sizes["C"])
    assert torch.equal(first.flatten(2).sum(2), maps.flatten(2).sum(2))
    assert torch.equal(last.flatten(1, 2).sum(1), maps.flatten(2).sum(2))
    assert axes.without_batch(seen.shape) == tuple(axes.arranged(seen).shape[1:])


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(2, 5), (3, 5)], 0),
        ([(2, 3, 2), (2, 3, 3)], 2),
        ([(3, 2, 2), (3, 3, 2)], 1),
        ([(5, 5), (5, 5)], "does not depend on the size of the batch"),
        ([(), ()], "does not depend on the size of the batch"),
        ([(2, 2), (3, 3)], "more than one axis"),
        ([(8, 4), (12, 4)], "merged with another axis: axis 0 .* has 4 rows for each sample"),
        ([(4, 8), (4, 9)], "axis 1 of its shape is 8 and 9 for 2 and 3 samples"),
        ([(2, 5), (3, 5, 1)], "number of axes"),
        ([(2, 0), (3, 0)], "empty"),
    ],
)
def test_two_batch_sizes_tell_the_batch(shapes: Any, expected: Any) -> None:
    found = find_batch(shapes, [2, 3])
    if isinstance(expected, int):
        assert found == expected
    else:
        with pytest.raises(InputError, match=expected):
            raise InputError(found)


def test_one_batch_size_tells_the_batch_only_if_no_other_axis_has_its_size() -> None:
    assert find_batch([(5, 4)], [5]) == 0
    for shape in [(5, 5), (4, 5), (10, 4)]:
        assert "say it with axes" in str(find_batch([shape], [5]))


def test_the_first_glob_that_fits_says_the_axes() -> None:
    axes = checked_axes({"a.*": "BHWC", "**": "TBC"})
    assert axes_said(axes, "a.b", 4) == Axes.of("BHWC")
    assert axes_said(axes, "a.b", 3) == Axes.of("TBC")
    assert axes_said(axes, "b", 4) is None


def test_axes_for_no_layer_are_refused() -> None:
    shapes = {"a": (3, 5, 7)}
    require_axes_used(checked_axes({"a": "BTC"}), shapes)
    with pytest.raises(InputError, match=r"'b.*', which matches no layer"):
        require_axes_used(checked_axes({"b*": "BTC"}), shapes)
    with pytest.raises(InputError, match=r"4 axes are given for 'a', but layer 'a' has 3"):
        require_axes_used(checked_axes({"a": "BHWC"}), shapes)
    with pytest.raises(InputError, match="must be a mapping"):
        checked_axes("BTC")
