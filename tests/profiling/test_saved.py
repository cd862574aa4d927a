"""Folders that version 0.1.0 saved: they load with the same numbers, join, and make a report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dimscope import InputError, Profile
from dimscope.errors import StoreError
from dimscope.profiling.saved import holds_profile
from dimscope.report import write_report
from dimscope.results import PROFILE_COLUMNS, Note
from dimscope.tracking import read_run

SAVED = Path(__file__).parents[1] / "saved" / "v0_1_0"
EXPECTED = json.loads((SAVED / "expected.json").read_text())
PROFILES = [
    "profile",
    "profile_untrained",
    "joined",
    "profile_step/0",
    "profile_step/10",
    "tracker",
]
RUNS = ["tracker by read_run", "tracker_killed by read_run"]


def opened(name: str) -> Profile:
    folder = SAVED / name.removesuffix(" by read_run")
    return read_run(folder) if name in RUNS else Profile.load(folder)


@pytest.mark.parametrize("name", PROFILES + RUNS)
def test_every_number_comes_back_to_the_bit(name):
    expected, frame = EXPECTED[name], opened(name).to_frame()
    assert opened(name).models == expected["models"]
    assert frame["curve"].value_counts().to_dict() == expected["rows"]
    for known in expected["values"]:
        rows = frame[(frame["curve"] == "estimate") & (frame["model"] == known["model"])]
        rows = rows[(rows["layer"] == known["layer"]) & (rows["method"] == known["method"])]
        if known["step"] is not None:
            rows = rows[rows["step"] == known["step"]]
        for column in ("value", "stderr"):
            value = rows[column].item()
            assert value == float.fromhex(known[column]) if known[column] else np.isnan(value)


@pytest.mark.parametrize("name", PROFILES)
def test_the_flat_table_is_the_one_that_was_saved(name):
    old = pd.read_parquet(SAVED / name / "profile.parquet")
    new = Profile.load(SAVED / name).to_frame()
    assert list(new.columns) == list(PROFILE_COLUMNS)
    kinds = {column: new[column].dtype for column in old}
    for frame in (old, new):  # no notes were missing on some rows, and are now empty on others
        frame["notes"] = frame["notes"].fillna("")
    pd.testing.assert_frame_equal(new[list(old)], old.astype(kinds))
    assert set(new["sample"]) == {"data"}
    assert set(new["setting"]) == {""}


def test_ticks_come_back():
    ticks = opened("tracker by read_run").ticks
    assert ticks["step"].tolist() == EXPECTED["tracker"]["ticks"]
    assert set(EXPECTED["tracker"]["metrics"]) <= set(ticks)
    pd.testing.assert_frame_equal(ticks, opened("tracker").ticks)
    saved = pd.read_parquet(SAVED / "tracker" / "ticks.parquet")
    pd.testing.assert_frame_equal(ticks, saved, check_dtype=False)


def test_they_say_what_they_were_pooled_by_and_of_which_data():
    values = opened("profile").values
    assert set(values["pooling"]) == {"flatten"}
    assert set(values["data"].str.len()) == {12}
    assert set(values["family"]) == {"intrinsic", "linear"}
    assert set(values["title"]) == {"TwoNN", "Gride", "Participation ratio", "PCA dimension"}


def test_they_join_with_each_other_and_with_what_is_saved_now(tmp_path):
    old = opened("profile").add(opened("profile_untrained"))
    pd.testing.assert_frame_equal(old.to_frame(), opened("joined").to_frame())
    steps = opened("profile_step/0").add(opened("profile_step/10"))
    assert steps.to_frame()["step"].dropna().unique().tolist() == [0, 10]
    both = old.add(Profile.load(steps.save(tmp_path)))
    assert len(both.to_frame()) == len(old.to_frame()) + len(steps.to_frame())


def test_saving_one_again_writes_it_as_now(tmp_path):
    old = opened("joined")
    again = Profile.load(old.save(tmp_path))
    pd.testing.assert_frame_equal(again.to_frame(), old.to_frame())
    for name, table in again.tables().items():
        pd.testing.assert_frame_equal(table, old.tables()[name])


@pytest.mark.parametrize("name", PROFILES + RUNS)
def test_each_makes_a_report(name, tmp_path):
    page = write_report(opened(name), tmp_path / "report.html").read_text()
    assert "TwoNN" in page


def test_a_folder_that_was_saved_over_an_old_one_holds_only_the_new(tmp_path):
    for file in (SAVED / "profile").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert holds_profile(tmp_path)
    opened("profile_untrained").save(tmp_path)
    assert Profile.load(tmp_path).models == opened("profile_untrained").models
    assert not (tmp_path / "profile.parquet").exists()


@pytest.mark.parametrize("table", ["values", "curves", "layers"])
def test_an_unknown_column_is_refused(table, tmp_path):
    opened("profile").save(tmp_path)
    path = tmp_path / f"{table}.parquet"
    pd.read_parquet(path).assign(curvature=1.0).to_parquet(path)
    with pytest.raises(InputError, match="unknown column 'curvature'"):
        Profile.load(tmp_path)


def test_a_table_that_lost_rows_is_noticed(tmp_path):
    opened("profile").save(tmp_path)
    path = tmp_path / "values.parquet"
    pd.read_parquet(path).iloc[:-1].to_parquet(path)
    with pytest.raises(InputError, match="15 of 16 rows"):
        Profile.load(tmp_path)


class TestASaveThatDoesNotEnd:
    """Writing fails, or the process is killed, at every file that is written or put in place."""

    def failing(self, monkeypatch, method, at, error):
        """Let the call number ``at`` of a method of `Path` or `DataFrame` fail."""
        owner = pd.DataFrame if method == "to_parquet" else Path
        usual = getattr(owner, method)
        calls = iter(range(100))

        def sometimes(self, *args, **kwargs):
            if next(calls) == at:
                raise error
            return usual(self, *args, **kwargs)

        monkeypatch.setattr(owner, method, sometimes)

    @pytest.mark.parametrize(
        ("method", "at"), [("to_parquet", 0), ("to_parquet", 2), ("write_text", 0)]
    )
    def test_a_full_disk_leaves_the_older_profile_whole(self, tmp_path, monkeypatch, method, at):
        old, new = opened("profile"), opened("profile_untrained")
        old.save(tmp_path)
        files = sorted(path.name for path in tmp_path.iterdir())
        with monkeypatch.context() as patch:
            self.failing(patch, method, at, OSError(28, "No space left on device"))
            with pytest.raises(StoreError, match=r"cannot write the profile to .*No space left"):
                new.save(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == files
        pd.testing.assert_frame_equal(Profile.load(tmp_path).frame, old.frame)

    @pytest.mark.parametrize("at", range(4))
    def test_a_folder_of_a_killed_save_is_refused_or_whole(self, tmp_path, monkeypatch, at):
        opened("profile").save(tmp_path)
        with monkeypatch.context() as patch:
            self.failing(patch, "replace", at, KeyboardInterrupt())
            with pytest.raises(KeyboardInterrupt):
                opened("profile_untrained").save(tmp_path)
        assert not holds_profile(tmp_path)
        with pytest.raises(InputError, match=r"there is no provenance\.json, .* saved in full"):
            Profile.load(tmp_path)
        opened("joined").save(tmp_path)
        assert Profile.load(tmp_path).models == opened("joined").models


def test_an_unknown_table_or_choice_is_refused_with_the_folder(tmp_path):
    opened("profile").save(tmp_path)
    path = tmp_path / "curves.parquet"
    pd.read_parquet(path).assign(axis="time").to_parquet(path)
    with pytest.raises(InputError, match=rf"{tmp_path}: unknown axis 'time' in the table 'curves'"):
        Profile.load(tmp_path)
    opened("profile").save(tmp_path)
    path.rename(tmp_path / "movies.parquet")
    head = json.loads((tmp_path / "provenance.json").read_text())
    head["tables"]["movies"] = head["tables"].pop("curves")
    (tmp_path / "provenance.json").write_text(json.dumps(head))
    with pytest.raises(InputError, match=r"no readable profile in .*movies"):
        Profile.load(tmp_path)


def test_notes_keep_their_codes(tmp_path):
    old = opened("profile")
    notes = [(Note("bias", "Too low."), Note("copies", "12 rows repeat."))] * len(old.values)
    noted = replace(old, values=old.values.assign(notes=notes))
    loaded = Profile.load(noted.save(tmp_path))
    assert [[note.code for note in said] for said in loaded.values["notes"]] == [
        ["bias", "copies"]
    ] * len(notes)
    assert loaded.to_frame("estimate")["notes"].unique().tolist() == ["Too low. 12 rows repeat."]


def test_files_without_the_number_of_groups_are_read_as_unknown(tmp_path):
    opened("profile").save(tmp_path)
    path = tmp_path / "values.parquet"
    pd.read_parquet(path).drop(columns="n_groups").to_parquet(path)
    loaded = Profile.load(tmp_path)
    assert loaded.values["n_groups"].isna().all()
    pd.testing.assert_frame_equal(loaded.frame, opened("profile").frame)
