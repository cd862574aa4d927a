"""What recipes read of a network: activations of named modules, and dimensions in short rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from dimscope.errors import InputError
from dimscope.estimators import estimate
from dimscope.studies.intervals import significant

#: The name of what the network gets.
INPUT = "input"
_BATCH = 500


@torch.no_grad()
def activations(
    model: nn.Module,
    images: Float32[Tensor, "n channels height width"],
    layers: Sequence[str],
) -> dict[str, Float32[np.ndarray, "n units"]]:
    """Read modules' outputs, flattened, in evaluation mode and float32.

    Parameters
    ----------
    model
        Left as it was.
    images
        On the device of the model.
    layers
        Names of modules, and ``"input"``.

    Raises
    ------
    InputError
        If the model has no such module.
    """
    modules = dict(model.named_modules())
    unknown = [name for name in layers if name != INPUT and name not in modules]
    if unknown:
        raise InputError(f"no module {', '.join(unknown)}: choose from {', '.join(modules)}")
    found: dict[str, list[Tensor]] = {name: [] for name in layers}

    def keep(name: str) -> Any:
        return lambda _module, _inputs, out: found[name].append(out.flatten(1).float().cpu())

    hooks = [modules[name].register_forward_hook(keep(name)) for name in layers if name != INPUT]
    was_training = model.training
    model.eval()
    try:
        for batch in torch.split(images, _BATCH):
            model(batch)
            if INPUT in found:
                found[INPUT].append(batch.flatten(1).cpu())
    finally:
        for hook in hooks:
            hook.remove()
        model.train(was_training)
    return {name: torch.cat(parts).numpy() for name, parts in found.items()}


def dimensions(
    points: Float32[np.ndarray, "n units"], methods: Sequence[str]
) -> dict[str, float | None]:
    """Estimate a dimension by some methods, as part of a row.

    Returns
    -------
    dict
        Six significant digits of each method's value, and of its error under its name with
        ``_stderr``; None where the method gives no value, and none do for points all alike.
    """
    try:
        found = estimate(points, list(methods))
    except InputError:
        return {f"{name}{end}": None for name in methods for end in ("", "_stderr")}
    return {
        f"{name}{end}": significant(getattr(found[name], of))
        for name in methods
        for end, of in (("", "value"), ("_stderr", "stderr"))
    }
