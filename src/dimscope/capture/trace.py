"""What happens inside a network when it is called once: every module call and what it made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from dimscope.capture.batches import Batch
from dimscope.capture.depth import is_transformation
from dimscope.capture.inference import Forward, place_batch, run_model
from dimscope.capture.tensors import Seen, named_tensors
from dimscope.errors import CaptureError


@dataclass(eq=False)
class Call:
    """One call of a module.

    Attributes
    ----------
    path, number
        Qualified name of the module, and how many times it had been called, this call included.
    module
        The module.
    depth_before, depth_after
        Convolution and linear transformations done in the network before and after the call.
    input
        The first tensor it received, if any.
    outputs
        The tensors it returned, by the suffix of their names.
    children
        The calls made inside it.
    """

    path: str
    number: int
    module: nn.Module
    depth_before: int
    input: Seen | None
    depth_after: int = 0
    outputs: dict[str, Seen] = field(default_factory=dict)
    children: list[Call] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the call in the grammar of layers: ``path``, ``path#2``, ..."""
        return self.path if self.number == 1 else f"{self.path}#{self.number}"

    def walk(self) -> Iterator[Call]:
        """The call itself and all inside it, outer before inner."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(eq=False)
class Trace:
    """One call of a network.

    Attributes
    ----------
    n_samples
        Samples in the batch.
    input_name, output_name
        What the network's own input and output are called.
    inputs, outputs
        What the network received and returned, by the suffix of the names.
    roots
        The outermost module calls.
    depth
        Convolution and linear transformations done in all.
    """

    n_samples: int
    input_name: str
    output_name: str
    inputs: dict[str, Seen]
    outputs: dict[str, Seen] = field(default_factory=dict)
    roots: list[Call] = field(default_factory=list)
    depth: int = 0


def trace_batch(model: nn.Module, batch: Batch, forward: Forward | None) -> list[Trace]:
    """Trace the network with two batch sizes, to tell the batch from other dimensions.

    The samples are the first of ``batch``, repeated if it has too few. A network that accepts only
    one batch size is traced once, with all of ``batch``.

    Raises
    ------
    CaptureError
        If the network fails.
    """
    try:
        return [_trace(model, first_samples(batch, size), forward) for size in (2, 3)]
    except CaptureError:
        return [_trace(model, batch, forward)]


def first_samples(batch: Batch, n_samples: int) -> Batch:
    """The first samples of a batch, repeated if it has too few."""
    return batch.take([row % batch.n_samples for row in range(n_samples)])


def _trace(model: nn.Module, batch: Batch, forward: Forward | None) -> Trace:
    batch = place_batch(batch, model)
    trace = Trace(batch.n_samples, *outer_names(model), inputs=_seen(batch.inputs))
    with _recording(model, trace):
        output = run_model(model, batch, forward)
    trace.outputs = _seen(output)
    return trace


def outer_names(model: nn.Module) -> tuple[str, str]:
    """Names of the network's own input and output, in parentheses if a module has the name."""
    taken = dict(model.named_children())
    return "(input)" if "input" in taken else "input", "(output)" if "output" in taken else "output"


def _seen(value: Any) -> dict[str, Seen]:
    return {suffix: Seen.of(tensor) for suffix, tensor in named_tensors(value).items()}


@contextmanager
def _recording(model: nn.Module, trace: Trace) -> Iterator[None]:
    """Write every call of a module of ``model`` into ``trace``."""
    paths = {module: path for path, module in model.named_modules()}
    numbers: Counter[str] = Counter()
    running: list[Call] = []

    def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
        path = paths[module]
        numbers[path] += 1
        tensor = first_tensor(args, kwargs)
        seen = None if tensor is None else Seen.of(tensor)
        call = Call(path, numbers[path], module, trace.depth, seen)
        (running[-1].children if running else trace.roots).append(call)
        running.append(call)

    def leave(module: nn.Module, _args: Any, output: Any) -> None:
        call = running.pop()
        while call.module is not module:  # a call that failed, whose error the network caught
            call = running.pop()
        trace.depth += is_transformation(module)
        call.depth_after = trace.depth
        call.outputs = _seen(output)

    with hooked(filter(can_be_hooked, paths), enter, leave):
        yield


@contextmanager
def hooked(
    modules: Iterable[nn.Module], enter: Callable[..., None], leave: Callable[..., None]
) -> Iterator[None]:
    """Call ``enter`` before and ``leave`` after every call of ``modules``, inside ``with`` only."""
    handles = []
    try:
        for module in modules:
            handles.append(module.register_forward_pre_hook(enter, with_kwargs=True))
            handles.append(module.register_forward_hook(leave))
        yield
    finally:
        for handle in handles:
            handle.remove()


def first_tensor(args: Any, kwargs: Any) -> Tensor | None:
    """The first tensor among the arguments of a call."""
    return next(iter(named_tensors([args, kwargs]).values()), None)


def can_be_hooked(module: nn.Module) -> bool:
    """Whether calls of ``module`` can be observed: TorchScript forbids it."""
    return not isinstance(module, torch.jit.ScriptModule)
