"""Tables with given readings of the data and of controls, to be judged."""

from collections.abc import Mapping, Sequence
from typing import Any

from dimscope.results import Layer, Quantity, Subject, Tables, Value

TWO_NN = Quantity.of("two_nn", "intrinsic", title="TwoNN")
CALIBRATED = Quantity(
    name="calibrated_dimension",
    method="two_nn_calibrated",
    setting="family=any",
    family="intrinsic",
    title="TwoNN, calibrated",
)
LAYERS = ("input", "early", "middle", "late", "output")


def of_sample(
    values: Sequence[float | None],
    *,
    sample: str = "data",
    replicate: int = 0,
    model: str = "net",
    quantity: Quantity = TWO_NN,
    relative_error: float | None = 0.04,
    **more: Any,
) -> list[Value]:
    """A value for each of the first layers, with an error of the same share of each."""
    return [
        Value(
            subject=Subject(model=model, layer=layer, sample=sample, replicate=replicate),
            quantity=quantity,
            value=value,
            stderr=None if None in (value, relative_error) else abs(value) * relative_error,
            **{"n_samples": 500} | more,
        )
        for layer, value in zip(LAYERS, values, strict=False)
    ]


def tangents(sample: str, ranks: Sequence[float], acting: Sequence[float]) -> list[Value]:
    """Ranks and participation ratios of tangents at each layer."""
    named = {"tangent_rank": ranks, "tangent_participation_ratio": acting}
    return [
        row
        for method, values in named.items()
        for row in of_sample(
            values, sample=sample, quantity=Quantity.of(method, "other"), n_samples=20
        )
    ]


def tables(*samples: Sequence[Value], provenance: Mapping[str, Any] | None = None) -> Tables:
    """The tables of such values."""
    values = [value for sample in samples for value in sample]
    layers = [
        Layer(model=model, layer=name, index=i, relative_depth=i / 5, n_features=100)
        for model in dict.fromkeys(value.subject.model for value in values)
        for i, name in enumerate(LAYERS)
    ]
    return Tables.of({"layers": layers, "values": values}, provenance=provenance or {})
