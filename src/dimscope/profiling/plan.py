"""Estimate the cost of a profile before it is measured."""

from __future__ import annotations

import time
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dimscope.profiling.settings import checked_controls
from dimscope.store import Budgets, place_layers

if TYPE_CHECKING:
    from dimscope.capture import LayerInfo, Mode

_TRIAL_SAMPLES = 16
_TRIAL_SIDE = 1024
#: Cost of search, spectrum and decimation, in units of one float64 product of all pairs of points.
_PRODUCTS = 2.0
#: The share of that which a control costs: it has neither spectrum nor decimation.
_OF_CONTROL = 0.5
#: Derivatives of a control, in forward passes of a sample: directions, at some points.
_DERIVATIVES = 3.0 * 16 * 4


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
    recomputed
        Names of the layers that fit neither in memory nor on disk, with the number of passes over
        the data that each reading of them takes.
    forward_seconds, measure_seconds
        Rough time of the forward passes and of the measurements on this machine, in seconds.
    n_controls, control_seconds
        Controls that would go through the network, one after the other and each in the memory that
        the data needed, and the rough time of all of them, their tangent spectra included.
    """

    layers: tuple[LayerInfo, ...]
    n_samples: int
    layer_bytes: tuple[int, ...]
    on_disk: frozenset[str]
    recomputed: Mapping[str, int]
    forward_seconds: float
    measure_seconds: float
    n_controls: int = 0
    control_seconds: float = 0.0

    @property
    def disk_bytes(self) -> int:
        """Bytes of the layers that would go to disk."""
        return self._bytes_of(self.on_disk)

    @property
    def memory_bytes(self) -> int:
        """Bytes of the layers that would be held in memory."""
        elsewhere = self.on_disk | self.recomputed.keys()
        return self._bytes_of({info.name for info in self.layers} - elsewhere)

    def _bytes_of(self, names: Set[str]) -> int:
        sizes = zip(self.layers, self.layer_bytes, strict=True)
        return sum(n_bytes for info, n_bytes in sizes if info.name in names)


def plan(  # noqa: PLR0913 - what to measure, and with what
    model: Any,
    data: Any,
    layers: Any = "auto",
    *,
    n_samples: int,
    memory_budget: int,
    disk_budget: int | None = None,
    pooling: Any = "flatten",
    axes: Mapping[str, str] | None = None,
    mode: Mode = "eval",
    controls: Any = False,
) -> Plan:
    """Plan a profile of ``model`` on ``n_samples`` of ``data`` without measuring anything.

    A handful of samples run through the network, and one matrix product, show how fast this machine
    is.

    Parameters
    ----------
    model, data, layers, mode
        As in `dimscope.profile`.
    n_samples
        How many samples the profile would use.
    memory_budget, disk_budget
        Bytes of activations in memory and on disk; None for the free space of the disk.
    pooling, axes, controls
        As in `dimscope.profile`.

    Raises
    ------
    InputError
        If a layer is unknown, the data are empty, or controls cannot be made for such data.
    CaptureError
        If the network itself fails.
    """
    from dimscope.capture import Probe, read  # noqa: PLC0415 - torch
    from dimscope.controls import count_controls  # noqa: PLC0415 - torch

    trial = min(n_samples, _TRIAL_SAMPLES)
    budgets = Budgets(memory=memory_budget, disk=disk_budget)
    probe, names, infos, _ = Probe(
        model=model,
        data=data,
        layers=layers,
        pooling=pooling,
        axes=axes or {},
        n_samples=trial,
        batch_size=max(1, trial // 2),
        mode=mode,
        budgets=budgets,
    ).found()
    n_controls = count_controls(probe, checked_controls(controls))
    chosen = tuple(infos[name] for name in names)
    clock = [(0, time.perf_counter())]
    with budgets.store() as store:
        captured = read(
            probe, store, on_batch=lambda done, _: clock.append((done, time.perf_counter()))
        )
        disk = store.disk_room
    widths = [info.n_features or 0 for info in captured.layers]
    (before, earlier), (after, later) = clock[-2:]  # the first batch also pays for the start
    sizes = {info.name: 4 * n_samples * width for info, width in zip(chosen, widths, strict=True)}
    placed = place_layers(sizes, memory_budget, disk)
    forward = (later - earlier) / max(1, after - before)
    measuring = _PRODUCTS * 2.0 * n_samples**2 * sum(widths) / _product_speed()
    of_control = forward * (n_samples + _DERIVATIVES) + _OF_CONTROL * measuring
    return Plan(
        layers=chosen,
        n_samples=n_samples,
        layer_bytes=tuple(sizes.values()),
        on_disk=placed.on_disk,
        recomputed={
            name: -(-sizes[name] // max(1, memory_budget)) for name in sorted(placed.nowhere)
        },
        forward_seconds=forward * n_samples,
        measure_seconds=measuring,
        n_controls=n_controls,
        control_seconds=n_controls * of_control,
    )


def _product_speed() -> float:
    """Float64 operations per second of a matrix product here."""
    matrix = np.ones((_TRIAL_SIDE, _TRIAL_SIDE))
    matrix @ matrix
    started = time.perf_counter()
    matrix @ matrix
    return 2.0 * _TRIAL_SIDE**3 / (time.perf_counter() - started)
