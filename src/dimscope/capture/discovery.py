"""Finding the layers of a network, by running it on a few samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import nn

from dimscope.capture.auto import choose_layers
from dimscope.capture.batches import Batch, read_first
from dimscope.capture.binding import Network
from dimscope.capture.depth import relative_depth
from dimscope.capture.inference import Forward, require_module, undisturbed
from dimscope.capture.layers import LayerInfo, LayerTable, Source
from dimscope.capture.readings import open_batches
from dimscope.capture.tensors import Seen
from dimscope.capture.trace import Call, Trace, can_be_hooked, outer_names, trace_batch


def layer_names(
    model: nn.Module, data: Any = None, *, forward: Forward | None = None
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

    Returns
    -------
    LayerTable
        Information on each layer by its name.

    Raises
    ------
    InputError
        If the model is not a network, or the data cannot be read or is empty.
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
    require_module(model)
    if data is None:
        return _defined_layers(model)
    with undisturbed(model, data):
        first = read_first(open_batches(data, Network(model, forward)))
        return find_layers(model, first, forward)


def find_layers(model: nn.Module, batch: Batch, forward: Forward | None) -> LayerTable:
    """The layers that appear when the network runs on ``batch``.

    Raises
    ------
    CaptureError
        If the network fails.
    """
    traces = trace_batch(model, batch, forward)
    runs = [
        _Run(trace.n_samples, {entry.name: entry for entry in _entries(trace, type(model))})
        for trace in traces
    ]
    obstacles = {name: _obstacle(name, runs) for name in runs[-1].entries}
    entries = [entry for name, entry in runs[-1].entries.items() if obstacles[name] is None]
    usable = {entry.name for entry in entries if entry.source.is_listed}
    chosen = choose_layers(model, traces[-1], usable)
    depth = traces[-1].depth
    layers = (
        (_layer(entry, index, depth, auto=entry.name in chosen), entry.source)
        for index, entry in enumerate(entries)
    )
    excluded = {name: reason for name, reason in obstacles.items() if reason is not None}
    return LayerTable(layers, _silent_modules(model, traces[-1]) | excluded, _aliases(model))


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


def _obstacle(name: str, runs: Sequence[_Run]) -> str | None:
    """Why a tensor is not a representation; None if the runs show no reason."""
    if any(name not in run.entries for run in runs):
        return "it does not appear whenever the network runs"
    shapes = [run.entries[name].seen.shape for run in runs]
    if any(shape[:1] != (run.n_samples,) for run, shape in zip(runs, shapes, strict=True)):
        return f"its shape {shapes[-1]} does not begin with the batch size, {runs[-1].n_samples}"
    if len({shape[1:] for shape in shapes}) > 1:
        return "its width depends on the size of the batch"
    return "it is empty" if 0 in shapes[-1] else None


def _layer(entry: _Entry, index: int, depth: int, *, auto: bool) -> LayerInfo:
    shape = entry.seen.shape[1:]
    return LayerInfo(
        name=entry.name,
        type=entry.source.type_name,
        shape=shape,
        n_features=prod(shape),
        relative_depth=relative_depth(entry.depth, depth),
        index=index,
        auto=auto,
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
