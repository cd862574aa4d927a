"""The layers of a network as a function of the real-valued inputs of one sample."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from dimscope.capture import Probe
from dimscope.capture.batches import Batch
from dimscope.capture.binding import Network, is_array
from dimscope.capture.form import Form
from dimscope.capture.inference import place_batch
from dimscope.capture.layers import Source
from dimscope.capture.probe import Found
from dimscope.capture.readings import form_of
from dimscope.capture.recording import LayerRecorder
from dimscope.capture.restoring import seed_all
from dimscope.capture.tensors import leaves, map_leaves
from dimscope.controls.derivatives import Function, Place, root_mean_square
from dimscope.errors import CaptureError, InputError


@dataclass(frozen=True, eq=False)
class Watched:
    """A network whose layers are watched.

    Attributes
    ----------
    probe
        The network, and how its layers become vectors.
    sources
        The layers, and where they appear.
    form
        What the entries of its inputs are.
    """

    probe: Probe
    sources: Mapping[str, Source]
    form: Form

    def narrowed(self, names: Sequence[str]) -> Watched:
        """Watch some of the layers only."""
        return replace(self, sources={name: self.sources[name] for name in names})

    def place(self, content: Any) -> Place:
        """The layers as a function of the real-valued inputs of one sample, there."""
        at = real_tensors(content)
        return Place(
            function=self.function(content),
            at=at,
            in_double=lambda: self._in_double.function(content),
            scale=root_mean_square(at) or 1.0,
        )

    def function(self, content: Any) -> Function:
        """The layers, (n_samples, n_features) each, as a function of the real-valued inputs.

        What the network draws at random is the same at every call.
        """
        model, forward = self.probe.model, self.probe.forward

        def layers(tensors: Sequence[Tensor]) -> Mapping[str, Tensor]:
            seed_all(0)
            found: dict[str, Tensor] = {}
            batch = Batch.of(with_tensors(content, tensors), self.form)
            recorder = LayerRecorder(
                self.sources,
                lambda name, rows: found.update({name: rows.clone()}),
                self.probe.pooling,
                mask=self.probe.mask,
                stop_early=True,
            )
            recorder.run(model, place_batch(batch, model), forward)
            return found

        return layers

    @cached_property
    def _in_double(self) -> Watched:
        return replace(self, probe=replace(self.probe, model=in_double(self.probe.model)))


def watch(probe: Probe, content: Any) -> tuple[Watched, Found]:
    """Find the layers of a probe by running its network on the inputs of a few samples.

    Raises
    ------
    InputError
        If layers, poolings or axes are none of this network's, or the inputs cannot be read.
    CaptureError
        If the network fails.
    """
    if is_array(probe.mask):
        raise InputError(
            "mask= is an array, whose rows are those of other samples: let the family make the "
            "mask as an entry of a dict, such as 'attention_mask', or give a function of the batch"
        )
    form = form_of(content, Network(probe.model, probe.forward))
    found = probe.found_in(Batch.of(content, form).as_tensors())
    sources = {name: found.infos.sources[name] for name in found.names}
    return Watched(probe, sources, form), found


def in_double(model: nn.Module) -> nn.Module:
    """A copy of the network in double precision.

    Raises
    ------
    CaptureError
        If it cannot be copied.
    """
    try:
        return copy.deepcopy(model).double()
    except Exception as error:  # whatever the network's modules raise
        raise CaptureError(
            "derivatives in double precision need a copy of the network, and it cannot be copied: "
            f"{type(error).__name__}: {error}"
        ) from error


def real_tensors(content: Any) -> list[Tensor]:
    """The real-valued tensors among inputs, in order."""
    return [leaf for _, leaf in leaves(content) if _is_real(leaf)]


def with_tensors(content: Any, tensors: Sequence[Tensor]) -> Any:
    """The inputs with others in place of their real-valued tensors."""
    others = iter(tensors)
    return map_leaves(content, lambda leaf: next(others) if _is_real(leaf) else leaf)


def _is_real(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.is_floating_point()


def precision_of(model: nn.Module, inputs: Sequence[Tensor]) -> torch.dtype:
    """The coarsest floating-point type of a network; that of its inputs if it has none."""
    own = [tensor for tensor in (*model.parameters(), *model.buffers()) if _is_real(tensor)]
    kinds = {tensor.dtype for tensor in own or inputs}
    return max(kinds, key=lambda kind: torch.finfo(kind).eps)
