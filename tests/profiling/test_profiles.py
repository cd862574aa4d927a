"""Profiles join, and come back from disk as they went."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from dimscope import InputError, Profile
from dimscope.errors import StoreError
from dimscope.results import PROFILE_COLUMNS, plain


def row(model="net", step=None, layer="conv1", **values):
    return {
        "model": model,
        "step": step,
        "layer": layer,
        "layer_index": 0,
        "relative_depth": 0.25,
        "n_features": 64,
        "curve": "estimate",
        "method": "two_nn",
        "n_samples": 450,
        "n_blocks": 1,
        "value": 7.5,
        "stderr": 0.25,
        "n_duplicates": 0,
    } | values


def profile(*rows, **provenance):
    return Profile.from_rows(rows or [row()], provenance or {"net": {"seed": 0}})


class TestProfile:
    def test_columns_and_types_do_not_depend_on_the_rows(self):
        for p in (profile(), Profile.from_rows([], {}), profile(row(step=3, rank=1, ceiling=9.0))):
            assert p.frame.dtypes.astype(str).to_dict() == dict(PROFILE_COLUMNS)

    def test_what_a_row_leaves_out_is_missing_and_none_in_records(self):
        p = profile()
        assert p.frame.loc[0, ["step", "ceiling", "rank", "group", "scale"]].isna().all()
        (record,) = p.to_records()
        assert list(record) == list(PROFILE_COLUMNS)
        assert record["step"] is record["ceiling"] is record["group"] is None
        assert (record["sample"], record["setting"], record["notes"]) == ("data", "", "")
        assert (record["value"], record["n_samples"]) == (7.5, 450)
        assert type(record["n_samples"]) is int
        json.dumps(record, allow_nan=False)

    def test_comes_back_from_disk_as_it_went(self, tmp_path):
        saved = profile(
            row(step=10, notes="Few samples.", ceiling=12.0),
            row(layer="fc", curve="scale", rank=4, scale=0.5, stderr=float("nan")),
            net={"seed": 1, "versions": {"numpy": "2"}, "loss": float("nan"), "shape": (3, 2)},
        )
        assert saved.save(tmp_path / "a" / "b") == tmp_path / "a" / "b"
        loaded = Profile.load(tmp_path / "a" / "b")
        pd.testing.assert_frame_equal(loaded.frame, saved.frame)
        assert loaded.provenance == plain(saved.provenance)
        assert loaded.to_records() == saved.to_records()

    def test_saving_again_replaces(self, tmp_path):
        profile(row(value=1.0)).save(tmp_path)
        profile(row(value=2.0)).save(tmp_path)
        assert Profile.load(tmp_path).frame["value"].tolist() == [2.0]

    def test_models_and_methods_in_order_of_appearance(self):
        rows = [row("b"), row("a", method="gride"), row("b", layer="fc"), row("a", curve="scale")]
        p = profile(*rows)
        assert p.models == ["b", "a"]
        assert p.methods() == ["two_nn", "gride"]
        assert p.methods("scale") == ["two_nn"]
        assert p.methods("spectrum") == []

    def test_to_frame_is_a_copy_or_one_curve(self):
        p = profile(row(), row(curve="scale", rank=2))
        copy = p.to_frame()
        copy["value"] = 0.0
        assert (p.frame["value"] == 7.5).all()
        assert p.to_frame("scale")["rank"].tolist() == [2]
        assert p.to_frame("scale").index.tolist() == [0]

    def test_unknown_curve(self):
        with pytest.raises(InputError, match="unknown curve 'scales': choose one of estimate, de"):
            profile().to_frame("scales")

    def test_join_puts_profiles_side_by_side(self):
        joined = Profile.join(profile(), profile(row("twin"), twin={"seed": 5}))
        assert joined.models == ["net", "twin"]
        assert joined.provenance == {"net": {"seed": 0}, "twin": {"seed": 5}}
        assert joined.frame.dtypes.astype(str).to_dict() == dict(PROFILE_COLUMNS)

    def test_join_of_one_is_that_one(self):
        p = profile(row(), row(layer="fc"))
        pd.testing.assert_frame_equal(Profile.join(p).frame, p.frame)

    def test_join_takes_the_steps_and_layers_of_one_model(self):
        joined = Profile.join(
            profile(row(step=0)), profile(row(step=10)), profile(row(step=10, layer="fc"))
        )
        assert joined.models == ["net"]
        assert joined.frame["step"].tolist() == [0, 10, 10]

    def test_rows_that_both_have_count_once(self):
        p = profile(row(step=3), row(step=3, curve="scale", rank=2))
        pd.testing.assert_frame_equal(p.add(p, p).frame, p.frame)

    @pytest.mark.parametrize(
        "other",
        [
            {"method": "gride"},
            {"curve": "scale", "rank": 4},
            {"sample": "affine_d8"},
            {"group": "cats"},
            {"setting": "discard_fraction=0.2"},
        ],
    )
    def test_more_of_one_model_is_added(self, other):
        both = profile().add(profile(row(**other)))
        assert len(both.frame) == 2
        assert both.provenance == {"net": {"seed": 0}}
        assert len(both.layers) == 1

    @pytest.mark.parametrize("step", [None, 10])
    @pytest.mark.parametrize("other", [{"n_samples": 2000}, {"value": 7.4}, {"notes": "Low."}])
    def test_another_value_of_the_same_thing_is_refused(self, step, other):
        pair = profile(row(step=step)), profile(row(step=step, **other))
        with pytest.raises(InputError, match=r"two values of model 'net', .*'two_nn'.* own label"):
            Profile.join(*pair)

    def test_another_width_of_a_layer_is_refused(self):
        with pytest.raises(InputError, match="two layers of model 'net', layer 'conv1'"):
            profile().add(profile(row(method="gride", n_features=7)))

    def test_one_label_for_two_networks_is_refused(self):
        pair = (profile(row(layer=x), net={"model_hash": x}) for x in ("a", "b"))
        with pytest.raises(InputError, match=r"share the model label 'net' .* different networks"):
            Profile.join(*pair)

    def test_layers_that_were_measured_apart_are_counted_together(self):
        first = profile(
            row(layer="a", relative_depth=0.0), row(layer="c", layer_index=1, relative_depth=1.0)
        )
        both = first.add(profile(row(layer="b", relative_depth=0.5)))
        assert dict(zip(both.frame["layer"], both.frame["layer_index"], strict=True)) == {
            "a": 0, "b": 1, "c": 2,
        }  # fmt: skip

    def test_both_provenances_are_kept_where_one_label_has_two(self):
        both = profile().add(profile(row(method="gride"), net={"seed": 1}))
        assert both.provenance == {"net": {"seed": 0}, "net (2)": {"seed": 1}}

    def test_join_of_none(self):
        with pytest.raises(InputError, match="nothing to join"):
            Profile.join()

    def test_a_newer_schema_is_refused(self, tmp_path):
        profile().save(tmp_path)
        head = json.loads((tmp_path / "provenance.json").read_text())
        (tmp_path / "provenance.json").write_text(json.dumps(head | {"schema": 99}))
        with pytest.raises(InputError, match=r"has schema 99, .* up to 2: upgrade dimscope"):
            Profile.load(tmp_path)

    @pytest.mark.parametrize("broken", ["provenance.json", "values.parquet"])
    @pytest.mark.parametrize("content", [None, "", "{}", "[1]", "not a profile"])
    def test_what_is_no_profile_is_refused(self, broken, content, tmp_path):
        profile().save(tmp_path)
        (tmp_path / broken).unlink()
        if content is not None:
            (tmp_path / broken).write_text(content)
        with pytest.raises(InputError, match="no readable profile in"):
            Profile.load(tmp_path)

    def test_a_place_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="cannot write the profile to"):
            profile().save(tmp_path / "file")
