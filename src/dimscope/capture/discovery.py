"""Finding the layers of a network, by running it on a few samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from torch import nn

from dimscope.capture.auto import choose_layers
from dimscope.capture.axes import Axes, axes_said, checked_axes, find_batch, require_axes_used
from dimscope.capture.batches import Batch, read_first
from dimscope.capture.binding import Network
from dimscope.capture.channels import Evidence
from dimscope.capture.depth import relative_depth
from dimscope.capture.inference import Forward, Mode, require_mode, require_module, undisturbed
from dimscope.capture.layers import LayerInfo, LayerTable, Source
from dimscope.capture.masks import MaskChoice
from dimscope.capture.parallel import unwrapped
from dimscope.capture.pooling import PoolingChoice
from dimscope.capture.readings import open_batches
from dimscope.capture.tensors import Seen
from dimscope.capture.trace import (
    Call,
    Trace,
    can_be_hooked,
    first_samples,
    outer_names,
    trace_batch,
)
from dimscope.capture.trial import try_poolings
from dimscope.capture.uncompiled import uncompiled


def layer_names(
    model: nn.Module,
    data: Any = None,
    *,
    forward: Forward | None = None,
    axes: Mapping[str, str] | None = None,
    mode: Mode = "eval",
) -> LayerTable:
    """The layers of a network that can be measured, in order of execution.

    Parameters
    ----------
    model
        The network; it is left exactly as it is.
    data
        What it runs on, in any form that `capture` takes; only its first batch is read.
        Without data, the modules are listed in the order of their definition, and everything
        that only a run of the network shows is None.
    forward
        Called as ``forward(model, batch)`` instead of ``model(inputs)``.
    axes
        What the axes of activations are, as in `Probe`, where the network does not show it.
    mode
        As in `Probe`.

    Returns
    -------
    LayerTable
        Information on each layer by its name. Its ``excluded`` says of every other name why it
        cannot be measured, and ``left_out`` does so for those that ``"auto"`` would choose.

    Raises
    ------
    InputError
        If the model is not a network, the data cannot be read or is empty, or the mode is unknown.
    CaptureError
        If the network fails on the data.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> for layer in layer_names(model, torch.zeros(5, 8)).values():
    ...     print(layer.name, layer.type, layer.shape, layer.relative_depth, layer.auto)
    input Tensor (8,) 0.0 True
    0 Linear (4,) 0.5 False
    1 ReLU (4,) 0.5 True
    2 Linear (2,) 1.0 True
    output Sequential (2,) 1.0 False
    """
    model = require_module(unwrapped(model))
    require_mode(mode)
    said = checked_axes(axes or {})
    if data is None:
        with uncompiled(model):
            return _defined_layers(model)
    with undisturbed(model, data, mode):
        network = Network(model, forward)
        return find_layers(network, read_first(open_batches(data, network)), said)


def find_layers(
    network: Network,
    batch: Batch,
    axes: Mapping[str, Axes],
    pooling: PoolingChoice = "flatten",
    mask: MaskChoice = None,
) -> LayerTable:
    """The layers that appear when the network runs on ``batch``.

    Parameters
    ----------
    network
        The network, and what calls it.
    batch
        Samples.
    axes
        What the axes of activations are, by globs of names.
    pooling
        A function given for a layer whose samples have no axis of their own is tried: if it makes
        a row for each sample, the layer can be measured.
    mask
        Which tokens are real, as in `Probe`, for these functions.

    Raises
    ------
    InputError
        If axes are given that no layer has.
    CaptureError
        If the network fails.
    """
    model = network.model
    traces = trace_batch(model, batch, network.forward)
    runs = [
        _Run(trace.n_samples, {entry.name: entry for entry in _entries(trace, type(model))})
        for trace in traces
    ]
    entries = runs[-1].entries
    require_axes_used(axes, {name: entry.seen.shape for name, entry in entries.items()})
    sources, obstacles = _placed(runs, Evidence.of(traces[-1]), axes)
    parts = [first_samples(batch, run.n_samples) for run in runs]
    tried = try_poolings(network, parts, sources, pooling, mask)
    obstacles = {name: why for name in entries if (why := tried.get(name, obstacles.get(name)))}
    listed = {name for name, source in sources.items() if source.is_listed}
    chosen = choose_layers(model, traces[-1], listed - obstacles.keys())
    wanted = choose_layers(model, traces[-1], listed)
    layers = (
        (_layer(entry, sources[name], index, traces[-1].depth, auto=name in chosen), sources[name])
        for index, (name, entry) in enumerate(entries.items())
    )
    return LayerTable(
        layers,
        excluded=_silent_modules(model, traces[-1]) | obstacles,
        aliases=_aliases(model),
        left_out={name: why for name, why in obstacles.items() if name in wanted},
    )


@dataclass(frozen=True)
class _Entry:
    """A tensor that appeared in a trace, and what it is called."""

    name: str
    seen: Seen
    source: Source
    depth: int


@dataclass(frozen=True)
class _Run:
    """What appeared when the network ran on `n_samples` samples."""

    n_samples: int
    entries: dict[str, _Entry]


def _entries(trace: Trace, model_class: type[nn.Module]) -> Iterator[_Entry]:
    """Every tensor of a trace, in order of appearance."""
    n_calls = Counter(call.path for root in trace.roots for call in root.walk())
    for suffix, seen in trace.inputs.items():
        yield _Entry(trace.input_name + suffix, seen, Source(None, "input", suffix), 0)
    for root in trace.roots:
        yield from _call_entries(root, n_calls)
    for suffix, seen in trace.outputs.items():
        source = Source(None, "output", suffix, module_class=model_class)
        yield _Entry(trace.output_name + suffix, seen, source, trace.depth)


def _call_entries(call: Call, n_calls: Mapping[str, int]) -> Iterator[_Entry]:
    about = (call.number, n_calls[call.path], type(call.module))
    is_network = call.path == ""  # its input and output are those of the trace
    if call.input is not None and not is_network:
        source = Source(call.path, "input", "", *about)
        yield _Entry(f"{call.name}:input", call.input, source, call.depth_before)
    for child in call.children:
        yield from _call_entries(child, n_calls)
    for suffix, seen in ({} if is_network else call.outputs).items():
        source = Source(call.path, "output", suffix, *about)
        yield _Entry(call.name + suffix, seen, source, call.depth_after)


def _placed(
    runs: Sequence[_Run], evidence: Evidence, axes: Mapping[str, Axes]
) -> tuple[dict[str, Source], dict[str, str]]:
    """Where all tensors appear, with their axes; and why some have no axis for the samples."""
    sources, obstacles = {}, {}
    for name, entry in runs[-1].entries.items():
        found = _axes_of(name, runs, evidence, axes)
        if isinstance(found, str):
            obstacles[name] = found
        sources[name] = replace(entry.source, axes=found if isinstance(found, Axes) else None)
    return sources, obstacles


def _axes_of(
    name: str, runs: Sequence[_Run], evidence: Evidence, axes: Mapping[str, Axes]
) -> Axes | str:
    """The axes of a tensor, or why none of them holds the samples."""
    if any(name not in run.entries for run in runs):
        return "it does not appear whenever the network runs"
    shapes = [run.entries[name].seen.shape for run in runs]
    n_axes = len(shapes[-1])
    batch = find_batch(shapes, [run.n_samples for run in runs])
    said = axes_said(axes, name, n_axes)
    if said is not None and len(runs) == 1 and shapes[0][said.batch] == runs[0].n_samples:
        return said
    if isinstance(batch, str):
        return batch
    if said is not None and said.batch != batch:
        return f"its axes are said to be {said}, but axis {batch} of {shapes[-1]} is the batch"
    return said or Axes(n_axes, batch, evidence.channels(runs[-1].entries[name].seen, batch))


def _layer(entry: _Entry, source: Source, index: int, depth: int, *, auto: bool) -> LayerInfo:
    axes = source.axes
    shape = None if axes is None else axes.without_batch(entry.seen.shape)
    return LayerInfo(
        name=entry.name,
        type=source.type_name,
        shape=shape,
        n_features=None if shape is None else prod(shape),
        relative_depth=relative_depth(entry.depth, depth),
        index=index,
        auto=auto,
        axes=None if axes is None else str(axes),
    )


def _silent_modules(model: nn.Module, trace: Trace) -> dict[str, str]:
    """Modules whose name alone is no layer, with the reason."""
    reasons = {
        path: "the network does not call it"
        if can_be_hooked(module)
        else "TorchScript hides its modules"
        for path, module in model.named_modules()
        if path
    }
    for call in (call for root in trace.roots for call in root.walk()):
        reasons.pop(call.path, None)
        if not call.outputs:
            reasons[call.name] = "it returns no tensor"
        elif len(call.outputs) > 1:
            names = ", ".join(call.name + suffix for suffix in call.outputs)
            reasons[call.name] = f"it returns several tensors: choose one of {names}"
    return reasons


def _aliases(model: nn.Module) -> dict[str, str]:
    first = {module: path for path, module in model.named_modules()}
    every = model.named_modules(remove_duplicate=False)
    return {path: first[module] for path, module in every if path != first[module]}


def _defined_layers(model: nn.Module) -> LayerTable:
    """The modules in order of definition, with what is known without data."""
    input_name, output_name = outer_names(model)
    sources = {input_name: Source(None, "input")}
    for path, module in model.named_modules():
        if path:
            sources[path] = Source(path, "output", module_class=type(module))
    sources[output_name] = Source(None, "output", module_class=type(model))
    layers = (
        (LayerInfo(name, source.type_name, None, None, None, index, None), source)
        for index, (name, source) in enumerate(sources.items())
    )
    return LayerTable(layers, aliases=_aliases(model))
