"""What a search may use of this machine: threads and a device. No number depends on it."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

from dimscope._optional import require
from dimscope.errors import InputError, InputTypeError


@dataclass(frozen=True)
class Resources:
    """Threads and device for the work. No number depends on them.

    Attributes
    ----------
    n_jobs
        Threads; None for all cores that this process may use.
    device
        Where torch multiplies in a large neighbour search, such as ``"cuda"``; None to search
        without torch. The name is kept as torch writes it, with its number.

    Raises
    ------
    InputError
        If a number is too small, or torch cannot use the device here.
    MissingDependencyError
        If there is a device and torch is not installed.

    Examples
    --------
    >>> Resources(n_jobs=2)
    Resources(n_jobs=2, device=None)
    """

    n_jobs: int | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        _check_whole("n_jobs", self.n_jobs, least=1, otherwise="None for all cores")
        object.__setattr__(self, "device", checked_device(self.device))


def checked_device(name: str | None) -> str | None:
    """Return the name of a device as torch writes it, or None where none is named.

    Raises
    ------
    InputError
        If torch cannot use it here.
    MissingDependencyError
        If torch is not installed.
    """
    if name is None:
        return None
    if not isinstance(name, str):
        raise InputTypeError(
            f"expected the name of a device, such as 'cuda', got {type(name).__name__}: give "
            "str(device), or None to search without torch"
        )
    require("torch", extra="torch", purpose=f"the device {name!r}")
    from dimscope.neighbors.search import torch_tiles  # noqa: PLC0415 - torch loads with the first device

    return torch_tiles.checked(name)


def _check_whole(name: str, value: Any, *, least: int, otherwise: str) -> None:
    if value is None:
        return
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise InputTypeError(f"{name}={value!r} must be a whole number, or {otherwise}")
    if value < least:
        raise InputError(f"{name}={value} must be at least {least}, or {otherwise}")


#: All cores, no device.
ALL_CORES = Resources()
