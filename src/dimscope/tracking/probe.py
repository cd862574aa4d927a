"""What a tracker measures at every tick: some layers of a network on one fixed set of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from dimscope.capture.parallel import unwrapped
from dimscope.errors import CaptureError
from dimscope.profiling.measured import Measured
from dimscope.profiling.passes import facts_of, measured_layers, name_of_pooling
from dimscope.profiling.settings import Settings
from dimscope.results import Subject
from dimscope.store import ActivationStore


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A network, the samples, the layers and how these are measured.

    Attributes
    ----------
    model
        The network, as it is trained.
    data
        The samples, in any form that `dimscope.capture` takes and that can be read again.
    layers
        Names of the layers.
    settings
        How each is measured.
    pooling, n_samples, batch_size, forward
        As in `dimscope.profile`.
    budgets
        Bytes of activations in memory and on disk.
    label
        Name of the model.
    data_hash
        What the hash of the samples must be at every tick.
    inputs
        The layers that are the samples themselves, which training does not change.
    """

    model: Any
    data: Any
    layers: tuple[str, ...]
    settings: Settings
    pooling: Any
    n_samples: int | None
    batch_size: int
    forward: Callable[[Any, Any], Any] | None
    budgets: Mapping[str, Any]
    label: str
    data_hash: str
    inputs: frozenset[str]
    _inputs: dict[tuple[str, str], Measured] = field(default_factory=dict)

    @classmethod
    def of(  # noqa: PLR0913 - what a probe is made of
        cls,
        model: Any,
        data: Any,
        layers: Any,
        *,
        settings: Settings,
        pooling: Any,
        n_samples: int | None,
        batch_size: int,
        forward: Callable[[Any, Any], Any] | None,
        budgets: Mapping[str, Any],
        label: str,
    ) -> Probe:
        """Find the layers and read the samples once.

        Raises
        ------
        InputError
            If a layer is unknown, or the data are empty or cannot be read.
        CaptureError
            If the network fails on the data.
        """
        from dimscope.capture import hash_data, layer_names, select_layers  # noqa: PLC0415 - torch

        model = unwrapped(model)
        if isinstance(data, Iterator):
            data = list(data)
        infos = layer_names(model, data, forward=forward)
        chosen = tuple(select_layers(infos, layers))
        received = {name for name in chosen if _is_received(infos.sources[name])}
        return cls(
            model=model,
            data=data,
            layers=chosen,
            settings=settings,
            pooling=pooling,
            n_samples=n_samples,
            batch_size=batch_size,
            forward=forward,
            budgets=budgets,
            label=label,
            data_hash=hash_data(model, data, batch_size=batch_size, n_samples=n_samples),
            inputs=frozenset(received if forward is None else ()),
        )

    def identity(self) -> dict[str, Any]:
        """What two sessions of one training run have in common."""
        from dimscope.capture import hash_architecture  # noqa: PLC0415 - torch

        return self.settings.to_dict() | {
            "label": self.label,
            "pooling": name_of_pooling(self.pooling),
            "layers": list(self.layers),
            "n_samples_asked": self.n_samples,
            "architecture_hash": hash_architecture(self.model),
            "data_hash": self.data_hash,
            "dimscope": version("dimscope"),
        }

    def model_hash(self) -> str:
        """SHA-256 of the network's state now."""
        from dimscope.capture import hash_model  # noqa: PLC0415 - torch

        return hash_model(self.model)

    def measure(self, step: int) -> tuple[list[Measured], dict[str, Any]]:
        """Every layer now, at ``step``, and the facts of the pass.

        The network, its gradients and all random states are left exactly as they were.

        Raises
        ------
        CaptureError
            If the network fails, or the samples are not those of the other ticks.
        """
        from dimscope.capture import capture  # noqa: PLC0415 - torch

        kind = _float_type(self.model)
        known = [name for name in self.layers if (name, kind) in self._inputs]
        left = [name for name in self.layers if name not in known] or list(self.layers)
        with ActivationStore(**self.budgets) as store:
            captured = capture(
                self.model,
                self.data,
                left,
                store=store,
                pooling=self.pooling,
                n_samples=self.n_samples,
                batch_size=self.batch_size,
                forward=self.forward,
            )
            if captured.data_hash != self.data_hash:
                raise CaptureError(
                    "the samples are not those of the other ticks: give data that come alike and "
                    "in the same order every time, without shuffling or random transforms"
                )
            subject = Subject(model=self.label, step=step)
            layers = measured_layers(captured, store, self.settings, subject, lambda *_: None)
            found = {one.name: one for one in layers}
        for name in self.inputs & found.keys():
            self._inputs[name, kind] = found[name]
        known_now = {name: self._inputs[name, kind].at_step(step) for name in known}
        return [(found | known_now)[name] for name in self.layers], facts_of(captured)


def _is_received(source: Any) -> bool:
    """Whether a layer is what the network itself receives."""
    return source.path is None and source.side == "input"


def _float_type(model: Any) -> str:
    """The type that samples are given before the network receives them."""
    tensors = [*model.parameters(), *model.buffers()]
    return str(next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), None))
