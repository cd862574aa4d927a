"""A run that is stopped anywhere goes on where it was."""

import json

import pytest

from dimscope._log import Log
from dimscope.errors import InputError, StoreError
from dimscope.profiling.journal import Journal
from dimscope.profiling.measured import DATA, Measured
from dimscope.results import CurvePoint, Note, Quantity, Subject, Value

IDENTITY = {"seed": 0, "layers": ["a", "b"]}
TWO_NN = Quantity.of("two_nn", "intrinsic", title="TwoNN")


CONTROL = ("affine_d8", 2)


def measured(layer: str, sample=DATA) -> Measured:
    subject = Subject(model="net", layer=layer, step=3, sample=sample[0], replicate=sample[1])
    notes = (Note("bias", "Too low."),)
    value = Value(subject=subject, quantity=TWO_NN, value=3.5, n_samples=100, notes=notes)
    point = CurvePoint(
        subject=subject, quantity=TWO_NN, axis="n_samples", at=50, value=3.0, n_samples=50
    )
    return Measured(subject=subject, n_features=8, index=1, values=(value,), curves=(point,))


def test_what_was_added_is_there_when_it_is_opened_again(tmp_path):
    journal = Journal.open(tmp_path, IDENTITY)
    journal.confirm_capture(DATA, {"data_hash": "x"})
    journal.add(measured("a"))
    again = Journal.open(tmp_path, IDENTITY)
    assert again.layers == {(DATA, "a"): measured("a")}
    assert again.captured == {DATA: {"data_hash": "x"}}


def test_a_layer_is_measured_for_each_sample_and_draw(tmp_path):
    journal = Journal.open(tmp_path, IDENTITY)
    journal.confirm_capture(DATA, {"data_hash": "x"})
    journal.add(measured("a"))
    journal.confirm_capture(CONTROL, {"data_hash": "y"})
    journal.add(measured("b", CONTROL))
    again = Journal.open(tmp_path, IDENTITY)
    assert again.captured == {DATA: {"data_hash": "x"}, CONTROL: {"data_hash": "y"}}
    assert again.missing(DATA, ["a", "b"]) == ["b"]
    assert again.missing(CONTROL, ["a", "b"]) == ["a"]
    assert again.missing(("affine_d8", 3), ["a", "b"]) == ["a", "b"]
    with pytest.raises(InputError, match="other data_hash"):
        again.confirm_capture(CONTROL, {"data_hash": "x"})


def test_the_lines_of_data_are_those_that_older_versions_wrote(tmp_path):
    journal = Journal.open(tmp_path, IDENTITY)
    journal.confirm_capture(DATA, {"data_hash": "x"})
    journal.add(measured("a"))
    _, captured, layer = map(json.loads, journal.log.path.read_text().splitlines())
    assert captured.keys() == {"captured", "line", "crc32"}
    assert layer["subject"] == {"model": "net", "layer": "a", "step": 3}


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_line_cut_short_is_forgotten_and_overwritten(tmp_path, cut):
    journal = Journal.open(tmp_path, IDENTITY)
    journal.add(measured("a"))
    journal.add(measured("b"))
    text = journal.log.path.read_bytes()
    journal.log.path.write_bytes(text[:-cut])
    again = Journal.open(tmp_path, IDENTITY)
    assert set(again.layers) == {(DATA, "a")}
    again.add(measured("b"))
    assert set(Journal.open(tmp_path, IDENTITY).layers) == {(DATA, "a"), (DATA, "b")}
    assert all(json.loads(line) for line in journal.log.path.read_text().splitlines())


def test_another_run_is_refused_with_what_differs(tmp_path):
    Journal.open(tmp_path, IDENTITY)
    with pytest.raises(InputError, match="other seed: remove"):
        Journal.open(tmp_path, IDENTITY | {"seed": 1})


def test_other_data_are_refused(tmp_path):
    Journal.open(tmp_path, IDENTITY).confirm_capture(DATA, {"data_hash": "x"})
    with pytest.raises(InputError, match="other data_hash"):
        Journal.open(tmp_path, IDENTITY).confirm_capture(DATA, {"data_hash": "y"})


def test_closing_removes_the_file(tmp_path):
    journal = Journal.open(tmp_path, IDENTITY)
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write to"):
        Journal.open(tmp_path / "file" / "below", IDENTITY)


def test_a_journal_without_a_path_stays_in_memory():
    journal = Journal(log=Log(identity=IDENTITY))
    journal.add(measured("a"))
    journal.close()
    assert journal.layers == {(DATA, "a"): measured("a")}
