"""Masks: which tokens are real, found where the network receives them.

A mask is found by its usual names among the arguments of the calls that a layer lies in, from the
innermost to that of the network itself. So the layers of a decoder get the decoder's mask, and
those after a front end that shortens its input get the shortened one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Shaped
from torch import Tensor, nn
from torch.nn import functional

from dimscope.capture.axes import Axes
from dimscope.capture.batches import Batch
from dimscope.capture.binding import Places, is_array, is_binary
from dimscope.capture.padding import Padding
from dimscope.errors import InputError

#: Which tokens (or pixels) are real.
Mask = Bool[Tensor, "n_samples *positions"]

#: Shapes that the mask of a tensor may have, with the samples first.
Positions = Sequence[tuple[int, ...]]

#: What a user may say of masks: nothing, a name, a function of the batch, or all rows of one.
MaskChoice = str | Callable[[Any], Any] | Tensor | np.ndarray | None

_REAL_IS_ONE = ("attention_mask", "pixel_mask", "input_mask", "token_mask")
_REAL_IS_ZERO = ("key_padding_mask",)
_EITHER = ("padding_mask", "pad_mask", "mask")
_OF_DECODER = ("decoder_", "tgt_")
_OF_ENCODER = ("encoder_", "memory_", "cross_")
_ENCODER_STATES = ("encoder_hidden_states", "memory")
_IMAGES = ("pixel_values",)
_SHORTEN = "_get_feature_vector_attention_mask"


@dataclass(frozen=True)
class Frame:
    """A call that a layer lies in: its arguments by name.

    Attributes
    ----------
    module
        What was called; None for the batch itself.
    arguments
        What it received.
    names
        All names that it could receive.
    has_decoded
        Whether a decoder inside it has run, so that what follows has the decoder's tokens.
    """

    module: nn.Module | None
    arguments: Mapping[str, Any]
    names: tuple[str, ...] = ()
    has_decoded: bool = False

    @classmethod
    def of(cls, module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Frame:
        """The call of ``module`` with these arguments."""
        names = Places.of(module).names
        return cls(module, dict(zip(names, args, strict=False)) | dict(kwargs), names)

    @property
    def is_decoder(self) -> bool:
        """Whether the call received what an encoder made."""
        return any(self.arguments.get(name) is not None for name in _ENCODER_STATES)

    def masks(self, *, decoder: bool, n_samples: int) -> Iterator[Mask]:
        """The masks among the arguments; if ``decoder``, of the decoder's tokens only."""
        for name, value in self.arguments.items():
            is_mask = is_array(value) and value.ndim in (2, 3) and len(value) == n_samples
            if not is_mask or name.startswith(_OF_ENCODER):
                continue
            if self.is_decoder or name.startswith(_OF_DECODER) == decoder:
                found = real_positions(name, value, self)
                if found is not None:
                    yield found


class Calls:
    """The calls that run now, the network's outermost; it stays when it has ended."""

    def __init__(self, batch: Batch | None = None) -> None:
        self._ended = [] if batch is None else [Frame(None, batch.named_inputs)]
        self._running: list[Frame] = []

    @property
    def frames(self) -> list[Frame]:
        """The calls, outer before inner."""
        return self._ended + self._running

    def enter(self, module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Note that a call begins."""
        self._running.append(Frame.of(module, args, kwargs))

    def leave(self, depth: int, *, is_network: bool) -> None:
        """Note that the call of this depth ends, and those inside it that failed."""
        frame = self._running[depth]
        del self._running[depth:]
        if is_network:
            self._ended = [*self._ended[:1], frame]
        if frame.is_decoder:
            self._ended, self._running = (
                [replace(one, has_decoded=True) for one in frames]
                for frames in (self._ended, self._running)
            )

    def before_decoding(self) -> Calls:
        """The calls as they were for what an encoder makes, or for the network's input."""
        before = Calls()
        before._ended = [replace(one, has_decoded=False) for one in self._ended]
        before._running = [replace(one, has_decoded=False) for one in self._running]
        return before


class Masks:
    """Finds the mask of every layer.

    Parameters
    ----------
    choice
        What the user said of masks.
    """

    def __init__(self, choice: MaskChoice = None) -> None:
        self._choice = choice
        self._has_tokens = self._is_found = self._fits = False

    def of(self, positions: Positions, calls: Calls, batch: Batch) -> tuple[Mask | None, Padding]:
        """The mask of a tensor that was just made, and its padding, as if the pooling took it."""
        frames = calls.frames
        found = masks_around(frames, batch.n_samples)
        given = given_mask(self._choice, batch, frames)
        if given is not None:
            self._is_found = True
            self._fits |= fitted(positions, [given], frames) is not None
            found = [given, *found]
        self._has_tokens = True
        mask = fitted(positions, found, frames)
        if mask is not None:
            return mask, Padding(mask.numel(), n_left_out=int((~mask).sum()))
        padded = next((mask for mask in found if not bool(mask.all())), None)
        if padded is None or len(positions[0]) < 2:
            return None, Padding()
        sizes = " or ".join(str(sizes[1:]) for sizes in positions)
        misfit = f"{tuple(padded.shape[1:])} entries a sample for {sizes} positions"
        return None, Padding(misfit=misfit)

    def require_found(self, batch: Batch) -> None:
        """Refuse a mask that was given, but is not there or fits no layer.

        Raises
        ------
        InputError
            If it is so.
        """
        if self._choice is None or not self._has_tokens or self._fits:
            return
        if not self._is_found:
            known = ", ".join(map(repr, batch.named_inputs)) or "unnamed entries"
            raise InputError(
                f"mask={self._choice!r} is neither an entry of the batch ({known}) nor an argument "
                "of a module: give one of these, an array, or a function of the batch"
            )
        raise InputError(
            "mask= fits none of the layers: it must be (n_samples, n_tokens) with as many tokens "
            "as the layers have; give a function of the batch, or leave it out"
        )


def masks_around(frames: Sequence[Frame], n_samples: int) -> list[Mask]:
    """The masks that may hold for a tensor made inside these calls, the nearest first."""
    found: list[Mask] = []
    in_decoder = False
    for frame in reversed(frames):
        in_decoder |= frame.is_decoder
        own = list(frame.masks(decoder=in_decoder or frame.has_decoded, n_samples=n_samples))
        found += own
        if not own and any(frame.arguments.get(name) is not None for name in _IMAGES):
            break  # its tokens are patches of images, not those of a text beside them
    return found


def positions_of(shape: Sequence[int], axes: Axes | None) -> Positions:
    """What a mask of a tensor may have as its shape.

    Where the axis of the channels is known, it is all others. Else the tokens may be the first axis
    after the samples, or the positions all but the first.

    Examples
    --------
    >>> positions_of((7, 2, 5), Axes.of("TBC"))
    [(2, 7)]
    >>> positions_of((2, 7, 5), None)
    [(2, 7), (2, 5)]
    """
    batch = 0 if axes is None else axes.batch
    rest = [size for axis, size in enumerate(shape) if axis != batch]
    if axes is not None and axes.channels is not None and len(rest) > 1:
        return [(shape[batch], *axes.positions(shape))]
    tokens, positions = (shape[batch], *rest[:1]), (shape[batch], *rest[1:])
    return [tokens] if len(rest) < 2 else [tokens, positions]


def fitted(positions: Positions, masks: Iterable[Mask], frames: Sequence[Frame]) -> Mask | None:
    """The first mask that fits the positions of a tensor, as `positions_of` gives them.

    Where none fits, the network's own way to shorten a mask is tried (``transformers``' models of
    speech have one), and masks of images are resized to maps, as DETR does.
    """
    masks = list(masks)
    for sizes in positions:
        if exact := [mask for mask in masks if tuple(mask.shape) == sizes]:
            return exact[0]
    for mask, sizes in product(masks, positions):
        if mask.ndim == len(sizes) == 3:
            resized = functional.interpolate(mask[:, None].float(), size=sizes[1:])
            return resized[:, 0].bool()
        if mask.ndim == len(sizes) == 2:
            for frame in reversed(frames):
                length = sizes[1]
                if length < mask.shape[1] and length == _shortened(mask.shape[1], frame.module):
                    shorten: Any = getattr(frame.module, _SHORTEN)
                    return torch.as_tensor(shorten(length, mask.long())) != 0
    return None


def _shortened(length: int, module: nn.Module | None) -> int | None:
    """The tokens that ``transformers``' models of speech make of an input of this length."""
    if not hasattr(module, _SHORTEN):
        return None
    lengths: Any = getattr(module, "_get_feat_extract_output_lengths", None)
    return None if lengths is None else int(lengths(torch.tensor([length])))


def real_positions(name: str, mask: Any, frame: Frame) -> Mask | None:
    """Which positions are real, of a mask with this name; None if the name is of no mask.

    In ``attention_mask`` and its like 1 is real, in torch's ``key_padding_mask`` True is padding;
    additive masks have 0 where a token is real. In a ``padding_mask`` or ``mask`` the padding is
    where all inputs are the same; what holds other values than two, such as classes of pixels, is
    no mask.

    Raises
    ------
    InputError
        If it does not show which of its values is padding.
    """
    if not name.endswith((*_REAL_IS_ONE, *_REAL_IS_ZERO, *_EITHER)):
        return None
    mask = torch.as_tensor(mask)
    if mask.is_floating_point() and bool((mask < 0).any()):
        return torch.eq(mask, 0)
    if name.endswith(_REAL_IS_ONE):
        return torch.ne(mask, 0)
    if name.endswith(_REAL_IS_ZERO):
        return torch.eq(mask, 0)
    if any(other.endswith(_REAL_IS_ZERO) for other in frame.names):
        return None  # torch's layers call the mask of pairs of tokens so
    return _by_content(name, mask != 0, frame) if is_binary(mask) else None


def given_mask(choice: MaskChoice, batch: Batch, frames: Sequence[Frame]) -> Mask | None:
    """The mask of a batch that the user gave, in which 1 is real; None if there is none.

    Raises
    ------
    InputError
        If it is no mask of the batch.
    """
    if choice is None:
        return None
    if isinstance(choice, str):
        return _named(choice, frames, batch.n_samples)
    found = choice(batch.content) if callable(choice) else batch.mask
    if not is_array(found) or found.ndim < 2 or len(found) != batch.n_samples:
        what = f"shape {tuple(found.shape)}" if is_array(found) else f"a {type(found).__name__}"
        raise InputError(
            f"mask= gave {what} for a batch of {batch.n_samples} samples: it must give a tensor "
            "(n_samples, n_tokens), 1 for a real token and 0 for padding"
        )
    return torch.as_tensor(found) != 0


def _named(name: str, frames: Sequence[Frame], n_samples: int) -> Mask | None:
    """The argument of the nearest call that has one of this name."""
    for frame in reversed(frames):
        value = frame.arguments.get(name)
        if is_array(value) and value.ndim >= 2 and len(value) == n_samples:
            found = real_positions(name, value, frame)
            return torch.as_tensor(value) != 0 if found is None else found
    return None


def with_masks(batches: Iterable[Batch], mask: Any) -> Iterator[Batch]:
    """Batches with their rows of a mask that was given for all samples at once.

    Raises
    ------
    InputError
        If the mask has fewer rows than there are samples.
    """
    done = 0
    for batch in batches:
        rows = mask[done : done + batch.n_samples]
        if len(rows) < batch.n_samples:
            raise InputError(
                f"mask= has {len(mask)} rows, but there are more samples: give a row for each"
            )
        yield replace(batch, mask=torch.as_tensor(rows))
        done += batch.n_samples


def _by_content(name: str, mask: Shaped[Tensor, "n *p"], frame: Frame) -> Mask:
    """Tell padding by the inputs, which are the same wherever they are padding."""
    if bool(mask.all()) or not bool(mask.any()):
        return torch.ones_like(mask)
    for value in frame.arguments.values():
        if not isinstance(value, Tensor) or value.shape[: mask.ndim] != mask.shape:
            continue
        same = [_is_constant(value[mask.to(value.device) == pad]) for pad in (True, False)]
        if same[0] != same[1]:
            return ~mask if same[0] else mask
    raise InputError(
        f"the network receives {name!r}, which does not show whether True is padding: give mask=, "
        "a function of the batch that returns 1 for real tokens, such as "
        f"mask=lambda batch: batch[{name!r}], or only ones if all positions are real"
    )


def _is_constant(values: Tensor) -> bool:
    return bool((values == values[:1]).all())
