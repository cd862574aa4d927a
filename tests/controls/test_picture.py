"""Families of one picture: against shifts, turns and changes of light done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from dimscope.controls import picture_directions, picture_family
from dimscope.controls.picture import RANGES
from dimscope.controls.spline import spline_picture
from dimscope.errors import InputError


def _picture(channels=3, size=20, seed=0):
    noise = torch.from_numpy(np.random.default_rng(seed).random((channels, size, size)))
    return spline_picture(noise, 1.5).coefficients


def _at(family, **changes):
    """The picture after some changes, in the units of `RANGES`."""
    ends = dict(zip(RANGES, [0.0] * len(RANGES), strict=True)) | changes
    u = [value / RANGES[name] for name, value in ends.items()][: family.dimension]
    return family.embed(torch.tensor([u], dtype=torch.float64))[0]


def test_a_wave_is_lowered_by_the_two_blurs_and_read_between_its_pixels():
    """cos(kx) as coefficients gives ((2 + cos k) / 3) cos(kx) at pixels (Unser 1999)."""
    k = 2 * np.pi / 10
    x = torch.arange(40, dtype=torch.float64)
    wave = torch.cos(k * (x + 0.5)).expand(1, 40, 40)  # the mirror continues it
    at = torch.linspace(-30, 70, 41, dtype=torch.float64)[None]
    values = spline_picture(wave, 1.2).read(torch.zeros_like(at), at)[0, 0]
    lowered = (2 + np.cos(k)) / 3 * np.exp(-((1.2 * k) ** 2) / 2)
    assert torch.allclose(values[::2], lowered * torch.cos(k * (at[0, ::2] + 0.5)), atol=1e-4)
    assert torch.allclose(values, lowered * torch.cos(k * (at[0] + 0.5)), atol=2e-3)


def test_the_spline_is_twice_continuously_differentiable_across_pixels():
    spline = spline_picture(_picture(1, 12), 0.0)

    def line(t):
        return spline.read(torch.full_like(t, 4.3), t)[0, 0]

    first, second = torch.func.jacfwd(line), torch.func.jacfwd(torch.func.jacfwd(line))
    before, after = (torch.tensor([[7 + e]], dtype=torch.float64) for e in (-1e-9, 1e-9))
    for slope in (line, first, second):
        assert torch.allclose(slope(before), slope(after), atol=1e-6)
    assert float(second(before).abs()) > 1e-4


def test_the_centre_is_the_picture_itself_blurred():
    picture = _picture()
    (family,) = picture_directions(picture[None], 8)
    centre = family.embed(torch.zeros(1, 8, dtype=torch.float64))[0]
    assert (centre - picture).abs().max() < 0.1 * (picture.max() - picture.min())
    kernel = torch.tensor([1.0, 4.0, 1.0], dtype=torch.float64) / 6
    once = spline_picture(picture, 0.8).coefficients
    expected = torch.nn.functional.conv2d(once[:, None], torch.outer(kernel, kernel)[None, None])
    assert torch.allclose(centre[:, 1:-1, 1:-1], expected[:, 0])


def test_shifts_of_whole_pixels_roll_the_picture():
    family = picture_family(_picture(), 8)
    centre = _at(family)
    shifted = _at(family, **{"shift x": 3 / 20, "shift y": -2 / 20})
    assert torch.allclose(shifted[:, :-2, 3:], centre[:, 2:, :-3])


def test_a_quarter_turn_is_a_quarter_turn():
    family = picture_family(_picture(), 4)
    turned = _at(family, rotation=math.pi / 2)
    turns = [torch.rot90(_at(family), k, dims=(1, 2)) for k in (1, -1)]
    assert any(torch.allclose(turned, turn, atol=1e-9) for turn in turns)


def test_scale_magnifies_about_the_middle_and_shear_slants():
    ramp = torch.linspace(-1, 1, 40, dtype=torch.float64).expand(3, 40, 40)
    family = picture_family(ramp, 8)
    middle = slice(12, 28)
    wide = _at(family, scale=0.2)[:, middle, middle]
    assert torch.allclose(wide, math.exp(-0.2) * ramp[:, middle, middle], atol=1e-6)
    rows = torch.linspace(-1, 1, 40, dtype=torch.float64)[:, None]
    slanted = _at(family, shear=0.3)[:, middle, middle]
    assert torch.allclose(slanted, (ramp + 0.3 * rows)[:, middle, middle], atol=1e-6)


def test_light():
    picture = _picture()
    family = picture_family(picture, 8)
    centre = _at(family)
    known = spline_picture(picture, 0.8).coefficients
    low, high = known.min(), known.max()
    assert torch.allclose(_at(family, brightness=0.1), centre + 0.1 * (high - low))
    expected = known.mean() + math.exp(0.2) * (centre - known.mean())
    assert torch.allclose(_at(family, contrast=0.2), expected)
    gains = torch.tensor([math.exp(0.1), 1, math.exp(-0.1)], dtype=torch.float64)[:, None, None]
    assert torch.allclose(_at(family, colour=0.1), low + gains * (centre - low))


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_families_are_nested(dimension):
    few, all_of_them = (picture_family(_picture(), d) for d in (dimension, 8))
    u = all_of_them.draw(3)
    u[:, dimension:] = 0
    assert torch.allclose(few.embed(u[:, :dimension]), all_of_them.embed(u))


def test_amplitude_multiplies_the_ranges():
    once, twice = (picture_family(_picture(), 8, amplitude=a) for a in (1.0, 2.0))
    u = once.draw(3)
    assert torch.allclose(twice.embed(u / 2), once.embed(u))
    assert twice.facts["ranges"]["rotation"] == pytest.approx(2 * once.facts["ranges"]["rotation"])


@given(d=st.integers(1, 8), seed=st.integers(0, 5))
@settings(max_examples=10, deadline=None)
def test_derivatives_are_right_and_of_full_rank(d, seed):
    family = picture_family(_picture(seed=seed), d)
    u, v = family.draw(2, rng=seed), torch.ones(2, d, dtype=torch.float64)
    _, moved = torch.func.jvp(family.embed, (u,), (v,))
    step = 1e-6
    slopes = (family.embed(u + step * v) - family.embed(u - step * v)) / (2 * step)
    assert torch.allclose(moved, slopes, atol=1e-6)
    jacobians = torch.func.vmap(torch.func.jacfwd(lambda one: family.embed(one[None])[0]))(u)
    stretches = torch.linalg.svdvals(jacobians.flatten(1, -2))
    assert (stretches[:, -1] > 1e-2 * stretches[:, 0]).all()


def test_a_grey_picture_has_seven_directions():
    assert picture_family(_picture(1), 7).sample(2).shape == (2, 1, 20, 20)
    with pytest.raises(InputError, match="no colour"):
        picture_family(_picture(1), 8)


def test_precision_follows_the_coordinates():
    family = picture_family(_picture().float(), 8)
    u = family.draw(2)
    single, double = family.embed(u.float()), family.embed(u)
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert torch.allclose(single.double(), double, atol=1e-5)


@pytest.mark.parametrize(
    ("picture", "wrong", "message"),
    [
        (torch.zeros(3, 8, 8, dtype=torch.uint8), {}, "floating-point"),
        (torch.rand(2, 8, 8), {}, "channels"),
        (torch.rand(8, 8), {}, "channels"),
        (torch.rand(3, 1, 1).expand(3, 8, 8), {}, "one colour"),
        (torch.rand(3, 8, 8), {"dimension": 9}, "1 to 8"),
        (torch.rand(3, 8, 8), {"amplitude": 0.0}, "above 0"),
        (torch.rand(3, 8, 8), {"blur": -1.0}, "not below 0"),
    ],
)
def test_what_has_no_family_is_refused(picture, wrong, message):
    with pytest.raises(InputError, match=message):
        picture_family(picture, **({"dimension": 2} | wrong))
