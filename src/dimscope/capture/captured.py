"""Capturing: one pass over the data that stores the activations of all chosen layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from torch import nn

from dimscope.capture.batches import Batch, count_samples, read_first
from dimscope.capture.binding import Network, is_array
from dimscope.capture.hashing import InputHash, hash_model
from dimscope.capture.inference import (
    Forward,
    Mode,
    described,
    place_batch,
    seed_of_batch,
    undisturbed,
)
from dimscope.capture.layers import LayerInfo, LayerTable
from dimscope.capture.masks import MaskChoice
from dimscope.capture.pooling import PoolingChoice, pooling_name
from dimscope.capture.probe import Probe
from dimscope.capture.readings import settled
from dimscope.capture.recomputed import RecomputedLayer, Replay
from dimscope.capture.recording import LayerRecorder, kept_in
from dimscope.capture.selection import Choices
from dimscope.capture.tensors import named_tensors
from dimscope.errors import InputError
from dimscope.results import Note
from dimscope.store import BATCH_SIZE, ActivationStore


@dataclass(frozen=True)
class Captured:
    """What was captured, from what.

    Attributes
    ----------
    layers
        The layers in order of execution; `n_features` is that of the stored representation.
    n_samples
        Samples that went through the network: all that there were, or those asked for.
    labels
        A label for each sample, or None if the data has none.
    data_hash
        SHA-256 of the inputs; it does not depend on how they are cut into batches.
    model_hash
        SHA-256 of the names and values of the network's parameters and buffers.
    device
        Where the network ran.
    recomputed
        The layers for which the store has no room: they are computed again when they are read.
    poolings
        Name of the pooling of each layer.
    read_as
        Which entries of a batch the network received, and which were taken for labels.
    n_left_out
        For each layer with a mask that its pooling takes, the tokens that were left out as padding.
    notes
        What a reader must know of a layer, such as padding that is part of its vectors.
    left_out
        What the choice of layers stands for but cannot be measured, with the reasons.
    """

    layers: tuple[LayerInfo, ...]
    n_samples: int
    labels: np.ndarray | None
    data_hash: str
    model_hash: str
    device: str
    recomputed: Mapping[str, RecomputedLayer]
    poolings: Mapping[str, str]
    read_as: str
    n_left_out: Mapping[str, int]
    notes: Mapping[str, tuple[Note, ...]]
    left_out: Mapping[str, str]


def read(
    probe: Probe,
    store: ActivationStore,
    *,
    on_batch: Callable[[int, int | None], None] | None = None,
    on_pass: Callable[[int], None] | None = None,
) -> Captured:
    """Run the data through the network once, and store the activations of all chosen layers.

    The network runs without gradients and is left exactly as it was: modes, hooks, gradients,
    buffers and random states. Before the pass, two or three samples show which
    layers it has. (Lazy modules take their shapes from these samples.)

    The largest layers may not fit into the store. Reading one of these runs the network again, for
    as many of its columns at a time as the memory budget holds.

    Parameters
    ----------
    probe
        The network, the samples and the layers.
    store
        Takes the representations, (n_samples, n_features) for each layer by its name; float16
        and bfloat16 become float32.
    on_batch
        Called after each batch with the samples done and those expected (None if unknown).
    on_pass
        Called after each further pass for layers that could not be stored, with their number.

    Raises
    ------
    InputError
        If a layer or pooling is unknown, the data is empty or cannot be read, or the width of a
        layer varies.
    CaptureError
        If the network fails or changes its parameters, or a batch does not show the same layers as
        the first samples.
    StoreError
        If the activations cannot be written, or do not fit and the data is an iterator, which can
        be read only once.
    """
    model, data = probe.model, probe.data
    labels: list[np.ndarray | None] = []
    input_hash = InputHash()
    first_rows: dict[str, np.ndarray] = {}
    n_done = 0
    with undisturbed(model, data, probe.mode):
        data = settled(data, Network(model, probe.forward))
        n_expected = _n_expected(data, probe.n_samples)
        probe = probe.with_data(data)
        batches = probe.batches()
        first = read_first(batches)
        device = _device(place_batch(first, model))
        _, names, table, left_out = probe.found_in(first)
        _require_rows(table, first)
        sources = {name: table.sources[name] for name in names}
        recorder = LayerRecorder(sources, kept_in(store, names), probe.pooling, mask=probe.mask)
        for batch in chain([first], batches):
            input_hash.add(batch)
            labels.append(batch.labels)
            seed_of_batch(probe.mode, n_done)
            recorder.run(model, place_batch(batch, model), probe.forward)
            if n_done == 0 and n_expected is not None:
                first_rows = _dropped(recorder, store, data, n_expected)
            n_done += batch.n_samples
            if on_batch is not None:
                on_batch(n_done, n_expected)
    _require_rows_of_mask(probe, n_done)
    poolings = {name: pooling_name(probe.pooling, name) for name in names}
    replay = Replay(probe=probe, data_hash=input_hash.hexdigest())
    return Captured(
        layers=tuple(replace(table[name], n_features=recorder.widths[name]) for name in names),
        n_samples=n_done,
        labels=_joined(labels),
        data_hash=replay.data_hash,
        model_hash=hash_model(model),
        device=device,
        recomputed={
            name: RecomputedLayer(
                replay,
                name,
                sources[name],
                n_samples=n_done,
                first_row=row,
                memory_budget=store.memory_budget,
                on_pass=on_pass,
            )
            for name, row in first_rows.items()
        },
        poolings=poolings,
        left_out=left_out,
        read_as=first.form.said(first.content),
        n_left_out={
            name: padding.n_left_out
            for name, padding in recorder.paddings.items()
            if padding.n_positions > padding.n_kept
        },
        notes={
            name: (note,)
            for name, padding in recorder.paddings.items()
            if (note := padding.note(poolings[name])) is not None
        },
    )


def capture(  # noqa: PLR0913 - the fields of a probe, for people
    model: nn.Module,
    data: Any,
    layers: Choices = "auto",
    *,
    store: ActivationStore,
    pooling: PoolingChoice = "flatten",
    axes: Mapping[str, str] | None = None,
    n_samples: int | None = None,
    batch_size: int = BATCH_SIZE,
    forward: Forward | None = None,
    mask: MaskChoice = None,
    mode: Mode = "eval",
    on_batch: Callable[[int, int | None], None] | None = None,
    on_pass: Callable[[int], None] | None = None,
) -> Captured:
    """Run data through a network and store the activations of its layers: `read` of a `Probe`.

    Parameters
    ----------
    model, data, layers, pooling, axes, n_samples, batch_size, forward, mask, mode
        The fields of a `Probe`.
    store, on_batch, on_pass
        As in `read`.

    Raises
    ------
    InputError, CaptureError, StoreError
        As `Probe` and `read`.

    Examples
    --------
    >>> import torch
    >>> model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> with ActivationStore() as store:
    ...     captured = capture(model, torch.zeros(100, 8), store=store)
    ...     [(layer.name, store[layer.name].shape) for layer in captured.layers]
    [('input', (100, 8)), ('1', (100, 4)), ('2', (100, 2))]
    """
    probe = Probe(
        model=model,
        data=data,
        layers=layers,
        pooling=pooling,
        axes=axes or {},
        n_samples=n_samples,
        batch_size=batch_size,
        forward=forward,
        mask=mask,
        mode=mode,
    )
    return read(probe, store, on_batch=on_batch, on_pass=on_pass)


def _dropped(
    recorder: LayerRecorder, store: ActivationStore, data: Any, n_expected: int
) -> dict[str, np.ndarray]:
    """Stop storing the layers that will not fit, and return the first row of each."""
    if isinstance(data, Iterator):
        store.ensure_room(n_expected)
    first_rows: dict[str, np.ndarray] = {}
    for name in store.without_room(n_expected):
        first_rows[name] = np.array(store[name][0])
        store.drop(name)
        recorder.forget(name)
    return first_rows


def _require_rows(table: LayerTable, batch: Batch) -> None:
    """Refuse a batch if no layer has a row for each of its samples: they are no samples."""
    made = (name for name, source in table.sources.items() if source.side == "output")
    if any(name not in table.excluded for name in made):
        return
    raise InputError(
        f"no layer has a row for each of the {batch.n_samples} samples that the first batch, "
        f"{described(batch)}, seems to hold: give batches whose first dimension is that of "
        "the samples, a Dataset of samples, or forward="
    )


def _require_rows_of_mask(probe: Probe, n_samples: int) -> None:
    """Refuse a mask of more rows than samples: its rows are those of other samples."""
    if is_array(probe.mask) and probe.n_samples is None and len(probe.mask) != n_samples:
        raise InputError(f"mask= has {len(probe.mask)} rows for {n_samples} samples: give one each")


def _n_expected(data: Any, n_samples: int | None) -> int | None:
    counts = [count for count in (count_samples(data), n_samples) if count is not None]
    return min(counts, default=None)


def _device(batch: Batch) -> str:
    """Return the device of the batch; refuse the meta device, which holds no values."""
    device = str(next(iter(named_tensors(batch.inputs).values())).device)
    if device == "meta":
        raise InputError(
            "the model or its data is on the meta device, which holds no values to capture: load "
            "the weights first (layer_names does without)"
        )
    return device


def _joined(labels: list[np.ndarray | None]) -> np.ndarray | None:
    """Join the labels of all batches; None if a batch has none or their shapes differ."""
    known = [part for part in labels if part is not None]
    if len(known) < len(labels) or len({part.shape[1:] for part in known}) != 1:
        return None
    return np.concatenate(known)
