"""Measure the layers of one pass over the data, and record the facts of the pass."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dimscope.errors import InputError
from dimscope.neighbors import kin_of
from dimscope.profiling.measure import measure_layer
from dimscope.profiling.measured import Measured
from dimscope.profiling.settings import Settings
from dimscope.results import Subject

if TYPE_CHECKING:
    from dimscope.capture import Captured, Probe
    from dimscope.store import ActivationStore


def require_groups_fit(settings: Settings, probe: Probe) -> None:
    """Refuse groups that are not those of the samples, as far as that is known unread.

    Raises
    ------
    InputError
        If there are more or fewer labels than samples, or the data are shuffled.
    """
    if settings.groups is None:
        return
    if probe.is_shuffled:
        raise InputError(
            "groups are given in the order of the data, but the DataLoader shuffles: give one with "
            "shuffle=False, or the data set itself"
        )
    if probe.known_n_samples:
        kin_of(settings.groups, probe.known_n_samples)


def facts_of(captured: Captured) -> dict[str, Any]:
    """The facts of a pass: samples, network and device, and what could not be measured."""
    facts = {
        "n_samples": captured.n_samples,
        "model_hash": captured.model_hash,
        "data_hash": captured.data_hash,
        "device": str(captured.device),
        "read_as": captured.read_as,
    }
    return facts | ({"left_out": dict(captured.left_out)} if captured.left_out else {})


def measured_layers(
    captured: Captured,
    store: ActivationStore,
    settings: Settings,
    subject: Subject,
    on_layer: Callable[[float, float | None], None],
) -> Iterator[Measured]:
    """Measure each captured layer; ``on_layer`` is told how many are done, and of how many.

    ``subject`` names the model and its step.

    Raises
    ------
    InputError
        If the groups are not those of the samples.
    """
    kin_of(settings.groups, captured.n_samples)
    n_layers = len(captured.layers)
    for done, info in enumerate(captured.layers):
        on_layer(done, n_layers)
        own = replace(
            subject,
            layer=info.name,
            pooling=captured.poolings[info.name],
            data=captured.data_hash[:12],
        )
        layer = captured.recomputed.get(info.name)
        found = measure_layer(store[info.name] if layer is None else layer, settings, own)
        notes = captured.notes.get(info.name, ())
        yield replace(
            found,
            index=info.index,
            relative_depth=info.relative_depth,
            n_left_out=captured.n_left_out.get(info.name),
            values=tuple(replace(one, notes=(*one.notes, *notes)) for one in found.values),
        )
    on_layer(n_layers, n_layers)


def versions_used() -> dict[str, str]:
    """The versions of the software that the numbers depend on."""
    versions = {name: version(name) for name in ("dimscope", "numpy", "scipy", "torch")}
    return versions | {"python": platform.python_version()}
