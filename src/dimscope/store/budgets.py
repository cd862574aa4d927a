"""How much goes through a network at once, and how much of the activations may be held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from dimscope.store.activations import ActivationStore
from dimscope.store.sizes import check_budget, parse_size

#: Samples in a batch where neither the data nor the caller says.
BATCH_SIZE = 32


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Bytes of activations that a run may hold.

    Attributes
    ----------
    memory
        Bytes in memory.
    disk
        Bytes on disk; None for all free space.

    Raises
    ------
    InputError
        If a budget is negative or not a number.
    """

    memory: int = 2**30
    disk: int | None = None

    def __post_init__(self) -> None:
        check_budget("memory_budget", self.memory)
        if self.disk is not None:
            check_budget("disk_budget", self.disk)

    @classmethod
    def of(cls, memory: int | str, disk: int | str | None = None) -> Self:
        """Make budgets from bytes, or from sizes such as ``"2GiB"``.

        Parameters
        ----------
        memory
            Bytes, or a size, in memory.
        disk
            Bytes, or a size, on disk; None for all free space.

        Raises
        ------
        InputError
            If a size cannot be read, or is negative or not a number.

        Examples
        --------
        >>> Budgets.of("2KiB", 500)
        Budgets(memory=2048, disk=500)
        """
        return cls(memory=_bytes(memory), disk=None if disk is None else _bytes(disk))

    def store(self) -> ActivationStore:
        """Make a temporary store that keeps within these budgets."""
        return ActivationStore(memory_budget=self.memory, disk_budget=self.disk)


def _bytes(size: int | str) -> int:
    return parse_size(size) if isinstance(size, str) else size
