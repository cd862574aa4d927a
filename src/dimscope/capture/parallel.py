"""Networks that train in several processes."""

from __future__ import annotations

from typing import Any

from torch import distributed, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from dimscope.errors import InputError


def is_distributed() -> bool:
    """Whether this process is one of a group."""
    return distributed.is_available() and distributed.is_initialized()


def rank() -> int:
    """The number of this process in its group; 0 where it is alone."""
    return distributed.get_rank() if is_distributed() else 0


def unwrapped(model: Any) -> Any:
    """Return the network inside wrappers of parallel training and of compilation.

    Its layers have their names without the wrapper, and its forward pass waits for no other
    process.
    """
    while True:
        if isinstance(model, DataParallel | DistributedDataParallel):
            model = model.module
        elif hasattr(model, "_orig_mod"):
            model = model._orig_mod
        else:
            return model


def require_whole(model: Any) -> None:
    """Refuse a network whose parameters are split over processes.

    A forward pass of one process alone would wait for the others forever.

    Raises
    ------
    InputError
        If the network is sharded, by FSDP or otherwise.
    """
    if not (isinstance(model, nn.Module) and is_distributed()):
        return
    is_split = any(hasattr(parameter, "device_mesh") for parameter in model.parameters())
    is_split |= any(type(part).__name__ == "FullyShardedDataParallel" for part in model.modules())
    if is_split:
        raise InputError(
            "the network's parameters are split over processes (FSDP), so no process can run it "
            "alone: save checkpoints of the whole network and measure them with track_checkpoints"
        )
