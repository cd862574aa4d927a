"""The flat table: the order of its rows, and typed rows from flat ones."""

from __future__ import annotations

import pytest

from dimscope import InputError, Profile
from dimscope.results import PROFILE_COLUMNS, CurvePoint, Layer, Quantity, Subject, Tables


def row(layer, method="two_nn", curve="estimate", **values):
    index = {"first": 0, "second": 1}[layer]
    return {
        "model": "net", "layer": layer, "layer_index": index, "relative_depth": 0.5 * index,
        "n_features": 8, "curve": curve, "method": method, "n_samples": 100, "value": 2.0,
    } | values  # fmt: skip


def order(*rows):
    frame = Profile.from_rows(rows, {}).to_frame()
    return list(zip(frame["layer"], frame["method"], frame["curve"], strict=True))


def test_rows_go_by_layer_then_method_with_its_decimation_then_the_other_curves():
    given = [
        row("second"),
        row("first"),
        row("first", curve="decimation", n_samples=50),
        row("first", "gride"),
        row("first", "gride", curve="decimation", n_samples=50),
        row("first", "gride", curve="scale", rank=2),
        row("first", "eigenvalue", curve="spectrum", rank=1),
    ]
    expected = [
        ("second", "two_nn", "estimate"),
        ("first", "two_nn", "estimate"),
        ("first", "two_nn", "decimation"),
        ("first", "gride", "estimate"),
        ("first", "gride", "decimation"),
        ("first", "gride", "scale"),
        ("first", "eigenvalue", "spectrum"),
    ]
    assert order(*given) == expected
    shuffled = [given[0], *(given[i] for i in (5, 1, 3, 6, 2, 4))]
    first = [place for place in order(*shuffled) if place[0] == "first"]
    assert first == [expected[i] for i in (1, 2, 3, 4, 5, 6)]


def test_each_sample_and_class_of_a_layer_stands_together():
    frame = Profile.from_rows(
        [
            row("first"),
            row("first", sample="affine_d8"),
            row("first", group="cats"),
            row("first", "gride"),
            row("first", "gride", sample="affine_d8"),
        ],
        {},
    ).to_frame()
    assert frame["method"].tolist() == ["two_nn", "gride", "two_nn", "gride", "two_nn"]
    assert frame["sample"].tolist() == ["data", "data", "affine_d8", "affine_d8", "data"]
    assert frame["group"].fillna("all").tolist() == ["all"] * 4 + ["cats"]


def test_flat_rows_come_back_as_they_went():
    rows = [
        row("first", step=3, stderr=0.5, interval_low=1.0, interval_high=3.0, ceiling=9.0),
        row("first", step=3, setting="discard_fraction=0.2", notes="Too low."),
        row("first", step=3, curve="scale", rank=4, scale=0.5),
        row("second", step=3, sample="affine_d8", group="cats"),
    ]
    once = Profile.from_rows(rows, {})
    again = Profile.from_frame(once.to_frame())
    assert again.to_records() == once.to_records()
    for given, record in zip(rows, once.to_records(), strict=True):
        assert given.items() <= record.items()


class TestTwoSettings:
    @pytest.fixture
    def profile(self):
        kinds = ("n_neighbors=10", "n_neighbors=20")
        return Profile.from_rows(
            [row("first", "levina_bickel", setting=setting) for setting in kinds]
            + [row("first", "two_nn", setting="discard_fraction=0.2")],
            {},
        )

    def test_are_two_methods_with_a_key_each(self, profile):
        keys = ["levina_bickel(n_neighbors=10)", "levina_bickel(n_neighbors=20)", "two_nn"]
        assert profile.methods() == keys

    def test_have_their_setting_in_the_label(self, profile):
        labels = profile.rows("estimate")["label"].tolist()
        assert labels[0].endswith(" (n_neighbors=10)")
        assert labels[2] == "TwoNN (discard_fraction=0.2)"


@pytest.mark.parametrize(
    "column", ["curve", "method", "model", "layer", "n_samples", "layer_index"]
)
@pytest.mark.parametrize("how", ["absent", "missing"])
def test_a_row_without_a_needed_column_is_refused_by_name(column, how):
    incomplete = row("first") | {column: None}
    if how == "absent":
        del incomplete[column]
    with pytest.raises(InputError, match=f"a row of a profile has no '{column}': every row needs"):
        Profile.from_rows([incomplete], {})


def test_unknown_columns_and_curves_are_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"unknown column 'curvature': the columns .* model, step"):
        Profile.from_rows([row("first", curvature=1.0)], {})
    with pytest.raises(InputError, match="unknown curve 'line': choose one of estimate, decim"):
        Profile.from_rows([row("first", curve="line")], {})


def test_nothing_measured_is_a_table_without_rows():
    assert list(Tables().to_frame().columns) == list(PROFILE_COLUMNS)
    assert Tables().methods() == Tables().models == Tables().to_records() == []


@pytest.mark.parametrize(
    ("axis", "curve"),
    [
        ("rank", "scale"),
        ("component", "spectrum"),
        ("n_neighbors", "neighbors"),
        ("n_samples", "decimation"),
    ],
)
def test_every_axis_has_its_curve_and_comes_back_with_its_position(axis, curve):
    point = CurvePoint(
        subject=Subject(model="net", layer="first"), quantity=Quantity.of("two_nn", "intrinsic"),
        axis=axis, at=40, value=2.0, n_samples=40 if axis == "n_samples" else 100,
    )  # fmt: skip
    layer = Layer(model="net", layer="first", index=0, relative_depth=0.0, n_features=8)
    profile = Profile.of({"layers": [layer], "curves": [point]})
    assert profile.to_frame(curve)["curve"].tolist() == [curve]
    back = Profile.from_frame(profile.to_frame()).curves
    assert (back["axis"].item(), back["at"].item()) == (axis, 40)


def test_a_response_curve_has_no_place_for_its_true_dimension():
    with pytest.raises(InputError, match="'response' do not say of which true dimension"):
        Profile.from_rows([row("first", curve="response")], {})
