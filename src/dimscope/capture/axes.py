"""The axes of an activation: which of them is the batch, and which holds the channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from torch import Tensor

from dimscope.capture.globs import matches
from dimscope.errors import InputError, InputTypeError

_POSITIONS = {0: "", 1: "T", 2: "HW", 3: "DHW"}


@dataclass(frozen=True)
class Axes:
    """What the axes of an activation are.

    Attributes
    ----------
    n_axes
        How many there are.
    batch
        The axis of the samples.
    channels
        The axis of the features; None if unknown. The others are positions, such as pixels or
        tokens.

    Examples
    --------
    >>> import torch
    >>> axes = Axes.of("TBC")
    >>> axes.batch, axes.channels, str(axes), str(Axes(4, batch=0, channels=3))
    (1, 2, 'TBC', 'BHWC')
    >>> tuple(axes.arranged(torch.zeros(7, 2, 5)).shape)
    (2, 7, 5)
    >>> tuple(axes.arranged(torch.zeros(7, 2, 5), "first").shape)
    (2, 5, 7)
    """

    n_axes: int
    batch: int
    channels: int | None

    @classmethod
    def of(cls, spelled: Any) -> Self:
        """Read axes from a letter for each: B for samples, C for channels, others for positions.

        Raises
        ------
        InputError
            If they are not spelled so.
        """
        if not isinstance(spelled, str):
            raise InputTypeError(f"axes {spelled!r} are no text: give a letter for each, as 'BHWC'")
        if not spelled.isalpha() or spelled.count("B") != 1 or spelled.count("C") != 1:
            raise InputError(
                f"axes {spelled!r} are not understood: give a letter for each axis, B for the "
                "samples, C for the channels (features) and any other for positions, such as "
                "'BCHW', 'BHWC', 'BTC' or 'TBC'"
            )
        return cls(len(spelled), spelled.index("B"), spelled.index("C"))

    def __str__(self) -> str:
        rest = [axis for axis in range(self.n_axes) if axis not in (self.batch, self.channels)]
        if self.channels is None:
            letters = "?" * len(rest)
        else:
            letters = _POSITIONS.get(len(rest), "P" * len(rest))
        named: dict[int | None, str] = dict(zip(rest, letters, strict=True))
        named |= {self.batch: "B", self.channels: "C"}
        return "".join(named[axis] for axis in range(self.n_axes))

    def arranged(
        self, activation: Tensor, channels: Literal["first", "last"] | None = None
    ) -> Tensor:
        """Move the samples to the front; and known channels next to them, or to the end."""
        moved = activation.movedim(self.batch, 0)
        if channels is None or self.channels is None:
            return moved
        at = self.channels + (self.channels < self.batch)  # where the first move has put them
        return moved.movedim(at, 1 if channels == "first" else -1)

    def fit(self, shape: Sequence[int], n_samples: int) -> bool:
        """Whether a shape has as many axes, and as many samples."""
        return len(shape) == self.n_axes and shape[self.batch] == n_samples

    def without_batch(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(size for axis, size in enumerate(shape) if axis != self.batch)

    def positions(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The sizes of the axes that hold neither samples nor channels."""
        return tuple(
            size for axis, size in enumerate(shape) if axis not in (self.batch, self.channels)
        )


def checked_axes(axes: Any) -> dict[str, Axes]:
    """Read the axes of layers, spelled by globs of names.

    Raises
    ------
    InputError
        If it is no mapping, or axes are not spelled as `Axes.of` reads them.
    """
    if not isinstance(axes, Mapping):
        raise InputTypeError(
            f"axes={axes!r} must be a mapping from globs of layer names to axes, such as "
            "{'layers.*': 'TBC'}"
        )
    for glob in axes:
        if not isinstance(glob, str):
            raise InputTypeError(f"axes are given for {glob!r}: give a name or glob of layers")
    return {glob: Axes.of(spelled) for glob, spelled in axes.items()}


def axes_said(axes: Mapping[str, Axes], name: str, n_axes: int) -> Axes | None:
    """The axes that were given for a layer: of the first glob that matches, with as many axes."""
    fitting = (own for glob, own in axes.items() if own.n_axes == n_axes and matches(name, glob))
    return next(fitting, None)


def require_axes_used(axes: Mapping[str, Axes], shapes: Mapping[str, Sequence[int]]) -> None:
    """Refuse axes for layers that do not exist, or that all have other numbers of axes.

    Raises
    ------
    InputError
        If a glob stands for no layer.
    """
    for glob, own in axes.items():
        matching = {name: tuple(shape) for name, shape in shapes.items() if matches(name, glob)}
        if not matching:
            raise InputError(
                f"axes are given for {glob!r}, which matches no layer of the network: see "
                "layer_names(model, data) or `dimscope layers` for all names"
            )
        if all(len(shape) != own.n_axes for shape in matching.values()):
            name, shape = next(iter(matching.items()))
            raise InputError(
                f"{own.n_axes} axes are given for {glob!r}, but layer {name!r} has {len(shape)}, "
                f"with the batch: its shape is {shape}"
            )


def find_batch(shapes: Sequence[Sequence[int]], n_samples: Sequence[int]) -> int | str:
    """The axis of the samples, or why there is none.

    Parameters
    ----------
    shapes
        Shapes of one tensor in two runs of the network, or in the only one that is possible.
    n_samples
        Samples in each of these runs.

    Examples
    --------
    >>> find_batch([(5, 2, 16), (5, 3, 16)], [2, 3])
    1
    >>> print(find_batch([(8, 49), (12, 49)], [2, 3]))
    the batch is merged with another axis: axis 0 of its shape (12, 49) has 4 rows for each sample
    """
    last = tuple(shapes[-1])
    if len({len(shape) for shape in shapes}) > 1:
        return "its number of axes depends on the size of the batch"
    if 0 in last:
        return "it is empty"
    sizes = list(zip(*shapes, strict=True))
    like_batch = [axis for axis, size in enumerate(sizes) if size == tuple(n_samples)]
    if len(shapes) == 1:
        return 0 if like_batch == [0] else _unknown(last, n_samples[0])
    changing = [axis for axis, size in enumerate(sizes) if len(set(size)) > 1]
    if not changing:
        return f"its shape {last} does not depend on the size of the batch"
    if len(changing) > 1:
        return f"more than one axis of its shape {last} depends on the size of the batch"
    return changing[0] if changing == like_batch else _merged(changing[0], sizes, last, n_samples)


def _unknown(shape: tuple[int, ...], n_samples: int) -> str:
    return (
        f"the network runs with one batch size only, so it is unknown which axis of its shape "
        f"{shape} is the batch of {n_samples}: say it with axes"
    )


def _merged(
    axis: int, sizes: Sequence[tuple[int, ...]], shape: tuple[int, ...], n_samples: Sequence[int]
) -> str:
    """Why an axis that changes with the batch, but is not it, cannot be taken for it."""
    each = {divmod(size, n) for size, n in zip(sizes[axis], n_samples, strict=True)}
    if len(each) == 1 and (rows := next(iter(each)))[1] == 0:
        return (
            f"the batch is merged with another axis: axis {axis} of its shape {shape} has "
            f"{rows[0]} rows for each sample"
        )
    found, given = (" and ".join(map(str, numbers)) for numbers in (sizes[axis], n_samples))
    return f"axis {axis} of its shape is {found} for {given} samples"
