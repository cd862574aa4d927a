"""What a profile would cost, before anything is run in earnest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dimscope.capture import LayerInfo

_TRIAL_SAMPLES = 16
_TRIAL_SIDE = 1024
#: Passes over all pairs, in units of one float64 matrix product: search, spectrum, decimation.
_PRODUCTS = 2.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The layers a profile would measure, with the memory and the time to expect.

    Attributes
    ----------
    layers
        The layers, in order of execution.
    n_samples
        Samples that would be used.
    layer_bytes
        Size of each layer's representation in float32, in the order of ``layers``.
    on_disk
        Names of the layers that would go to a temporary store on disk.
    forward_seconds, measure_seconds
        Rough time of the forward passes and of the measurements on this machine.
    """

    layers: tuple[LayerInfo, ...]
    n_samples: int
    layer_bytes: tuple[int, ...]
    on_disk: frozenset[str]
    forward_seconds: float
    measure_seconds: float

    @property
    def disk_bytes(self) -> int:
        """Bytes of the layers that would go to disk."""
        sizes = zip(self.layers, self.layer_bytes, strict=True)
        return sum(n_bytes for info, n_bytes in sizes if info.name in self.on_disk)

    @property
    def memory_bytes(self) -> int:
        """Bytes of the layers that would be held in memory."""
        return sum(self.layer_bytes) - self.disk_bytes


def plan(
    model: Any, data: Any, layers: Any = "auto", *, n_samples: int, memory_budget: int
) -> Plan:
    """Plan a profile of ``model`` on ``n_samples`` of ``data`` without measuring anything.

    Runs a handful of samples through the network and one matrix product to learn the speed of
    this machine.

    Raises
    ------
    InputError
        If a layer is unknown or the data are empty.
    CaptureError
        If the network itself fails.
    """
    from dimscope.capture import capture, layer_names, select_layers  # noqa: PLC0415 - torch
    from dimscope.store import ActivationStore  # noqa: PLC0415 - only a trial needs it

    infos = layer_names(model, data)
    chosen = tuple(infos[name] for name in select_layers(infos, layers))
    trial = min(n_samples, _TRIAL_SAMPLES)
    clock = [(0, time.perf_counter())]
    with ActivationStore(memory_budget=memory_budget) as store:
        capture(
            model,
            data,
            [info.name for info in chosen],
            store=store,
            n_samples=trial,
            batch_size=max(1, trial // 2),
            on_batch=lambda done, _: clock.append((done, time.perf_counter())),
        )
        widths = [int(store[info.name].shape[1]) for info in chosen]
    (before, earlier), (after, later) = clock[-2:]  # the first batch also pays for the start
    sizes = tuple(4 * n_samples * width for width in widths)
    return Plan(
        layers=chosen,
        n_samples=n_samples,
        layer_bytes=sizes,
        on_disk=_spilled([info.name for info in chosen], sizes, memory_budget),
        forward_seconds=(later - earlier) * n_samples / max(1, after - before),
        measure_seconds=_PRODUCTS * 2.0 * n_samples**2 * sum(widths) / _product_speed(),
    )


def _spilled(names: list[str], sizes: tuple[int, ...], memory_budget: int) -> frozenset[str]:
    """The largest layers, until the others fit the budget, as `ActivationStore` chooses them."""
    held = sum(sizes)
    spilled = set()
    for size, name in sorted(zip(sizes, names, strict=True), reverse=True):
        if held <= memory_budget:
            break
        held -= size
        spilled.add(name)
    return frozenset(spilled)


def _product_speed() -> float:
    """Float64 operations per second of a matrix product here."""
    matrix = np.ones((_TRIAL_SIDE, _TRIAL_SIDE))
    matrix @ matrix
    started = time.perf_counter()
    matrix @ matrix
    return 2.0 * _TRIAL_SIDE**3 / (time.perf_counter() - started)
