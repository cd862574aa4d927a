"""Evidence of the axis that holds the channels: what modules make of tensors and take from them.

A convolution has its channels after the samples, a linear map at the end. Such a module tells the
axis of the tensors that it receives and returns, and of all tensors whose samples have these
shapes, if no other axis has as many entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from torch import nn
from torch.nn.modules import batchnorm, conv, pooling

from dimscope.capture.depth import is_hugging_face_linear
from dimscope.capture.tensors import Seen
from dimscope.capture.trace import Trace

_CHANNELS_FIRST = (
    conv._ConvNd,
    batchnorm._NormBase,
    nn.GroupNorm,
    pooling._AdaptiveAvgPoolNd,
    pooling._AdaptiveMaxPoolNd,
    pooling._AvgPoolNd,
    pooling._MaxPoolNd,
    pooling._LPPoolNd,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.Upsample,
)
#: Modules that run as these have channels at the end; a subclass may run otherwise.
_RUN_CHANNELS_LAST = frozenset(
    kind.forward
    for kind in (
        nn.Linear,
        nn.LayerNorm,
        nn.RMSNorm,
        nn.Embedding,
        nn.LSTM,
        nn.GRU,
        nn.RNN,
        nn.MultiheadAttention,
    )
)


@dataclass(frozen=True)
class Evidence:
    """Which axes hold channels, by what the modules of a network say.

    Attributes
    ----------
    of_tensor
        By the identity of a tensor.
    of_shape
        By the shape of one sample; the axes are those of this shape.
    """

    of_tensor: dict[tuple[int, int], set[int]]
    of_shape: dict[tuple[int, ...], set[int]]

    @classmethod
    def of(cls, trace: Trace) -> Self:
        """Collect the evidence of one call of a network."""
        found = cls(defaultdict(set), defaultdict(set))
        for root in trace.roots:
            for call in root.walk():
                received = {} if call.input is None else {":input": call.input}
                for suffix, seen in (received | call.outputs).items():
                    axis = _told_by(call.module, suffix, seen)
                    if axis is not None:
                        found._add(seen, axis, trace.n_samples)
        return found

    def _add(self, seen: Seen, axis: int, n_samples: int) -> None:
        self.of_tensor[seen.identity].add(axis)
        sizes = list(enumerate(seen.shape))
        batch = next((other for other, n in sizes if n == n_samples and other != axis), None)
        positions = [n for other, n in sizes if other not in (axis, batch)]
        if batch is not None and seen.shape[axis] not in positions:
            self.of_shape[_without(batch, seen.shape)].add(axis - (axis > batch))

    def channels(self, seen: Seen, batch: int) -> int | None:
        """The axis of the channels of a tensor; None if nothing tells it, or modules disagree."""
        if len(seen.shape) == 2:
            return 1 - batch
        found = self.of_tensor.get(seen.identity)
        if not found:
            of_sample = self.of_shape.get(_without(batch, seen.shape), set())
            found = {axis + (axis >= batch) for axis in of_sample}
        return next(iter(found)) if len(found) == 1 and batch not in found else None


def _without(axis: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _told_by(module: nn.Module, suffix: str, seen: Seen) -> int | None:
    """The axis of channels that a module tells of a tensor that it receives or returns."""
    n_axes = len(seen.shape)
    if n_axes < 3 or not seen.is_floating:
        return None
    if isinstance(module, _CHANNELS_FIRST):
        return 1
    if type(module).forward in _RUN_CHANNELS_LAST or is_hugging_face_linear(module):
        is_weights = isinstance(module, nn.MultiheadAttention) and suffix == ":1"
        return None if is_weights or _norms_several(module) else n_axes - 1
    return _only_axis(seen.shape, _widths(module))


def _norms_several(module: nn.Module) -> bool:
    """Whether a normalisation takes several axes together, so that none of them is told."""
    return len(getattr(module, "normalized_shape", ())) > 1


def _widths(module: nn.Module) -> set[int]:
    """The numbers of features that a module of another class says it works on."""
    told = {getattr(module, name, None) for name in ("in_features", "out_features")}
    weight = module._parameters.get("weight")
    if weight is not None and weight.ndim == 1:  # that of a normalisation
        told.add(len(weight))
    return {width for width in told if isinstance(width, int) and width > 1}


def _only_axis(shape: Sequence[int], widths: set[int]) -> int | None:
    """The axis that has one of these sizes, if it is the only one."""
    found = [axis for axis, size in enumerate(shape) if size in widths]
    return found[0] if len(found) == 1 else None
