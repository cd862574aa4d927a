"""What goes through the network of a profile: the data, and the controls beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dimscope._progress import Advance, progress_bars
from dimscope.errors import DimscopeError, InputError
from dimscope.profiling.journal import Journal
from dimscope.profiling.measured import Sample
from dimscope.profiling.passes import facts_of, measured_layers
from dimscope.profiling.settings import Settings
from dimscope.results import Quantity, Subject, Value, plain, sample_labels

if TYPE_CHECKING:
    from dimscope.capture import Captured, Probe
    from dimscope.capture.probe import Found
    from dimscope.controls import Control

_TRIAL_SAMPLES = 3
_MANY_POINTS = 8  # of tangent spectra
_FEW_POINTS = (2, 4)  # least and most of the matched controls, which are to cost little
_MOST_DERIVATIVES = 64  # of a matched control, as far as the least number of points allows
_DIRECTIONS = 16  # that go through the network at once; beside them a batch of its samples is small


@dataclass(frozen=True, kw_only=True)
class Run:
    """A sample on its way through the network.

    Attributes
    ----------
    probe
        The network, the sample and the layers.
    settings
        How each layer is measured.
    subject
        The label and the step of the model, the name of the sample and its draw.
    layers
        The names of the layers, where these were found before.
    control
        What the sample is drawn from; None for the data.
    """

    probe: Probe
    settings: Settings
    subject: Subject
    layers: tuple[str, ...] = ()
    control: Control | None = None

    @property
    def sample(self) -> Sample:
        """What goes through the network."""
        return self.subject.sample, self.subject.replicate

    def named(self, bar: str) -> str:
        """The title of a progress bar."""
        control = ", ".join(sample_labels(vars(self.subject)))
        return f"control {control}: {bar}" if control else bar

    def facts(self, captured: Captured) -> dict[str, Any]:
        """The facts of the pass; of a control, how it was made."""
        facts = facts_of(captured)
        if self.control is None:
            return facts
        family = self.control.family
        return {
            "dimension": family.dimension,
            "n_samples": captured.n_samples,
            "data_hash": captured.data_hash,
            "facts": plain(family.facts),
        }

    def tangents(self, open_bar: Callable[[str], Advance]) -> dict[str, tuple[Value, ...]]:
        """The tangent spectra of a control in all its layers, by layer; none for the data.

        Where they cannot be taken, each has a problem that says why.
        """
        control, names = self.control, self.layers
        if control is None:
            return {}
        from dimscope.controls import tangents_of  # noqa: PLC0415 - torch

        rng = np.random.default_rng([self.settings.seed, control.replicate])
        probe = replace(self.probe, batch_size=_DIRECTIONS)
        on_point = open_bar("tangent spectra")
        try:
            spectra = tangents_of(
                probe, control.family, self._n_points(control), rng=rng, on_point=on_point
            )
        except Exception as error:  # whatever torch raises of an operation without derivatives
            problem = f"no tangent spectra: {type(error).__name__}: {error}"
            return {name: _unknown(replace(self.subject, layer=name), problem) for name in names}
        found = spectra.values(self.subject)
        return {name: tuple(row for row in found if row.subject.layer == name) for name in names}

    def _n_points(self, control: Control) -> int:
        """Points at which the tangent spectra of a control are taken."""
        if self.settings.controls is not True:
            return _MANY_POINTS
        least, most = _FEW_POINTS
        return max(least, min(most, _MOST_DERIVATIVES // control.family.dimension))


def measure_run(
    run: Run, journal: Journal, *, shown: bool, layers: Sequence[str] | None = None
) -> None:
    """Run one pass over a sample, then add every layer to the journal once it is measured.

    Parameters
    ----------
    run, journal
        What is measured, and where it is recorded.
    shown
        Whether to show progress.
    layers
        Which layers of the sample; all by default.
    """
    from dimscope.capture import read  # noqa: PLC0415 - torch

    probe = run.probe if layers is None else run.probe.narrowed(layers)
    with probe.budgets.store() as store, progress_bars(shown) as open_bar:
        bar = cache(lambda title: open_bar(run.named(title)))
        captured = read(
            probe,
            store,
            on_batch=bar("forward passes"),
            on_pass=lambda done: bar("passes for the widest layers")(done, None),
        )
        journal.confirm_capture(run.sample, run.facts(captured))
        tangents = run.tangents(bar)
        on_layer = bar("layers measured")
        for measured in measured_layers(captured, store, run.settings, run.subject, on_layer):
            journal.add(measured.with_values(tangents.get(measured.name, ())))


def measure_missing(
    found: Found, settings: Settings, subject: Subject, journal: Journal, *, shown: bool
) -> None:
    """Measure the layers that a journal lacks: first those of the data, then of each control.

    Raises
    ------
    InputError
        If controls cannot be made for these data, or the network does not take them.
    """
    data = Run(probe=found.probe, settings=settings, subject=subject, layers=found.names)
    controls: tuple[Control, ...] = ()
    batch_size = found.probe.batch_size
    if settings.controls:  # made before the data are measured, so that what is wrong shows early
        from dimscope.controls import batch_size_of  # noqa: PLC0415 - torch

        controls = _controls(found, settings)
        batch_size = batch_size_of(found.probe)
    if left := journal.missing(data.sample, data.layers):
        measure_run(data, journal, shown=shown, layers=left)
    for control in controls:
        n_samples = journal.captured[data.sample]["n_samples"]
        run = _of_control(control, data, n_samples, batch_size)
        if left := journal.missing(run.sample, run.layers):
            measure_run(run, journal, shown=shown, layers=left)


def _controls(found: Found, settings: Settings) -> tuple[Control, ...]:
    """Make the controls of a profile, and see that the network takes what they draw.

    Raises
    ------
    InputError
        If the data do not tell what a control must be like, the network does not take one, or the
        mask is that of the data.
    """
    from dimscope.capture.binding import is_array  # noqa: PLC0415 - torch
    from dimscope.controls import controls_of  # noqa: PLC0415 - torch

    if is_array(found.probe.mask):
        raise InputError(
            "mask= is an array with a row for each sample of the data, which says nothing of "
            "controls: give it as an entry of the batches and its name as mask=, with families "
            "whose embed returns that entry, too; or controls=False"
        )
    controls = controls_of(found.probe, settings.controls, rng=settings.seed)
    for control in controls:
        _require_taken(control, found)
    return controls


def _of_control(control: Control, data: Run, n_samples: int, batch_size: int) -> Run:
    """Prepare a control to go through the network as the data did.

    Only intrinsic dimensions are measured, unless the data have no other than linear ones, without
    decimation and curves. Rows of a control are independent, whatever the groups of the data are.
    """
    from dimscope.controls import drawn  # noqa: PLC0415 - torch

    methods = data.settings.estimators
    sample = drawn(control, n_samples, batch_size)
    intrinsic = {n: e for n, e in methods.items() if e.quantity.family == "intrinsic"}
    return replace(
        data,
        probe=replace(data.probe, data=sample, n_samples=None),
        settings=replace(
            data.settings, estimators=intrinsic or methods, n_repeats=0, curves=(), groups=None
        ),
        subject=replace(data.subject, sample=control.family.name, replicate=control.replicate),
        control=control,
    )


def _unknown(subject: Subject, problem: str) -> tuple[Value, ...]:
    """The rows of a layer without tangent spectra."""
    from dimscope.controls.tangent_results import TANGENT_METHODS  # noqa: PLC0415 - torch

    return tuple(
        Value(
            subject=subject,
            quantity=Quantity.of(method, "other", title=title),
            value=None,
            n_samples=0,
            problem=problem,
        )
        for method, title in TANGENT_METHODS.items()
    )


def _require_taken(control: Control, found: Found) -> None:
    """Refuse a control that does not go through the network, or makes layers of another width."""
    from dimscope.capture.pooling import pooling_name  # noqa: PLC0415 - torch
    from dimscope.controls import drawn  # noqa: PLC0415 - torch

    name = control.family.name
    data = drawn(control, _TRIAL_SAMPLES, _TRIAL_SAMPLES)
    try:
        infos = replace(found.probe, data=data, n_samples=None).found().infos
    except DimscopeError as error:
        raise type(error)(
            f"the control {name!r} does not go through the network: {error}"
        ) from error
    for layer in found.names:
        wide, own = found.infos[layer].shape, infos[layer].shape
        if wide != own and pooling_name(found.probe.pooling, layer) == "flatten":
            raise InputError(
                f"the control {name!r} makes samples of shape {own} in layer {layer!r}, and the "
                f"data {wide}: let its embed return inputs of the shape that the data have"
            )
