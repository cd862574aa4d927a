"""The Gauss-Newton part of the curvature, and the features that a readout receives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import jacrev, jvp, vmap

from dimscope.noise.closed_forms import OutputCurvature
from dimscope.noise.objective import Objective, Samples


def isotropic_gauss_newton(
    loss: Objective, curvature: OutputCurvature, groups: dict[str, tuple[str, ...]]
) -> float:
    """1/2 E Tr(J' H_z J) for unit noise of all chosen parameters, exactly.

    A dense layer that is called once, on rows h, contributes 1/2 E[|h|^2 Tr(J_l' H_z J_l)], J_l the
    derivative of the outputs with respect to its preactivations. For all other layers the outputs
    are differentiated with respect to every weight, sample by sample. A convolution uses each
    weight at all positions, so this includes the products between positions.
    """
    total = 0.0
    for samples in loss.samples.parts(loss.part):
        dense = _dense_traces(loss, curvature, groups, samples)
        rest = [name for layer, names in groups.items() if layer not in dense for name in names]
        total += float(sum(trace.sum() for trace in dense.values()))
        if rest:
            total += float(_weight_traces(loss, curvature, rest, samples).sum())
    return 0.5 * total / len(loss.samples)


def directed_gauss_newton(
    loss: Objective, curvature: OutputCurvature, direction: dict[str, Tensor]
) -> float:
    """1/2 E[(J xi)' H_z (J xi)] of one step xi of the weights."""
    total = 0.0
    for samples in loss.samples.parts(loss.part):
        at = partial(loss.outputs, inputs=samples.inputs)
        both: tuple[Any, ...] = jvp(at, (loss.chosen,), (direction,))
        outputs, moved = both
        total += float(curvature.form(moved, outputs).sum())
    return 0.5 * total / len(loss.samples)


def readout_features(loss: Objective, layer: str) -> Tensor | None:
    """What the network's last dense layer receives, shape (n_samples, n_features).

    None if the layer is no dense layer, is called several times, or another layer follows it.
    """
    found: list[Tensor] = []
    for samples in loss.samples.parts(loss.part):
        seen: list[tuple[Tensor, Tensor]] = []
        module = loss.model.get_submodule(layer)
        if not isinstance(module, nn.Linear):
            return None

        def keep(h: Tensor, z: Tensor, seen: list[tuple[Tensor, Tensor]] = seen) -> None:
            seen.append((h, z))

        with _hooked(module, keep):
            outputs = loss.outputs(loss.chosen, samples.inputs)
        if len(seen) != 1 or seen[0][1] is not outputs or seen[0][0].ndim != 2:
            return None
        found.append(seen[0][0])
    return torch.cat(found)


def _dense_traces(
    loss: Objective,
    curvature: OutputCurvature,
    groups: dict[str, tuple[str, ...]],
    samples: Samples,
) -> dict[str, Float[Tensor, " n"]]:
    """Tr(J' H_z J) of every sample, for each dense layer that is called once on rows."""
    modules = dict(loss.model.named_modules())
    calls: dict[str, list[tuple[Tensor, Tensor]]] = {}
    handles = []
    for layer in groups:
        owner = modules.get(layer)
        if type(owner) is nn.Linear:
            calls[layer] = []
            handles.append(owner.register_forward_hook(_prober(calls[layer])))
    try:
        with torch.enable_grad():
            outputs = loss.outputs(loss.chosen, samples.inputs)
    finally:
        for handle in handles:
            handle.remove()
    once = {
        layer: made[0] for layer, made in calls.items() if len(made) == 1 and made[0][0].ndim == 2
    }
    if not once:
        return {}
    probes = [probe for _, probe in once.values()]
    with torch.enable_grad():
        slopes: list[tuple[Tensor, ...]] = [
            torch.autograd.grad(
                outputs[:, c].sum(), probes, retain_graph=True, materialize_grads=True
            )
            for c in range(outputs.shape[1])
        ]
    found = {}
    for index, (layer, (features, _)) in enumerate(once.items()):
        # shape (units of the layer, n, outputs)
        by_unit = torch.stack([slope[index] for slope in slopes], dim=2).permute(1, 0, 2)
        trace = curvature.form(by_unit, outputs.detach()).sum(dim=0)
        squares = torch.zeros_like(trace)
        for name in groups[layer]:
            is_bias = loss.chosen[name].ndim == 1
            squares += 1.0 if is_bias else features.detach().square().sum(dim=1)
        found[layer] = squares * trace
    return found


def _weight_traces(
    loss: Objective, curvature: OutputCurvature, names: list[str], samples: Samples
) -> Float[Tensor, " n"]:
    """Tr(J' H_z J) of every sample, over the named parameters, whatever their layers."""
    kept = {name: weight for name, weight in loss.chosen.items() if name not in names}
    parts = {name: loss.chosen[name] for name in names}

    def outputs(weights: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        z = loss.outputs({**kept, **weights}, x[None])[0]
        return z, z

    each = vmap(
        jacrev(outputs, has_aux=True), in_dims=(None, 0), chunk_size=8, randomness="different"
    )
    slopes, z = each(parts, samples.inputs)
    rows = torch.cat([slope.flatten(2) for slope in slopes.values()], dim=2)  # (n, outputs, p)
    return curvature.form(rows.permute(2, 0, 1), z).sum(dim=0)


def _prober(made: list[tuple[Tensor, Tensor]]) -> Callable[..., Tensor]:
    """Make a hook that adds a zero tensor to a layer's output, to differentiate by that tensor.

    The output itself will not do, because an activation may overwrite it.
    """

    def hook(_module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> Tensor:
        probe = torch.zeros_like(output, requires_grad=True)
        made.append((args[0], probe))
        return output + probe

    return hook


@contextmanager
def _hooked(module: nn.Module, record: Callable[[Tensor, Tensor], Any]) -> Iterator[None]:
    def hook(_module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        record(args[0], output)

    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
