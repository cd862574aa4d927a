"""What a network receives of its data, and the inputs of a control in the same form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dimscope.capture import Probe
from dimscope.capture.batches import read_first
from dimscope.capture.inference import undisturbed
from dimscope.capture.tensors import leaves, map_leaves
from dimscope.controls.choice import ControlChoice, controls_for, n_controls
from dimscope.controls.control import Control, combined
from dimscope.errors import InputError

#: Stands where the inputs do in the form of a batch.
PLACE = object()

#: The most samples that a control is fitted to, and the most bytes of them in float32.
_MAX_SAMPLES = 1000
_MAX_BYTES = 2**28
#: Inputs that are made at once. Batches of forward passes may have any size, without an effect.
_MADE_AT_ONCE = 32

_HOW_TO_SAY = (
    "give families of inputs, controls=[dimscope.controls.InputFamily(...)], whose embed returns "
    "what this network takes, or controls=False"
)


def controls_of(probe: Probe, choice: ControlChoice, *, rng: int) -> tuple[Control, ...]:
    """Choose controls for what a network receives, ready to go through it.

    Parameters
    ----------
    probe
        The network and the data. The data are read only if controls must be fitted to them.
    choice, rng
        As in `controls_for`.

    Raises
    ------
    InputError
        If controls must be fitted to the data, and cannot.
    """
    if not isinstance(choice, bool | str):
        return controls_for(torch.empty(0), choice, rng=rng)
    data = received(probe)
    return tuple(map(data.dressed, controls_for(data.inputs, choice, rng=rng)))


def count_controls(probe: Probe, choice: ControlChoice) -> int:
    """How many controls `controls_of` would choose; at most the first batch is read.

    Raises
    ------
    InputError
        If controls must be fitted to the data, and cannot.
    """
    if not isinstance(choice, bool | str):
        return len(choice)
    return n_controls(received(probe, n_samples=1).inputs, choice) if choice else 0


@dataclass(frozen=True)
class Received:
    """Some of the data as a network receives them.

    Attributes
    ----------
    inputs
        The samples, float32, on the CPU.
    form
        The dict or tuple in which they come, with `PLACE` in their place.
    """

    inputs: Tensor
    form: Any

    def dressed(self, control: Control) -> Control:
        """Return the control in this form, if it makes inputs like these."""
        bare = control.family.embed
        family = replace(
            control.family,
            embed=lambda u: map_leaves(self.form, lambda leaf: bare(u) if leaf is PLACE else leaf),
        )
        return replace(control, family=family)


def received(probe: Probe, n_samples: int = _MAX_SAMPLES) -> Received:
    """Read the first samples of the data of a probe: at most 1,000, and 256 MiB of them.

    Raises
    ------
    InputError
        If the data can be read only once, or the network does not receive exactly one
        floating-point tensor.
    """
    if isinstance(probe.data, Iterator):
        raise InputError(
            "controls are fitted to the data, so these are read twice, and an iterator gives them "
            f"only once: give a list of batches, a DataLoader or a Dataset; or {_HOW_TO_SAY}"
        )
    parts: list[Tensor] = []
    form: Any = None
    n_left = n_samples
    with undisturbed(probe.model, probe.data, probe.mode):
        for batch in probe.batches():
            content = batch.inputs if probe.forward is None else batch.content
            inputs = _only_tensor(content)
            if not parts:
                form = map_leaves(content, lambda leaf: PLACE if isinstance(leaf, Tensor) else leaf)
                n_left = min(n_left, max(1, _MAX_BYTES // (4 * max(1, inputs[0].numel()))))
            parts.append(inputs[:n_left].detach().to("cpu", torch.float32, copy=True))
            n_left -= len(parts[-1])
            if n_left == 0:
                break
    if not parts:
        raise InputError("the data is empty: give at least one sample")
    return Received(torch.cat(parts), form)


def batch_size_of(probe: Probe) -> int:
    """How many samples of the data go through the network at once.

    Raises
    ------
    InputError
        If numbers depend on that, and the data can be read only once.
    """
    if not isinstance(probe.data, Iterator):
        with undisturbed(probe.model, probe.data, probe.mode):
            return read_first(probe.batches()).n_samples
    if probe.mode == "train":
        raise InputError(
            "in mode='train' controls go through the network in batches as large as those of the "
            "data, and an iterator does not tell how large these are before it is read: give a "
            "list of batches, a DataLoader or a Dataset"
        )
    return probe.batch_size


def drawn(control: Control, n_samples: int, batch_size: int) -> DataLoader[Any]:
    """Draw the inputs of a control, in batches that are made whenever they are read."""
    return DataLoader(_Drawn(control, n_samples), batch_size=batch_size, collate_fn=_stacked)


class _Drawn(Dataset[Any]):
    """The inputs of a control. They are made in groups of one size, whatever the batches are."""

    def __init__(self, control: Control, n_samples: int) -> None:
        self._embed = control.family.embed
        self._coordinates = torch.split(control.draw(n_samples), _MADE_AT_ONCE)
        self._n_samples = n_samples
        self._group: tuple[int, Any] = (-1, None)

    def __len__(self) -> int:
        return self._n_samples

    def __getitem__(self, place: int) -> Any:
        number, row = divmod(place, _MADE_AT_ONCE)
        coordinates = self._coordinates[number]
        if self._group[0] != number:
            with torch.no_grad():
                self._group = number, self._embed(coordinates)

        def pick(leaf: Any) -> Any:
            is_column = isinstance(leaf, Tensor) and leaf.ndim and len(leaf) == len(coordinates)
            return leaf[row] if is_column else leaf

        return map_leaves(self._group[1], pick)


def _stacked(rows: Sequence[Any]) -> Any:
    return combined(rows, torch.stack)


def _only_tensor(content: Any) -> Tensor:
    """The one tensor in a batch, which must be floating-point."""
    found = [(suffix, leaf) for suffix, leaf in leaves(content) if isinstance(leaf, Tensor)]
    if len(found) == 1 and found[0][1].is_floating_point():
        return found[0][1]
    said = ", ".join(
        f"{suffix.lstrip(':')} {str(leaf.dtype).removeprefix('torch.')} {tuple(leaf.shape)}".strip()
        for suffix, leaf in found[:4]
    )
    raise InputError(
        "a control takes the place of the one floating-point tensor that a network receives, and "
        f"this network receives {said}{', ...' if len(found) > 4 else ''}: {_HOW_TO_SAY}"
    )
