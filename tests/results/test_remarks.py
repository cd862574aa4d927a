"""Remarks: every note on a table of values once, with the values that have it."""

from __future__ import annotations

from dimscope.results import NOTE_CODES, Note, Quantity, Subject, Value, remarks_on, table_of

TWO_NN = Quantity.of("two_nn", "intrinsic")


def remarks(*values):
    return remarks_on(table_of(Value, values))


def value(layer, *notes, quantity=TWO_NN, problem=None, **subject):
    return Value(
        subject=Subject(model="net", layer=layer, **subject),
        quantity=quantity,
        value=None if problem else 2.0,
        n_samples=10,
        notes=notes,
        problem=problem,
    )


def test_notes_that_differ_in_numbers_are_one_remark():
    first, second = (
        Note("copies", "12 of 1,000 rows repeat."),
        Note("copies", "3 of 90 rows repeat."),
    )
    (remark,) = remarks(value("a", first), value("b", second))
    assert (remark.note, remark.note.code) == (first, "copies")
    assert remark.where == (("a", "two_nn"), ("b", "two_nn"))
    assert not remark.is_one_text


def test_equal_notes_are_one_text():
    (remark,) = remarks(value("a", Note("bias", "Too low.")), value("b", Note("bias", "Too low.")))
    assert remark.is_one_text


def test_other_codes_and_other_words_are_other_remarks():
    notes = Note("bias", "Too low."), Note("limit", "Too low."), Note("bias", "Too high.")
    assert [remark.note for remark in remarks(value("a", *notes))] == list(notes)


def test_a_problem_is_a_remark_with_a_code_that_is_known():
    (remark,) = remarks(value("a", problem="all 9 rows are equal"))
    assert remark.note == "all 9 rows are equal"
    assert remark.note.code in NOTE_CODES


def test_settings_controls_and_classes_are_told_apart():
    note = Note("bias", "Too low.")
    other = Quantity.of("two_nn", "intrinsic", setting="discard_fraction=0.2")
    (remark,) = remarks(
        value("a", note),
        value("a", note, quantity=other),
        value("a", note, sample="affine_d8", replicate=1),
        value("a", note, group="cats"),
    )
    assert remark.where == (
        ("a", "two_nn"),
        ("a", "two_nn(discard_fraction=0.2)"),
        ("a, affine_d8 1", "two_nn"),
        ("a, cats", "two_nn"),
    )


def test_nothing_to_say_is_no_remark():
    assert remarks(value("a")) == remarks() == []
