"""What a tracker measures at every tick: some layers of a network on one fixed set of samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from dimscope.capture import (
    Probe,
    hash_architecture,
    hash_data,
    hash_model,
    read,
)
from dimscope.capture.readings import held
from dimscope.errors import CaptureError
from dimscope.profiling.measured import Measured
from dimscope.profiling.passes import facts_of, measured_layers
from dimscope.profiling.settings import Settings
from dimscope.results import Subject

#: The papers' dimensions that are cheap: they need few neighbours and no eigenvalues.
TRACKED_METHODS: tuple[str, ...] = ("two_nn", "gride", "participation_ratio")


@dataclass(frozen=True, kw_only=True)
class Measurer:
    """A probe that is read at every tick, and how its layers are measured.

    Attributes
    ----------
    probe
        The network that is trained, and the samples.
    layers
        Names of the layers.
    settings
        How each layer is measured.
    label
        Name of the model.
    data_hash
        Hash of the samples, which must be the same at every tick.
    inputs
        The layers that are the samples themselves. Training does not change them, so they are
        measured once.
    left_out
        What the choice of layers stands for but cannot be measured, with the reasons.
    """

    probe: Probe
    layers: tuple[str, ...]
    settings: Settings
    label: str
    data_hash: str
    inputs: frozenset[str]
    left_out: Mapping[str, str]
    _known: dict[tuple[str, str], Measured] = field(default_factory=dict)

    @classmethod
    def of(cls, probe: Probe, settings: Settings, label: str) -> Measurer:
        """Find the layers and read the samples once.

        Raises
        ------
        InputError
            If a layer is unknown, or the data are empty or cannot be read.
        CaptureError
            If the network fails on the data.
        """
        if isinstance(probe.data, Iterator):
            probe = probe.with_data(held(probe.data))
        probe, names, infos, left_out = probe.found()
        received = {name for name in names if _is_received(infos.sources[name])}
        return cls(
            probe=probe,
            layers=names,
            settings=settings,
            label=label,
            data_hash=hash_data(
                probe.model,
                probe.data,
                batch_size=probe.batch_size,
                n_samples=probe.n_samples,
                forward=probe.forward,
            ),
            inputs=frozenset(received if probe.forward is None else ()),
            left_out=left_out,
        )

    def identity(self) -> dict[str, Any]:
        """What must agree between two sessions of one training run."""
        facts = {
            "label": self.label,
            "architecture_hash": hash_architecture(self.probe.model),
            "data_hash": self.data_hash,
            "left_out": dict(self.left_out),
            "dimscope": version("dimscope"),
        }
        return self.settings.to_dict() | self.probe.identity() | facts

    def model_hash(self) -> str:
        """SHA-256 of the network's state now."""
        return hash_model(self.probe.model)

    def measure(self, step: int) -> tuple[list[Measured], dict[str, Any]]:
        """Measure every layer now, at ``step``; also return the facts of the pass.

        This leaves the network, its gradients and all random states exactly as they were.

        Raises
        ------
        CaptureError
            If the network fails, or the samples are not those of the other ticks.
        """
        probe, kind = self.probe, _float_type(self.probe.model)
        known = {n: self._known[n, kind] for n in self.layers if (n, kind) in self._known}
        left = [name for name in self.layers if name not in known] or list(self.layers)
        with probe.budgets.store() as store:
            captured = read(probe.narrowed(left), store)
            if captured.data_hash != self.data_hash:
                raise CaptureError(
                    "the samples differ from those of the other ticks: give data that are the same "
                    "and in the same order every time, without shuffling or random transforms"
                )
            subject = Subject(model=self.label, step=step)
            layers = measured_layers(captured, store, self.settings, subject, lambda *_: None)
            found = {one.name: one for one in layers}
        for name in self.inputs & found.keys():
            self._known[name, kind] = found[name]
        now = {name: one.at_step(step) for name, one in known.items()} | found
        return [now[name] for name in self.layers], facts_of(captured)


def _is_received(source: Any) -> bool:
    """Whether a layer is the input of the whole network."""
    return source.path is None and source.side == "input"


def _float_type(model: Any) -> str:
    """The floating-point type that samples are converted to before the network receives them."""
    tensors = [*model.parameters(), *model.buffers()]
    return str(next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), None))
