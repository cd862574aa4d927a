"""What ``layers="auto"`` chooses: the layers at which papers measure a network.

These are the input, every pooling, the linear maps outside of blocks, the blocks and the output. Of
a network built in stages, only the last block of each stage is chosen.

To find them, the network is read as a sequence of steps. A module that does one thing only is one
step, such as a convolution with its normalisation and activation. A larger module that occurs
several times is a block. Any other module is replaced by the modules inside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby, zip_longest
from math import prod
from typing import Literal

from torch import nn
from torch.nn.modules import conv, pooling

from dimscope.capture.depth import is_hugging_face_linear, is_transformation
from dimscope.capture.tensors import Seen
from dimscope.capture.trace import Call, Trace

Kind = Literal["pool", "conv", "linear", "recurrent", "embedding", "block", "container", "other"]

_KINDS: tuple[tuple[Kind, tuple[type[nn.Module], ...]], ...] = (
    ("conv", (conv._ConvNd,)),
    ("linear", (nn.Linear,)),
    ("recurrent", (nn.RNNBase,)),
    ("embedding", (nn.Embedding, nn.EmbeddingBag)),
    (
        "pool",
        (
            pooling._AdaptiveAvgPoolNd,
            pooling._AdaptiveMaxPoolNd,
            pooling._AvgPoolNd,
            pooling._MaxPoolNd,
            pooling._LPPoolNd,
            nn.FractionalMaxPool2d,
            nn.FractionalMaxPool3d,
        ),
    ),
)
_ADAPTIVE_POOLS = (pooling._AdaptiveAvgPoolNd, pooling._AdaptiveMaxPoolNd)
_PROBABILITIES = (nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin)
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class _Step:
    """A step of the network: the call that made it, its layer name, and the tensor it ends in."""

    kind: Kind
    call: Call
    name: str
    end: Seen


def choose_layers(model: nn.Module, trace: Trace, usable: Set[str]) -> set[str]:
    """Names of the layers to measure, among those that are ``usable``."""
    steps = [
        step
        for kind, call in _walk(trace.roots, _Structure.of(model))
        if (step := _step(kind, call, usable)) and not _keeps_all(step)
    ]
    chosen = {step.end.identity: step.name for step in _measured(steps)}
    for suffix, seen in trace.inputs.items():
        if seen.is_floating and trace.input_name + suffix in usable:
            chosen.setdefault(seen.identity, trace.input_name + suffix)
    for suffix, seen in trace.outputs.items():
        if seen.is_floating and trace.output_name + suffix in usable:
            chosen.setdefault(seen.identity, trace.output_name + suffix)
            break
    return set(chosen.values())


def _measured(steps: Sequence[_Step]) -> Iterator[_Step]:
    """The steps to measure."""
    followers = _followers([step for step in steps if step.kind == "other"])
    steps = [step for step in steps if step.kind != "other"]
    if not any(step.kind in ("pool", "block") for step in steps):
        for step in steps:
            yield _extended(step, followers)
        return
    stage_ends = _stage_ends([step for step in steps if step.kind == "block"])
    for step, following in zip_longest(steps, steps[1:]):
        if step.kind == "conv":
            if _ends_stage(step, following):
                yield _extended(step, followers)
        elif step.kind != "block" or step in stage_ends:
            yield step


def _stage_ends(blocks: Sequence[_Step]) -> list[_Step]:
    """The last block of each stage; all blocks if there is only one stage.

    A stage is a run of blocks of one class that make maps of one shape.
    """
    maps = [step for step in blocks if len(step.end.shape) > 3]
    runs = [list(run) for _, run in groupby(maps, lambda s: (type(s.call.module), s.end.shape))]
    inner = [step for run in runs for step in run[:-1]] if len(runs) > 1 else []
    return [step for step in blocks if step not in inner]


def _ends_stage(convolution: _Step, following: _Step | None) -> bool:
    """Whether a convolution outside of blocks is the last of its resolution.

    It is not if a convolution at the same resolution follows, or a pooling that is measured
    instead. A pooling to a single position does not count.
    """
    if following is None:
        return True
    n_positions, n_following = (prod(step.end.shape[2:]) for step in (convolution, following))
    if following.kind == "pool":
        return n_following == 1
    if following.kind == "conv":
        return max(n_positions, n_following) >= 2 * min(n_positions, n_following)
    return True


def _step(kind: Kind, call: Call, usable: Set[str]) -> _Step | None:
    """The step that ends in the first usable tensor of a call."""
    for suffix, seen in call.outputs.items():
        if seen.is_floating and call.name + suffix in usable:
            return _Step(kind, call, call.name + suffix, seen)
    return None


def _keeps_all(step: _Step) -> bool:
    """Whether an adaptive pooling received maps of its target size, and so changed nothing."""
    before = step.call.input
    is_adaptive = isinstance(step.call.module, _ADAPTIVE_POOLS)
    return is_adaptive and before is not None and before.shape == step.end.shape


def _followers(others: Sequence[_Step]) -> dict[tuple[int, int], _Step]:
    """By the identity of a tensor, the normalisation or activation that takes it."""
    found: dict[tuple[int, int], _Step] = {}
    for step in others:
        before = step.call.input
        if before is None or isinstance(step.call.module, _PROBABILITIES):
            continue
        if before.shape == step.end.shape and before.identity != step.end.identity:
            found.setdefault(before.identity, step)
    return found


def _extended(step: _Step, followers: Mapping[tuple[int, int], _Step]) -> _Step:
    """Extend a convolution or linear map by the normalisation and activation after it."""
    if step.kind in ("conv", "linear"):
        while step.end.identity in followers:
            step = followers[step.end.identity]
    return step


@dataclass(frozen=True)
class _Structure:
    """How a network is built: its modules by name, and how many there are of each class."""

    modules: dict[str, nn.Module]
    n_of_class: Counter[type[nn.Module]]

    @classmethod
    def of(cls, model: nn.Module) -> _Structure:
        return cls(dict(model.named_modules()), Counter(type(module) for module in model.modules()))

    def is_block(self, path: str) -> bool:
        """Whether the module is one of several like it that make up the body of the network."""
        module, parent = self.modules[path], self.modules[path.rpartition(".")[0]]
        if type(module).forward is nn.Sequential.forward:
            return False
        if isinstance(parent, _CONTAINERS) and _n_like(module, parent) > 1:
            return True
        if _holds_blocks(module):
            return False  # a whole encoder, or a network that a model contains twice
        return isinstance(parent, nn.ModuleList) or self.n_of_class[type(module)] > 1


def _n_like(module: nn.Module, parent: nn.Module) -> int:
    return sum(type(child) is type(module) for child in parent.children())


def _holds_blocks(module: nn.Module) -> bool:
    """Whether ``module`` contains a list of several modules of one class, of several steps each."""
    return any(
        _n_like(child, container) > 1 and sum(map(is_transformation, child.modules())) > 1
        for container in module.modules()
        if isinstance(container, _CONTAINERS)
        for child in container.children()
    )


def _walk(calls: Sequence[Call], structure: _Structure) -> Iterator[tuple[Kind, Call]]:
    """The steps among ``calls``; containers are replaced by the steps inside them."""
    for call in calls:
        kind = _kind(call, structure)
        if kind == "container":
            yield from _walk(call.children, structure)
        else:
            yield kind, call


def _kind(call: Call, structure: _Structure) -> Kind:
    if call.path == "":
        return "container"
    content = _content(call)
    n_embeddings = content["embedding"]
    steps = content - Counter({"embedding": n_embeddings})
    if steps.total() == 0:
        return "embedding" if n_embeddings else "other"
    if steps.total() == 1:
        return next(iter(steps))
    return "block" if structure.is_block(call.path) else "container"


def _content(call: Call) -> Counter[Kind]:
    """How many simple steps of each kind a call consists of."""
    module = call.module
    for kind, classes in _KINDS:
        if isinstance(module, classes):
            return Counter([kind])
    if is_hugging_face_linear(module):
        return Counter(["linear"])
    if not call.children and "pool" in type(module).__name__.lower():
        return Counter(["pool"])
    return sum(map(_content, call.children), Counter())
