"""The figure of tangent spectra, and its panel in the report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.colors import to_hex

from dimscope.errors import InputError
from dimscope.plots import plot_tangents
from dimscope.report.tangents import tangent_panel
from dimscope.results import Layer, Quantity, Subject, Tables, Value

METHODS = {
    "tangent_rank": 8.0,
    "tangent_participation_ratio": 5.0,
    "tangent_log_volume": -30.0,
    "tangent_largest_stretch": 4.0,
    "tangent_smallest_stretch": 0.01,
}


def tangent_tables(setting: str = "") -> Tables:
    """Two draws of one control and one of another, in three layers."""
    layers, values = [], []
    for index, layer in enumerate(["input", "block", "output"]):
        layers.append(
            Layer(model="net", layer=layer, index=index, relative_depth=index / 2, n_features=9)
        )
        for sample, replicate in [("smooth_d8", 0), ("smooth_d8", 1), ("affine_d8", 0)]:
            where = Subject(model="net", layer=layer, sample=sample, replicate=replicate)
            values += [
                Value(
                    subject=where,
                    quantity=Quantity.of(method, "other", setting=setting),
                    value=value - index,
                    low=value - index - 0.5,
                    high=value - index + 0.5,
                    n_samples=20,
                )
                for method, value in METHODS.items()
            ]
    return Tables.of({"layers": layers, "values": values})


@pytest.mark.parametrize("setting", ["", "dtype=float64"])
def test_what_is_drawn(setting: str) -> None:
    ax = plot_tangents(tangent_tables(setting))
    drawn = {line.get_linestyle(): np.asarray(line.get_ydata()) for line in ax.lines}
    np.testing.assert_array_equal(drawn[":"], [8, 7, 6])
    np.testing.assert_array_equal(drawn["-"], [5, 4, 3])
    assert len(ax.lines) == 2 * 3
    assert len({to_hex(line.get_color()) for line in ax.lines}) == 2  # draws have one colour
    (beside,) = (other for other in ax.figure.axes if other is not ax)
    assert [line.get_ydata()[0] for line in beside.lines] == [-30.0] * 3
    assert (ax.get_ylabel(), beside.get_ylabel()) == ("directions", "log-volume")
    assert ax.get_title(loc="left") == "net, tangent spectra at 20 points"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[:2] == ["net, smooth_d8", "net, affine_d8"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["input", "block", "output"]


def test_the_panel_of_the_report() -> None:
    panel = tangent_panel(tangent_tables())
    assert panel is not None
    samples, views = panel.groups
    assert [chip.value for chip in samples.chips] == ["net, smooth_d8", "net, affine_d8"]
    assert [chip.value for chip in views.chips if chip.pressed] == ["directions"]
    traces = [trace for trace in json.loads(panel.figure)["data"] if "lines" in trace["mode"]]
    shown = [trace for trace in traces if trace["visible"]]
    assert len(traces) == 3 * len(METHODS)
    assert {trace["meta"]["view"] for trace in shown} == {"directions"}
    assert {tuple(trace["y"]) for trace in shown} == {(8.0, 7.0, 6.0), (5.0, 4.0, 3.0)}


def test_a_profile_without_tangent_spectra() -> None:
    layer = Layer(model="net", layer="input", index=0, relative_depth=0.0, n_features=9)
    value = Value(
        subject=Subject(model="net", layer="input"),
        quantity=Quantity.of("two_nn", "intrinsic"),
        value=3.0,
        n_samples=20,
    )
    tables = Tables.of({"layers": [layer], "values": [value]})
    assert tangent_panel(tables) is None
    with pytest.raises(InputError, match="no tangent spectra: measure it with controls=True"):
        plot_tangents(tables)
