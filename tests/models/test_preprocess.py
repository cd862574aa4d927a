from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from dimscope.models.preprocess import (
    as_rgb,
    caffe_pixels,
    efficientnet_lite_pixels,
    resize_and_crop,
    scale_pixels,
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (torch.uint8, torch.float32),
        (torch.float64, torch.float32),
        (torch.float32, torch.float32),
        (torch.int64, torch.int64),
    ],
)
def test_only_pixels_are_scaled(given, expected):
    scaled = scale_pixels(torch.tensor([1, 255]).to(given))
    assert scaled.dtype == expected
    assert scaled.tolist() == pytest.approx([1 / 255, 1] if given == torch.uint8 else [1, 255])


def test_a_grey_image_becomes_three_equal_planes():
    grey = torch.arange(6).reshape(1, 2, 3)
    assert as_rgb(grey).shape == (3, 2, 3)
    assert (as_rgb(grey) == grey).all()
    colour = torch.rand(3, 2, 3)
    assert as_rgb(colour) is colour


@pytest.mark.parametrize("shape", [(32, 32), (300, 451), (100, 60)])
def test_resizing_agrees_with_pillow(shape):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize(shape[::-1], Image.Resampling.BICUBIC)
    ours = resize_and_crop(torch.from_numpy(np.array(picture)).permute(2, 0, 1), 48)
    scale = 48 / min(shape)
    height, width = round(shape[0] * scale), round(shape[1] * scale)
    theirs = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    top, left = (height - 48) // 2, (width - 48) // 2
    theirs = theirs[top : top + 48, left : left + 48].transpose(2, 0, 1)
    assert ours.shape == (3, 48, 48)
    np.testing.assert_allclose(ours.numpy(), theirs, atol=2)  # Pillow rounds twice


def test_efficientnet_lite_pixels_are_centred_at_127():
    image = torch.full((1, 10, 10), 127, dtype=torch.uint8)
    assert efficientnet_lite_pixels(image, size=16).abs().max() < 1e-5
    white = torch.full((3, 20, 10), 255, dtype=torch.uint8)
    prepared = efficientnet_lite_pixels(white, size=16)
    assert prepared.shape == (3, 16, 16)
    torch.testing.assert_close(prepared, torch.ones(3, 16, 16))


def test_networks_of_caffe_see_blue_first_and_no_mean():
    red = torch.zeros(3, 4, 4, dtype=torch.uint8)
    red[0] = 255
    prepared = caffe_pixels(red, size=4)
    assert prepared.shape == (3, 4, 4)
    expected = [-104.00699, -116.66877, 255 - 122.67892]
    assert prepared[:, 0, 0].tolist() == pytest.approx(expected, abs=1e-4)
