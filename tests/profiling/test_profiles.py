"""Profiles join, and come back from disk as they went."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
import torch
from synthetic_profiles import replicate, with_samples

import dimscope as ds
from dimscope import InputError, Profile
from dimscope.cli.output import print_profile
from dimscope.errors import StoreError
from dimscope.results import PROFILE_COLUMNS, Note, plain


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


class TestNamesOfVersion01:
    def test_the_table_as_an_argument_makes_the_same_profile(self):
        old = profile(row(), row(curve="scale", rank=2))
        with pytest.warns(
            DeprecationWarning, match=r"Profile\(frame=\.\.\.\) is deprecated: use Profile.from_"
        ):
            again = Profile(frame=old.to_frame(), provenance=old.provenance)
        pd.testing.assert_frame_equal(again.frame, old.frame)
        assert again.provenance == old.provenance

    def test_replacing_the_table_keeps_the_rest(self):
        old = Profile.from_rows([row(step=3)], {"net": {"seed": 0}}, [TICK])
        with pytest.warns(DeprecationWarning, match="from_frame"):
            other = dataclasses.replace(old, frame=old.to_frame().assign(value=1.0))
        assert other.frame["value"].tolist() == [1.0]
        assert (other.provenance, len(other.ticks)) == (old.provenance, 1)

    def test_the_profile_is_found_where_it_was(self):
        import dimscope.results

        with pytest.warns(
            DeprecationWarning, match="results.Profile is deprecated: use dimscope.Profile"
        ):
            assert dimscope.results.Profile is Profile

    @pytest.mark.parametrize(
        "name", ["Plateau", "ScaleCurves", "TOLERANCE", "find_plateau", "LEAST_VALUES", "within"]
    )
    def test_the_module_of_scales_is_found_where_it_was(self, name):
        import dimscope.scales

        with pytest.warns(
            DeprecationWarning, match=rf"scales\.{name} is deprecated: use dimscope\.results"
        ):
            old = getattr(dimscope.scales, name)
        assert old is getattr(dimscope.results.scales, name)
        with pytest.raises(AttributeError, match="has no attribute 'nope'"):
            _ = dimscope.scales.nope


TICK = {"model": "net", "step": 3, "epoch": 0, "seconds": 1.0, "training_seconds": 2.0}


class TestSamples:
    """Controls, their draws, and classes beside the data of one network."""

    def test_come_back_from_disk_as_they_went(self, tmp_path):
        saved = with_samples()
        loaded = Profile.load(saved.save(tmp_path))
        for name, table in saved.tables().items():
            pd.testing.assert_frame_equal(loaded.tables()[name], table)
        frame = loaded.to_frame("estimate")
        assert frame["sample"].value_counts().to_dict() == {"data": 30, "affine_d8": 30}
        assert frame["group"].value_counts().to_dict() == {"cats": 15}

    def test_are_added_once_and_do_not_contradict_the_data(self):
        whole = with_samples()
        pd.testing.assert_frame_equal(whole.add(whole).values, whole.values)
        assert whole.models == ["net"]
        assert len(whole.layers) == 3
        frame = whole.to_frame("estimate")
        control = Profile.from_frame(frame[frame["sample"] == "affine_d8"].iloc[:1])
        moved = dataclasses.replace(control, values=control.values.assign(value=99.0))
        with pytest.raises(InputError, match=r"two values of .* sample 'affine_d8', replicate 1"):
            whole.add(replicate(moved, 1))

    def test_are_in_the_report(self, tmp_path):
        page = with_samples().report(tmp_path / "report.html").read_text()
        for name in ("net", "net, affine_d8", "net, affine_d8 1", "net, cats"):
            assert f'data-value="{name}"' in page
        assert '"shown": ["model", "sample", "replicate", "group", "layer", "method"' in page

    def test_are_tables_of_their_own_at_the_command_line(self, capsys):
        whole = with_samples()
        notes = [
            (Note("bias", "Low."),) + (() if sample == "data" else (Note("limit", "Bent."),))
            for sample in whole.values["sample"]
        ]
        print_profile(dataclasses.replace(whole, values=whole.values.assign(notes=notes)))
        captured = capsys.readouterr()
        heads = [line for line in captured.out.splitlines() if line.endswith("N = 2000")]
        assert heads == [
            f"net{sample}, N = 2000" for sample in ("", ", cats", ", affine_d8, 2 draws")
        ]
        assert "conv1, cats (gride)" in captured.err
        of_controls = [line for line in captured.err.splitlines() if "affine_d8" in line]
        methods = ", ".join(whole.methods())
        assert of_controls == [f"dimscope: control affine_d8 ({methods}): Bent."]

    def test_a_method_that_a_layer_lacks_is_a_dash_at_the_command_line(self, capsys):
        frame = with_samples().to_frame()
        lacking = (frame["layer"] == "fc2") & (frame["method"] == "gride")
        print_profile(Profile.from_frame(frame[~lacking & (frame["group"].isna())]))
        lines = capsys.readouterr().out.splitlines()
        gride = lines[1].split().index("gride")
        fc2 = next(line for line in lines if line.startswith("fc2"))
        assert re.split(r" {2,}", fc2)[gride] == "-"


#: 20 neighbours are the default, which has no setting to name.
KEYS = ["levina_bickel(n_neighbors=10)", "levina_bickel"]
SETTINGS = ["n_neighbors=10", ""]


@pytest.fixture(scope="module")
def both():
    methods = [ds.LevinaBickel(n_neighbors=10), ds.LevinaBickel(n_neighbors=20)]
    x = torch.rand(150, 6, generator=torch.Generator().manual_seed(0))
    net = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU())
    return ds.profile(net, x, methods=methods, progress=False)


class TestTwoSettings:
    """Two settings of one method, from the network to every way in which a profile is shown."""

    def test_are_rows_told_apart_by_their_setting(self, both):
        frame = both.to_frame("estimate")
        frame = frame[frame["method"] == "levina_bickel"]
        first, second = (frame[frame["setting"] == setting] for setting in SETTINGS)
        assert len(first) == len(second) == len(frame) / 2
        assert (first["value"].to_numpy() != second["value"].to_numpy()).all()
        assert both.methods()[::2] == both.methods("decimation") == KEYS
        assert both.methods()[1::2] == [
            "levina_bickel_calibrated(n_neighbors=10, family=any)",
            "levina_bickel_calibrated(family=any)",
        ]

    def test_come_back_from_disk(self, both, tmp_path):
        pd.testing.assert_frame_equal(Profile.load(both.save(tmp_path)).frame, both.frame)

    def test_are_both_in_the_plot_the_report_and_the_table(self, both, tmp_path, capsys):
        legend = [text.get_text() for text in both.plot().get_legend().get_texts()]
        title = ds.LevinaBickel.title
        calibrated = f"{title}, calibrated (n_neighbors=10, family=any)"
        assert legend[:3] == [f"{title} (n_neighbors=10)", calibrated, title]
        page = both.report(tmp_path / "report.html").read_text()
        assert all(f'data-value="{key}"' in page for key in KEYS)
        assert '"shown": ["model", "layer", "method", "setting"' in page
        print_profile(both)
        header = re.split("  +", capsys.readouterr().out.splitlines()[1])
        assert header[3:] == both.methods()

    def test_one_of_them_can_be_chosen(self, both):
        (line,) = both.plot([KEYS[1]]).get_lines()
        rows = both.to_frame("estimate")
        np.testing.assert_array_equal(line.get_ydata(), rows.loc[rows["setting"] == "", "value"])
        with pytest.raises(
            InputError, match=r"by 'levina_bickel\(n_neighbors=30\)': choose from levina_bick"
        ):
            both.plot(["levina_bickel(n_neighbors=30)"])
