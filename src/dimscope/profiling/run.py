"""Measure the dimension of every layer of a network: the main job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dimscope._deprecated import renamed_parameters
from dimscope._folder_lock import hold_folder
from dimscope._log import Log
from dimscope._parameters import checked_parameters
from dimscope.errors import InputError
from dimscope.estimators import Method
from dimscope.neighbors import LocalEngine, Metric, Resources
from dimscope.profiling.controlled import Run, measure_missing, measure_run
from dimscope.profiling.head import holds_profile
from dimscope.profiling.journal import Journal
from dimscope.profiling.measured import in_order, rows_of
from dimscope.profiling.passes import require_groups_fit, versions_used
from dimscope.profiling.profiles import Profile
from dimscope.profiling.settings import DEFAULT_METHODS, Settings, make_settings
from dimscope.results import Subject, joined
from dimscope.store import BATCH_SIZE, Budgets

if TYPE_CHECKING:
    from dimscope.capture import Mode, Probe
    from dimscope.capture.probe import Found


@renamed_parameters(device="search_device")
@checked_parameters
def profile(  # noqa: PLR0913 - one call does the main job; all but model and data have defaults
    model: Any,
    data: Any,
    layers: Any = "auto",
    *,
    methods: Method | Sequence[Method] = DEFAULT_METHODS,
    metric: Metric = "euclidean",
    groups: Any = None,
    controls: Any = False,
    pooling: Any = "flatten",
    axes: Mapping[str, str] | None = None,
    n_samples: int | None = None,
    n_repeats: int = 3,
    rng: int | np.random.Generator = 0,
    label: str | None = None,
    step: int | None = None,
    out: str | Path | None = None,
    batch_size: int = BATCH_SIZE,
    memory_budget: int | str = "1GiB",
    disk_budget: int | str | None = None,
    forward: Callable[[Any, Any], Any] | None = None,
    mask: Any = None,
    mode: Mode = "eval",
    n_jobs: int | None = None,
    search_device: str | None = None,
    progress: bool = True,
) -> Profile:
    """Measure the dimension of many layers of a network in one pass over the data.

    Parameters
    ----------
    model
        A torch module; it is left exactly as it was. One made by ``torch.compile``, or with parts
        that are, is measured uncompiled, under the names of the plain network.
    data
        A DataLoader, data set, list of samples, tensor or array; labels are not needed. A tuple
        holds the network's arguments, as far as its ``forward`` has places for them, and labels;
        the provenance (``read_as``) says what was taken for what. A list that the network would
        take both as samples and as batches is refused; see `dimscope.capture.Probe`.
    layers
        Names, globs, module types or a predicate, as `dimscope.layer_names` lists them, or
        ``"auto"``.
    methods
        Estimators, by name or as objects.
    metric
        Metric of the neighbour search, ``"euclidean"`` or ``"cosine"``.
    groups
        A label for each sample, in the order of the data, or a `TimeWindow`: which samples depend
        on each other, as in `dimscope.estimate`.
    controls
        Inputs of known dimension that go through the network beside the data, as further samples
        of the same tables: what the estimators say of these tells what to believe of the data.
        True: two families that are matched to the data at the input. ``"full"``: all families,
        five draws each. Or a list of `dimscope.controls.InputFamily`. Only intrinsic dimensions
        are measured of a control, and its tangent spectra: its true local dimension, layer by
        layer.
    pooling
        How an activation becomes a row: ``"flatten"``, ``"spatial_mean"``, ``"first_token"``,
        ``"last_token"``, ``"token_mean"``, a function ``pooling(activation)`` or
        ``pooling(activation, mask)`` of the activation, as the network made it, that returns a row
        for each sample, or a mapping of globs of layer names to these.
    axes
        What the axes of activations are, by globs of layer names, such as ``{"layers.*": "TBC"}``:
        a letter for each axis, B for the samples, C for the channels, any other for positions. The
        samples are found by running two batch sizes, the channels by what the modules are; this
        is needed only where the network does not tell.
    n_samples
        How many samples to use; None uses all.
    n_repeats
        Random partitions into disjoint blocks at each step of the decimation.
    rng
        Seed or generator of those partitions.
    label
        Name of the model in the table; the class name by default.
    step
        Training step to record with every row.
    out
        A directory. Each layer is recorded there as soon as it is measured, so that a stopped run
        can continue, and the profile is saved there at the end.
    batch_size
        Samples per forward pass, where ``data`` does not bring its own batches.
    memory_budget
        Bytes of activations held in memory; layers beyond it go to a temporary store on disk.
    disk_budget
        Bytes of activations written to disk; by default the free space. The largest layers beyond
        it are computed again, some columns at a time, whenever they are read; these columns take
        up to ``memory_budget`` more.
    forward
        ``forward(model, batch)``, called in place of the model.
    mask
        Which tokens are real, so that poolings leave padding out: None finds the masks that the
        network's modules receive; else the name of one, a function of the batch, or an array
        (n_samples, n_tokens), 1 for a real token. The provenance counts the tokens left out in
        each layer; where padding stays in the vectors, a note says so.
    mode
        ``"eval"``, or ``"train"``: with dropout and with the statistics of each batch, which
        depend on ``batch_size``.
    n_jobs, search_device
        Threads and device of the neighbour search, as in `NeighborGraph.from_points`; the network
        runs on its own device.
    progress
        Show progress on stderr when that is a terminal.

    Returns
    -------
    Profile
        Estimates with error bars, decimation, scale curves and spectra.

    Raises
    ------
    InputError
        If the data are empty, a layer or method is unknown, no layer can be measured, controls
        cannot be made for such data, or ``out`` holds another run.
    CaptureError
        If the network itself fails, or changes its parameters.
    StoreError
        If activations or results cannot be written or read back, or another process uses ``out``.
    """
    engine = LocalEngine(Resources(n_jobs, search_device))
    settings = make_settings(
        methods,
        metric=metric,
        n_repeats=n_repeats,
        rng=rng,
        engine=engine,
        groups=groups,
        controls=controls,
    )
    from dimscope.capture import Probe  # noqa: PLC0415 - torch loads with the first network

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
        budgets=Budgets.of(memory_budget, disk_budget),
    )
    subject = Subject(model=label or type(probe.model).__name__, step=step)
    return profile_probe(
        probe, settings, subject, out=None if out is None else Path(out), progress=progress
    )


def profile_probe(
    probe: Probe,
    settings: Settings,
    subject: Subject,
    *,
    out: Path | None = None,
    progress: bool = True,
) -> Profile:
    """Measure every layer of a probe; this is `profile` with its keywords gathered in types.

    Parameters
    ----------
    probe
        The network, the samples and the layers.
    settings
        How each layer is measured.
    subject
        The label and the step of the model, and the name of the samples.
    out, progress
        As in `profile`.

    Raises
    ------
    InputError, CaptureError, StoreError
        As `profile`.
    """
    require_groups_fit(settings, probe)
    with nullcontext() if out is None else hold_folder(out):
        return _profile(probe, settings, subject, out, shown=progress)


def _profile(
    probe: Probe, settings: Settings, subject: Subject, out: Path | None, *, shown: bool
) -> Profile:
    if out is not None and holds_profile(out) and not Journal.is_in(out):
        raise InputError(f"{out} already holds a profile: give another directory, or remove it")
    found = None if out is None and not settings.controls else probe.found()
    journal = _journal(probe, settings, subject, found, out)
    if found is None:
        measure_run(Run(probe=probe, settings=settings, subject=subject), journal, shown=shown)
    else:
        measure_missing(found, settings, subject, journal, shown=shown)
    result = _assemble(journal, subject)
    if out is not None:
        result.save(out)
        journal.close()
    return result


def _journal(
    probe: Probe, settings: Settings, subject: Subject, found: Found | None, out: Path | None
) -> Journal:
    """What was measured in ``out`` so far; nothing, if nothing is to be written."""
    from dimscope.capture import hash_model  # noqa: PLC0415 - torch

    identity = settings.to_dict() | {"label": subject.model} | probe.identity()
    if out is None or found is None:
        del identity["layers"], identity["n_samples_asked"]
        left_out = {"left_out": found.left_out} if found and found.left_out else {}
        return Journal(log=Log(identity=identity | left_out))
    facts = {
        "model_hash": hash_model(probe.model),
        "left_out": found.left_out,
        "dimscope": version("dimscope"),
    }
    return Journal.open(out, {**identity, **found.probe.identity(), **facts})


def _assemble(journal: Journal, subject: Subject) -> Profile:
    """Make a profile of the journal.

    Raises
    ------
    InputError
        If no layer of the data could be measured.
    """
    measured = in_order(journal.layers.values())
    own = subject.sample, subject.replicate
    of_data = [one for one in measured if one.sample == own]
    values = [value for one in of_data for value in one.values]
    if all(value.value is None for value in values):
        why = values[0].problem or joined(values[0].notes)
        raise InputError(f"no layer could be measured: {why}")
    facts = dict(journal.log.identity) | journal.captured.get(own, {})
    facts |= {"versions": versions_used()}
    left_out = {one.name: one.n_left_out for one in of_data if one.n_left_out is not None}
    facts |= {"tokens_left_out": left_out} if left_out else {}
    captured = journal.captured.items()
    controls = {f"{name}_{draw}": of for (name, draw), of in captured if (name, draw) != own}
    facts |= {"controls": controls} if controls else {}
    return Profile.of(rows_of(measured), provenance={subject.model: facts}).calibrated()
