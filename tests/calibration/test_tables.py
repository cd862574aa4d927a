"""Calibrated rows beside raw ones."""

import pandas as pd
import pytest

from dimscope import Profile
from dimscope.calibration import calibrated_values
from dimscope.errors import InputError

ROW = {"model": "net", "layer": "fc", "layer_index": 0, "n_features": 800, "curve": "estimate"}


def profile(*changes):
    rows = [ROW | {"method": "two_nn", "n_samples": 500, "value": 20.0} | own for own in changes]
    return Profile.from_rows(rows, {})


def test_each_value_is_followed_by_what_it_stands_for():
    found = profile({}, {"method": "participation_ratio"}, {"method": "gride"}).calibrated()
    methods = ["two_nn", "two_nn_calibrated", "participation_ratio", "gride", "gride_calibrated"]
    assert found.methods() == methods
    row = found.values.iloc[1]
    assert row["name"] == "calibrated_dimension"
    assert (row["setting"], row["title"]) == ("family=any", "TwoNN, calibrated")
    assert row["family"] == "intrinsic"
    assert row["low"] < 20 < row["value"] < row["high"]
    assert pd.isna(row["stderr"])
    assert row["n_samples"] == 500


def test_samples_steps_and_settings_stay_apart():
    found = profile(
        {}, {"step": 3}, {"sample": "smooth_d28"}, {"method": "gride", "setting": "n1=4"}
    ).calibrated("torus")
    own = found.values[found.values["name"] == "calibrated_dimension"]
    assert own["setting"].tolist() == [*["family=torus"] * 3, "n1=4, family=torus"]
    assert own["sample"].tolist() == ["data", "data", "smooth_d28", "data"]


def test_calibrating_twice_changes_nothing_and_families_stand_side_by_side():
    once = profile({}).calibrated()
    pd.testing.assert_frame_equal(once.calibrated().values, once.values)
    both = once.calibrated("gaussian")
    assert len(both.values) == 3
    pd.testing.assert_frame_equal(both.calibrated("gaussian").values, both.values)


def test_what_has_no_curve_stays_as_it_is():
    raw = profile(
        {"method": "participation_ratio"},
        {"value": None, "notes": "Too few."},
        {"model": "b", "n_samples": 20},
        {"model": "c", "n_groups": 30},
        {"model": "d", "method": "box_dimension"},
    )
    pd.testing.assert_frame_equal(raw.calibrated().values, raw.values)


def test_a_value_beyond_the_curve_has_a_lower_end_only():
    row = profile({"value": 150.0}).calibrated().values.iloc[1]
    assert pd.isna(row["value"])
    assert pd.isna(row["high"])
    assert row["low"] > 150
    assert "ends at 300" in row["problem"]


def test_resolvable_means_the_same_of_both_rows():
    for value in (5.0, 20.0, 60.0):
        ceiling = 25.0
        raw, own = profile({"value": value, "ceiling": ceiling}).calibrated().values.itertuples()
        assert (raw.value <= raw.ceiling) == (own.value <= own.ceiling)


def test_a_saved_profile_and_its_flat_table_keep_calibrated_rows(tmp_path):
    found = profile({}).calibrated()
    found.save(tmp_path / "run")
    pd.testing.assert_frame_equal(Profile.load(tmp_path / "run").values, found.values)
    flat = Profile.from_frame(found.to_frame())
    for column in ("name", "method", "setting", "title", "family", "value", "low", "high"):
        pd.testing.assert_series_equal(flat.values[column], found.values[column])


def test_an_unknown_family_is_refused():
    with pytest.raises(InputError, match="unknown family"):
        calibrated_values(profile({}).values, "banana")
