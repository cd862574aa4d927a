"""Preparing raw samples for a network."""

from __future__ import annotations

import torch
from torch.nn import functional

_LITE_MEAN, _LITE_SCALE = 127.0, 128.0
_CAFFE_MEAN = (104.00699, 116.66877, 122.67892)  # blue, green and red of ImageNet's images


def scale_pixels(x: torch.Tensor) -> torch.Tensor:
    """Scale uint8 pixels to float32 in [0, 1]; the default of networks that state nothing else.

    Other floating-point types become float32 with the same values, and other integers, such as
    token numbers, stay as they are.

    Parameters
    ----------
    x
        Tensor of any shape.

    Examples
    --------
    >>> scale_pixels(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    >>> scale_pixels(torch.tensor([3, 4]))
    tensor([3, 4])
    """
    if x.dtype == torch.uint8:
        return x.float() / 255
    return x.float() if x.is_floating_point() else x


def as_rgb(x: torch.Tensor) -> torch.Tensor:
    """Repeat the plane of a grey image three times; leave any other image as it is.

    Parameters
    ----------
    x
        Image of shape (channels, height, width).
    """
    return x.expand(3, -1, -1) if x.shape[0] == 1 else x


def resize_and_crop(x: torch.Tensor, size: int) -> torch.Tensor:
    """Bring an image's shorter side to ``size`` (bicubic, antialiased) and keep its centre square.

    Parameters
    ----------
    x
        uint8 image of shape (channels, height, width).
    size
        Side of the result, in pixels.

    Returns
    -------
    Tensor
        float32 of shape (channels, size, size), within [0, 255].
    """
    height, width = x.shape[-2:]
    shorter = min(height, width)
    shape = (round(height * size / shorter), round(width * size / shorter))
    resized = functional.interpolate(
        x[None].float(), shape, mode="bicubic", antialias=True, align_corners=False
    )[0].clamp(0, 255)  # bicubic interpolation overshoots at edges
    top, left = (shape[0] - size) // 2, (shape[1] - size) // 2
    return resized[:, top : top + size, left : left + size]


def efficientnet_lite_pixels(x: torch.Tensor, *, size: int) -> torch.Tensor:
    """Prepare an image for EfficientNet-Lite: RGB, ``size`` pixels square, (x - 127) / 128.

    Parameters
    ----------
    x
        uint8 image of shape (1 or 3, height, width).
    size
        Side that the network was trained on, in pixels.
    """
    return (resize_and_crop(as_rgb(x), size) - _LITE_MEAN) / _LITE_SCALE


def caffe_pixels(x: torch.Tensor, *, size: int) -> torch.Tensor:
    """Prepare an image for a network of Caffe: BGR, ``size`` pixels square, minus ImageNet's mean.

    Parameters
    ----------
    x
        uint8 image of shape (1 or 3, height, width).
    size
        Side that the network was trained on, in pixels.
    """
    return resize_and_crop(as_rgb(x), size).flip(0) - torch.tensor(_CAFFE_MEAN)[:, None, None]
