"""Joining: equal rows once, new rows added, contradictions refused; provenance kept."""

from __future__ import annotations

import dataclasses

import pytest

from dimscope import InputError
from dimscope.results import (
    ROW_TYPES,
    CurvePoint,
    Layer,
    LocalValue,
    PairValue,
    Quantity,
    Subject,
    Tables,
    Value,
    Verdict,
    joined_tables,
    tick_table,
)
from dimscope.results.joining import KEYS

SUBJECT = Subject(model="net", layer="fc")
TWO_NN = Quantity.of("two_nn", "intrinsic")
ROWS = {
    "layers": Layer(model="net", layer="fc", index=0, relative_depth=0.5, n_features=8),
    "values": Value(subject=SUBJECT, quantity=TWO_NN, value=2.0, n_samples=100),
    "curves": CurvePoint(
        subject=SUBJECT, quantity=TWO_NN, axis="n_samples", at=50, value=2.0, n_samples=50
    ),
    "pairs": PairValue(
        subject=SUBJECT, other=Subject(model="twin", layer="fc"), quantity=TWO_NN, value=0.5,
        n_samples=100,
    ),
    "locals": LocalValue(subject=SUBJECT, quantity=TWO_NN, row=3, value=2.0),
    "verdicts": Verdict(subject=SUBJECT, rule="peak", statement="There is a peak.", holds=True),
}  # fmt: skip
#: For each table a change that makes another row, and one that contradicts the row.
MORE = {
    "layers": {"layer": "conv"},
    "values": {"subject": dataclasses.replace(SUBJECT, sample="affine_d8", replicate=1)},
    "curves": {"at": 25},
    "pairs": {"other": Subject(model="twin", layer="conv")},
    "locals": {"row": 4},
    "verdicts": {"statement": "There is a plateau."},
}
OTHERWISE = {
    "layers": {"n_features": 9},
    "values": {"value": 2.5},
    "curves": {"value": 2.5},
    "pairs": {"value": 0.25},
    "locals": {"value": 2.5},
    "verdicts": {"holds": False},
}


def tables(**rows):
    return Tables.of({name: [row] for name, row in rows.items()})


def ticks(*found, **provenance):
    usual = {"model": "net", "epoch": 0, "seconds": 1.0, "training_seconds": 2.0}
    return Tables(ticks=tick_table(usual | tick for tick in found), provenance=provenance)


def test_every_table_has_its_key():
    assert KEYS.keys() == ROW_TYPES.keys() | {"ticks"}


@pytest.mark.parametrize("name", ROWS)
class TestEveryTable:
    def test_equal_rows_count_once(self, name):
        one = tables(**{name: ROWS[name]})
        joined = joined_tables([one, one, Tables(), one])
        assert len(joined[name]) == 1

    def test_another_row_is_added(self, name):
        other = dataclasses.replace(ROWS[name], **MORE[name])
        joined = joined_tables([tables(**{name: ROWS[name]}), tables(**{name: other})])
        assert len(joined[name]) == 2

    def test_a_contradiction_is_refused_by_name(self, name):
        other = dataclasses.replace(ROWS[name], **OTHERWISE[name])
        pair = tables(**{name: ROWS[name]}), tables(**{name: other})
        with pytest.raises(InputError, match=rf"contradict each other: two {name} of model 'net'"):
            joined_tables(pair)


def test_a_contradiction_is_described_by_what_tells_the_row_apart():
    subject = dataclasses.replace(SUBJECT, step=0, group="cats")
    quantity = Quantity.of("two_nn", "intrinsic", setting="discard_fraction=0.2")
    row = Value(subject=subject, quantity=quantity, value=2.0, n_samples=9)
    pair = tables(values=row), tables(values=dataclasses.replace(row, value=3.0))
    said = "model 'net', step 0, layer 'fc', group 'cats', name 'intrinsic_dimension', "
    with pytest.raises(
        InputError, match=said + r"method 'two_nn', setting 'discard_fraction=0.2'\."
    ):
        joined_tables(pair)


def test_ticks_with_other_metrics_stand_together():
    joined = joined_tables([ticks({"step": 0, "loss": 2.0}), ticks({"step": 5, "accuracy": 0.5})])
    assert joined["ticks"]["step"].tolist() == [0, 5]
    assert joined["ticks"]["loss"].notna().tolist() == [True, False]
    assert joined["ticks"]["accuracy"].notna().tolist() == [False, True]


def test_layers_measured_apart_are_numbered_by_depth():
    def layer(name, index, depth):
        return Layer(model="net", layer=name, index=index, relative_depth=depth, n_features=8)

    first = Tables.of({"layers": [layer("a", 0, 0.0), layer("d", 1, 1.0)]})
    second = Tables.of({"layers": [layer("b", 0, 0.25), layer("d", 1, 1.0)]})
    found = joined_tables([first, second])["layers"].sort_values("index")
    assert found["layer"].tolist() == ["a", "b", "d"]
    assert found["index"].tolist() == [0, 1, 2]


def test_provenance_is_kept_once_for_equal_facts_and_numbered_for_others():
    one, other = ticks(net={"seed": 0}), ticks(net={"seed": 1})
    joined = joined_tables([one, other, one, other])
    assert joined["provenance"] == {"net": {"seed": 0}, "net (2)": {"seed": 1}}


def test_one_label_for_two_networks_is_refused_only_at_one_step():
    def of(step, model_hash):
        layer = Layer(
            model="net", step=step, layer="fc", index=0, relative_depth=None, n_features=8
        )
        return Tables.of({"layers": [layer]}, provenance={"net": {"model_hash": model_hash}})

    assert len(joined_tables([of(0, "a"), of(1, "b")])["layers"]) == 2
    with pytest.raises(InputError, match="share the model label 'net'"):
        joined_tables([of(0, "a"), of(0, "b")])
