"""Folders of version 0.1.0 load with the same numbers; saves that stop midway; changed files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.torture.steps import Killed, full, killed, stepping
from dimscope import InputError, Profile
from dimscope.errors import StoreError
from dimscope.profiling.head import holds_profile
from dimscope.report import write_report
from dimscope.results import PROFILE_COLUMNS, Note
from dimscope.tracking import read_run

SAVED = Path(__file__).parents[1] / "saved" / "v0_1_0"
UNCHECKED = Path(__file__).parents[1] / "saved" / "unchecked"
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


@pytest.fixture
def unchecked(tmp_path) -> Path:
    """A folder of schema 2 without checksums, in which a changed table can be read."""
    for file in (UNCHECKED / "profile").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.parametrize("name", ["profile", "tracker"])
def test_a_folder_without_checksums_loads(name, tmp_path):
    old = Profile.load(UNCHECKED / name)
    assert len(old.values) == 2 * 3 * (1 + (name == "tracker"))
    pd.testing.assert_frame_equal(Profile.load(old.save(tmp_path)).frame, old.frame)
    if name == "tracker":
        pd.testing.assert_frame_equal(read_run(UNCHECKED / name).frame, old.frame)


@pytest.mark.parametrize("table", ["values", "curves", "layers"])
def test_an_unknown_column_is_refused(table, unchecked):
    tmp_path = unchecked
    path = tmp_path / f"{table}.parquet"
    pd.read_parquet(path).assign(curvature=1.0).to_parquet(path)
    with pytest.raises(InputError, match="unknown column 'curvature'"):
        Profile.load(tmp_path)


def test_a_table_that_lost_rows_is_noticed(unchecked):
    path = unchecked / "values.parquet"
    pd.read_parquet(path).iloc[:-1].to_parquet(path)
    with pytest.raises(InputError, match="5 of 6 rows"):
        Profile.load(unchecked)


def tiny_profile(model: str, *curves: str) -> Profile:
    row = {"layer": "fc", "layer_index": 0, "n_features": 8, "method": "two_nn", "n_samples": 9}
    rows = [row | {"model": model, "curve": curve, "rank": 2, "value": 3.0} for curve in curves]
    return Profile.from_rows(rows, {model: {"seed": 0}})


class TestASaveThatDoesNotEnd:
    """It is killed, or meets a full disk, at every step by which it changes the disk."""

    OLD, NEW = tiny_profile("old", "estimate", "scale"), tiny_profile("new", "estimate")

    @pytest.fixture
    def saved(self, tmp_path):
        """Saves the new profile over the old one; says whether that came to its end."""
        self.OLD.save(tmp_path / "old")
        before = contents(tmp_path / "old")
        self.OLD.save(tmp_path / "run")

        def save(steps) -> bool:
            for path in (tmp_path / "run").iterdir():
                path.unlink()
            for name, content in before.items():
                (tmp_path / "run" / name).write_bytes(content)
            with stepping(steps):
                try:
                    self.NEW.save(tmp_path / "run")
                except (Killed, StoreError):
                    return False
            return True

        return save

    def held_by(self, folder) -> Profile:
        """The profile that is in the folder, which must be the old one or the new one."""
        loaded = Profile.load(folder)
        expected = self.NEW if "new" in loaded.provenance else self.OLD
        assert loaded.provenance == expected.provenance
        for name, table in loaded.tables().items():
            pd.testing.assert_frame_equal(table, expected.tables()[name])
        return expected

    def test_a_killed_save_leaves_the_older_profile_or_the_new_one(self, saved, tmp_path):
        self.NEW.save(tmp_path / "new")
        held, at = [], 0
        while not saved(killed(at)):
            held.append(self.held_by(tmp_path / "run"))
            self.NEW.save(tmp_path / "run")
            assert contents(tmp_path / "run") == contents(tmp_path / "new")
            at += 1
        n_new = held.count(self.NEW)
        assert held == [self.OLD] * (at - n_new) + [self.NEW] * n_new
        assert at - n_new > 9  # three files are written before the head is put in place
        assert n_new > 3  # two are put in place afterwards, and one is removed

    @pytest.mark.parametrize("lasting", [False, True])
    def test_a_full_disk_leaves_the_older_profile_and_no_other_file(self, saved, tmp_path, lasting):
        for at in range(9):
            assert not saved(full(at, lasting=lasting))
            assert self.held_by(tmp_path / "run") is self.OLD
            assert contents(tmp_path / "run") == contents(tmp_path / "old")

    def test_a_first_save_leaves_nothing_that_loads_or_all_of_it(self, tmp_path):
        for at in range(15):
            with stepping(killed(at)), pytest.raises(Killed):
                self.NEW.save(tmp_path / str(at))
            if holds_profile(tmp_path / str(at)):
                assert self.held_by(tmp_path / str(at)) is self.NEW
            else:
                with pytest.raises(InputError, match=r"there is no provenance\.json"):
                    Profile.load(tmp_path / str(at))
        assert {holds_profile(tmp_path / str(at)) for at in range(15)} == {False, True}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestFilesThatChanged:
    @pytest.fixture
    def folder(self, tmp_path):
        opened("profile").save(tmp_path)
        return tmp_path

    @pytest.mark.parametrize("table", ["values", "curves", "layers"])
    def test_a_changed_table_is_named(self, folder, table):
        path = folder / f"{table}.parquet"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"{table}\.parquet was changed after it was saved"):
            Profile.load(folder)

    def test_a_lost_table_is_named(self, folder):
        (folder / "values.parquet").unlink()
        with pytest.raises(InputError, match=r"values\.parquet is missing: copy the folder again"):
            Profile.load(folder)

    def test_tables_of_another_profile_are_noticed(self, folder, tmp_path):
        opened("profile_untrained").save(tmp_path / "other")
        (tmp_path / "other" / "values.parquet").replace(folder / "values.parquet")
        with pytest.raises(InputError, match=r"values\.parquet was changed"):
            Profile.load(folder)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"seed": 0', '"seed": 1'),
            ('"schema": 2', '"schema": 1'),
            ('"crc32"', '"crc33"'),
            ('"sha256"', '"sha257"'),
            ('"models"', '"model"'),
            ('"values": 16', '"values": 17'),
        ],
    )
    def test_a_changed_head_is_refused(self, folder, old, new):
        path = folder / "provenance.json"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        with pytest.raises(InputError, match=r"provenance\.json .*changed"):
            Profile.load(folder)

    def test_another_layout_is_no_change(self, folder):
        path = folder / "provenance.json"
        path.write_text(json.dumps(json.loads(path.read_text())))
        assert Profile.load(folder).models == opened("profile").models

    @pytest.mark.parametrize("content", ["[]", '{"schema": "2", "models": {}}', "{", "\x00"])
    def test_what_is_no_head_is_refused(self, folder, content):
        (folder / "provenance.json").write_text(content)
        with pytest.raises(InputError, match=r"no readable profile in .*provenance\.json"):
            Profile.load(folder)


def test_an_unknown_table_or_choice_is_refused_with_the_folder(unchecked):
    tmp_path, path = unchecked, unchecked / "curves.parquet"
    usual = path.read_bytes()
    pd.read_parquet(path).assign(axis="time").to_parquet(path)
    with pytest.raises(InputError, match=rf"{tmp_path}: unknown axis 'time' in the table 'curves'"):
        Profile.load(tmp_path)
    (tmp_path / "movies.parquet").write_bytes(usual)
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


def test_files_without_the_number_of_groups_are_read_as_unknown():
    folder = UNCHECKED / "profile"
    assert "n_groups" not in pd.read_parquet(folder / "values.parquet")
    assert Profile.load(folder).values["n_groups"].isna().all()
