"""Labels of rows: a column of the table, or a file of their own."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dimscope.cli.main import run
from dimscope.errors import InputError
from dimscope.io import read_labelled

POINTS = np.random.default_rng(0).normal(size=(30, 3))
SPEAKERS = np.array([f"s{i // 3}" for i in range(30)])


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_a_column_is_taken_out_of_the_table(tmp_path, suffix):
    table = pd.DataFrame(POINTS, columns=list("abc"))
    table.insert(1, "speaker", SPEAKERS)
    path = tmp_path / f"points{suffix}"
    if suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    array, labels = read_labelled(path, "speaker")
    np.testing.assert_allclose(array, POINTS, rtol=1e-12)
    assert labels.tolist() == SPEAKERS.tolist()
    with pytest.raises(InputError, match="its columns are a, speaker, b, c"):
        read_labelled(path, "talker")


@pytest.mark.parametrize("suffix", [".npy", ".csv", ".parquet", ".txt"])
def test_a_file_of_labels_has_one_for_each_row(tmp_path, suffix):
    np.save(tmp_path / "points.npy", POINTS)
    path = tmp_path / f"labels{suffix}"
    table = pd.DataFrame({"speaker": SPEAKERS})
    if suffix == ".npy":
        np.save(path, SPEAKERS)
    elif suffix == ".csv":
        table.to_csv(path, index=False)
    elif suffix == ".parquet":
        table.to_parquet(path)
    else:
        path.write_text("\n".join(SPEAKERS))
    array, labels = read_labelled(tmp_path / "points.npy", str(path))
    np.testing.assert_array_equal(array, POINTS)
    assert labels.tolist() == SPEAKERS.tolist()


def test_files_that_hold_no_labels_are_refused(tmp_path):
    np.save(tmp_path / "points.npy", POINTS)
    with pytest.raises(InputError, match="has 3 columns: give a file with the labels alone"):
        read_labelled(tmp_path / "points.npy", str(tmp_path / "points.npy"))
    (tmp_path / "labels.docx").write_text("a")
    with pytest.raises(InputError, match=r"labels are read from \.npy, \.txt"):
        read_labelled(tmp_path / "points.npy", str(tmp_path / "labels.docx"))


class TestCommandLine:
    @pytest.fixture
    def views(self, tmp_path):
        draw = np.random.default_rng(0)
        x = np.repeat(draw.random((200, 3)), 4, axis=0) + 1e-3 * draw.normal(size=(800, 3))
        table = pd.DataFrame(x, columns=list("abc")).assign(item=np.repeat(np.arange(200), 4))
        table.to_csv(tmp_path / "views.csv", index=False)
        return str(tmp_path / "views.csv")

    def test_groups_stand_beside_the_number_of_points(self, views, capsys):
        assert run(["estimate", views, "--groups", "item"]) == 0
        out, err = capsys.readouterr()
        assert "200 in 200 groups" in out
        assert "600 of 800 points were set aside" in err
        assert run(["estimate", views, "--groups", "item", "--json"]) == 0
        (estimate,) = json.loads(capsys.readouterr().out)["estimates"]
        assert estimate["n_groups"] == 200
        assert estimate["interval"][0] < 3 < estimate["interval"][1]

    def test_a_scale_curve_takes_a_window(self, views, capsys):
        assert run(["scale", views, "--window", "8"]) == 0
        assert "groups)" in capsys.readouterr().out

    def test_groups_and_a_window_are_one_too_many(self, views, capsys):
        assert run(["estimate", views, "--groups", "item", "--window", "3"]) == 2
        assert "give one of them" in capsys.readouterr().err
