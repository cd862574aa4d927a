"""What goes through the network of a profile: the data, and the controls beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dimscope.errors import DimscopeError, InputError
from dimscope.profiling.measured import Sample
from dimscope.profiling.passes import facts_of
from dimscope.profiling.settings import Settings
from dimscope.results import Subject, Value, plain, sample_labels

if TYPE_CHECKING:
    from dimscope.capture import Captured, Probe
    from dimscope.capture.probe import Found
    from dimscope.controls import Control

_TRIAL_SAMPLES = 3
_FEW_POINTS, _MANY_POINTS = 4, 8


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
    control
        What the sample is drawn from; None for the data.
    n_points
        Points at which the tangent spectra of a control are taken.
    """

    probe: Probe
    settings: Settings
    subject: Subject
    control: Control | None = None
    n_points: int = 0

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

    def tangents(self) -> dict[str, tuple[Value, ...]]:
        """The tangent spectra of a control by layer; none for the data."""
        return {}


def chosen_controls(found: Found, settings: Settings) -> tuple[Control, ...]:
    """Make the controls of a profile, and see that the network takes what they draw.

    Raises
    ------
    InputError
        If the data do not tell what a control must be like, or the network does not take one.
    """
    from dimscope.controls import controls_of  # noqa: PLC0415 - torch

    controls = controls_of(found.probe, settings.controls, rng=settings.seed)
    for control in controls:
        _require_taken(control, found)
    return controls


def control_run(control: Control, data: Run, n_samples: int, batch_size: int) -> Run:
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
