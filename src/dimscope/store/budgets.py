"""How much goes through a network at once, and how much of the activations may be held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from dimscope.errors import InputError
from dimscope.store.activations import ActivationStore
from dimscope.store.sizes import parse_size

#: Samples in a batch where neither the data nor the caller says.
BATCH_SIZE = 32


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Bytes of activations that a run may hold.

    Attributes
    ----------
    memory
        In memory.
    disk
        On disk; None for what there is free.

    Raises
    ------
    InputError
        If a budget is negative.
    """

    memory: int = 2**30
    disk: int | None = None

    def __post_init__(self) -> None:
        for name, budget in (("memory", self.memory), ("disk", self.disk)):
            if budget is not None and budget < 0:
                raise InputError(f"{name}_budget is {budget} bytes: it must be 0 or more")

    @classmethod
    def of(cls, memory: int | str, disk: int | str | None = None) -> Self:
        """Budgets in bytes, or as sizes such as ``"2GiB"``.

        Raises
        ------
        InputError
            If a size cannot be read or is negative.

        Examples
        --------
        >>> Budgets.of("2KiB", 500)
        Budgets(memory=2048, disk=500)
        """
        return cls(memory=_bytes(memory), disk=None if disk is None else _bytes(disk))

    def store(self) -> ActivationStore:
        """A temporary store within these budgets."""
        return ActivationStore(memory_budget=self.memory, disk_budget=self.disk)


def _bytes(size: int | str) -> int:
    return parse_size(size) if isinstance(size, str) else size
