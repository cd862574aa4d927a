"""Every row type is a table and JSON, and comes back; what no row type has is refused by name."""

from __future__ import annotations

import dataclasses
import json

import pandas as pd
import pytest

from dimscope import InputError
from dimscope.results import (
    ROW_TYPES,
    CurvePoint,
    Layer,
    LocalValue,
    Note,
    PairValue,
    Quantity,
    Subject,
    Value,
    Verdict,
    as_json,
    columns_of,
    from_json,
    table_of,
)
from dimscope.results.schema import checked_table

SUBJECT = Subject(
    model="net", step=10, layer="fc", pooling="flatten", data="abc", sample="affine_d8",
    replicate=2, group="cats",
)  # fmt: skip
QUANTITY = Quantity.of("gride", "intrinsic", title="Gride", setting="n1=4")
NOTES = (Note("bias", "Too low."), Note("copies", "12 rows repeat."))
ROWS = {
    "layers": Layer(
        model="net", step=10, layer="fc", pooling="flatten", data="abc", index=3,
        relative_depth=0.5, n_features=64,
    ),
    "values": Value(
        subject=SUBJECT, quantity=QUANTITY, value=3.5, stderr=0.25, low=3.0, high=4.0,
        error_kind="theory", scale=0.125, n_samples=100, n_duplicates=12, n_near_copies=3,
        n_groups=50, ceiling=9.5, notes=NOTES, problem="A problem.",
    ),
    "curves": CurvePoint(
        subject=SUBJECT, quantity=QUANTITY, axis="n_samples", at=50, value=3.25, stderr=0.5,
        low=2.5, high=4.5, scale=0.25, n_samples=50, n_blocks=2, other="input",
    ),
    "pairs": PairValue(
        subject=SUBJECT, other=dataclasses.replace(SUBJECT, layer="conv", group=None),
        quantity=Quantity.of("overlap", "pair"), value=0.75, stderr=0.125, low=0.5, high=1.0,
        error_kind="blocks", null=0.25, p_value=0.0625, n_samples=100, notes=NOTES,
        problem="A problem.",
    ),
    "locals": LocalValue(subject=SUBJECT, quantity=QUANTITY, row=7, value=2.5),
    "verdicts": Verdict(
        subject=SUBJECT, rule="plateau", statement="It is flat.", holds=True, p_value=0.5,
        evidence="Numbers.",
    ),
}  # fmt: skip
BARE = Subject(model="net")
LEAST = {
    "layers": Layer(model="net", layer="fc", index=0, relative_depth=None, n_features=1),
    "values": Value(subject=BARE, quantity=QUANTITY, value=None, n_samples=0),
    "curves": CurvePoint(
        subject=BARE, quantity=QUANTITY, axis="rank", at=2, value=None, n_samples=9
    ),
    "pairs": PairValue(subject=BARE, other=BARE, quantity=QUANTITY, value=None, n_samples=9),
    "locals": LocalValue(subject=BARE, quantity=QUANTITY, row=0, value=None),
    "verdicts": Verdict(subject=BARE, rule="r", statement="S.", holds=None),
}
ALL = [(name, row) for rows in (ROWS, LEAST) for name, row in rows.items()]


def row_of(row_type, cells, prefix=""):
    """The row of a type that has these cells: what `table_of` did, undone by hand."""
    nested = {"subject": Subject, "quantity": Quantity}
    nested |= {"other": Subject} if row_type is PairValue else {}
    fields = {}
    for name in row_type.__dataclass_fields__:
        if name in nested:
            fields[name] = row_of(nested[name], cells, "other_" if name == "other" else "")
        else:
            cell = cells[prefix + name]
            missing = not isinstance(cell, tuple) and pd.isna(cell)
            fields[name] = None if missing else cell
    return row_type(**fields)


def test_every_table_has_an_example_with_every_field_filled_in():
    assert ROWS.keys() == LEAST.keys() == ROW_TYPES.keys()
    for name, row in ROWS.items():
        assert type(row) is ROW_TYPES[name]
        assert None not in dataclasses.asdict(row).values()


@pytest.mark.parametrize(("name", "row"), ALL)
def test_a_row_comes_back_from_json(name, row):
    written = json.loads(json.dumps(as_json(row), allow_nan=False))
    back = from_json(ROW_TYPES[name], written)
    assert back == row
    notes = getattr(row, "notes", ())
    assert [note.code for note in getattr(back, "notes", ())] == [note.code for note in notes]


@pytest.mark.parametrize(("name", "row"), ALL)
def test_a_row_is_a_line_of_a_table_with_all_that_it_says(name, row):
    table = table_of(ROW_TYPES[name], [row, row])
    assert table.dtypes.astype(str).to_dict() == columns_of(ROW_TYPES[name])
    for cells in table.to_dict("records"):
        assert row_of(ROW_TYPES[name], cells) == row


@pytest.mark.parametrize("name", ROW_TYPES)
def test_a_table_of_no_rows_has_the_same_columns_and_types(name):
    empty = table_of(ROW_TYPES[name], [])
    assert len(empty) == 0
    assert empty.dtypes.astype(str).to_dict() == columns_of(ROW_TYPES[name])


def test_json_leaves_out_what_is_at_its_default():
    assert as_json(LEAST["values"]) == {
        "subject": {"model": "net"},
        "quantity": as_json(QUANTITY),
        "value": None,
        "n_samples": 0,
    }


class TestJson:
    @pytest.mark.parametrize("name", ROW_TYPES)
    def test_an_unknown_key_is_named(self, name):
        written = as_json(ROWS[name]) | {"curvature": 1.0}
        kind = ROW_TYPES[name].__name__
        with pytest.raises(InputError, match=rf"unknown key 'curvature' of a {kind}: its fields"):
            from_json(ROW_TYPES[name], written)

    def test_an_unknown_key_of_a_nested_row_is_named(self):
        written = as_json(ROWS["values"])
        written["subject"]["species"] = "cat"
        with pytest.raises(InputError, match="unknown key 'species' of a Subject"):
            from_json(Value, written)

    @pytest.mark.parametrize("name", ROW_TYPES)
    def test_a_missing_key_is_named(self, name):
        written = as_json(LEAST[name])
        missing = next(iter(written))
        del written[missing]
        with pytest.raises(
            InputError, match=rf"incomplete {ROW_TYPES[name].__name__}: .*{missing}"
        ):
            from_json(ROW_TYPES[name], written)

    @pytest.mark.parametrize(
        ("name", "path", "message"),
        [
            ("curves", ["axis"], "unknown axis 'nope' in a row: choose from n_samples, rank"),
            ("values", ["error_kind"], "unknown error_kind 'nope' in a row: choose from theory"),
            ("values", ["quantity", "family"], "unknown family 'nope' in a row: choose from intr"),
        ],
    )
    def test_an_unknown_choice_is_named_with_those_there_are(self, name, path, message):
        written = as_json(ROWS[name])
        inner = written
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = "nope"
        with pytest.raises(InputError, match=message):
            from_json(ROW_TYPES[name], written)


class TestTables:
    @pytest.mark.parametrize("name", ROW_TYPES)
    def test_an_unknown_column_is_named(self, name):
        table = table_of(ROW_TYPES[name], [ROWS[name]]).assign(curvature=1.0)
        with pytest.raises(
            InputError, match=r"the table of .* rows has unknown column 'curvature'"
        ):
            checked_table(ROW_TYPES[name], table)

    @pytest.mark.parametrize("name", ROW_TYPES)
    def test_a_missing_column_is_named(self, name):
        table = table_of(ROW_TYPES[name], [ROWS[name]]).drop(columns="model")
        with pytest.raises(InputError, match="has no column 'model': its columns are"):
            checked_table(ROW_TYPES[name], table)

    @pytest.mark.parametrize(
        ("name", "column"), [("curves", "axis"), ("values", "family"), ("pairs", "error_kind")]
    )
    def test_an_unknown_choice_is_named_with_those_there_are(self, name, column):
        table = table_of(ROW_TYPES[name], [ROWS[name]]).assign(**{column: "nope"})
        with pytest.raises(InputError, match=f"unknown {column} 'nope' in x: choose from"):
            checked_table(ROW_TYPES[name], table, "x")

    def test_a_column_of_another_type_is_named(self):
        table = table_of(Value, [ROWS["values"]]).assign(value="three")
        with pytest.raises(InputError, match="column 'value' that is not of type float64"):
            checked_table(Value, table)

    def test_columns_may_come_in_any_order(self):
        table = table_of(Value, [ROWS["values"]])
        turned = table[table.columns[::-1]]
        pd.testing.assert_frame_equal(checked_table(Value, turned), table)


@pytest.mark.parametrize(
    "make",
    [
        lambda: dataclasses.replace(ROWS["curves"], axis="nope"),
        lambda: Quantity.of("two_nn", "nope"),
    ],
)
def test_a_row_with_an_unknown_choice_cannot_be_made(make):
    with pytest.raises(InputError, match=r"'nope'.*: choose from"):
        make()
