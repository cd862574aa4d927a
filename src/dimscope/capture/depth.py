"""Relative depth: the share of a network's transformations that come before a layer.

Convolutions and linear maps count, as in Ansuini et al. (2019); activations, normalisation and
pooling do not. The input is at 0, and what follows the last transformation at 1.
"""

from __future__ import annotations

from torch import nn


def is_transformation(module: nn.Module) -> bool:
    """Whether ``module`` is a convolution or a linear map, the steps that depth is counted in."""
    return isinstance(module, nn.modules.conv._ConvNd | nn.Linear) or is_hugging_face_linear(module)


def is_hugging_face_linear(module: nn.Module) -> bool:
    """Whether ``module`` is the linear map that transformers calls Conv1D."""
    return any(
        kind.__name__ == "Conv1D" and kind.__module__.startswith("transformers")
        for kind in type(module).__mro__
    )


def relative_depth(n_before: int, n_in_all: int) -> float | None:
    """The relative depth after ``n_before`` transformations; None in a network that has none.

    Examples
    --------
    >>> relative_depth(0, 8), relative_depth(2, 8), relative_depth(0, 0)
    (0.0, 0.25, None)
    """
    return n_before / n_in_all if n_in_all else None
