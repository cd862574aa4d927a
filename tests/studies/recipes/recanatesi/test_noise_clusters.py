"""The recipe on clusters: it goes on where it was, also where version 0.1 left it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from dimscope.errors import InputError
from dimscope.studies import get_recipe, run_recipe
from dimscope.studies.recipes.recanatesi.noise import linear_network
from dimscope.studies.recipes.recanatesi.noise_clusters import claims, conditions

NAME = "recanatesi/noise_clusters"
SHORT = {"n_seeds": 3, "training_time": 0.04, "n_workers": 1}
RECORD = Path(__file__).parents[3] / "saved" / "v0_1_0" / "study" / "runs.jsonl"
N_CONDITIONS = len({c for group in conditions().values() for c in group})


def test_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(linear_network, "_N_TICKS", 1)
    first = run_recipe(NAME, tmp_path, **SHORT)
    lines = (tmp_path / "runs.jsonl").read_text().splitlines(keepends=True)
    head = json.loads(lines[0])
    assert (head["recipe"], head["version"]) == (NAME, 1)
    (tmp_path / "runs.jsonl").write_text("".join(lines[:-3]) + lines[-3][:40])
    again = run_recipe(NAME, tmp_path, **SHORT)
    pd.testing.assert_frame_equal(again, first)
    assert len(first) == 3 * N_CONDITIONS * 2
    recipe = get_recipe(NAME)
    assert len(recipe.claims(first)) == 8
    summary = recipe.summary(first)
    assert summary.index.name == "condition, 3 seeds"
    assert len(summary) == N_CONDITIONS
    assert list(summary) == [
        "orthogonal_ratio", "feature_variance", "participation_ratio",
        "predicted_orthogonal_ratio",
    ]  # fmt: skip
    assert len(recipe.figures(first)) == 3 * 3


def test_goes_on_with_a_study_of_version_0_1(tmp_path, monkeypatch):
    """Its runs are read and not trained again."""
    trained = []

    def train(*, condition, seed, training_time):
        trained.append((condition, seed))
        return [{"time": 0.0, "orthogonal_ratio": -1.0}]

    monkeypatch.setattr(linear_network, "train_linear_network", train)
    shutil.copy(RECORD, tmp_path)
    frame = run_recipe(NAME, tmp_path, **SHORT)
    recorded = [json.loads(line)["rows"] for line in RECORD.read_text().splitlines()[1:]]
    assert len(trained) == 3 * N_CONDITIONS - len(recorded)
    read = frame[frame["orthogonal_ratio"] >= 0]
    ratios = [row["orthogonal_ratio"] for rows in recorded for row in rows]
    assert sorted(read["orthogonal_ratio"]) == sorted(ratios)
    run_recipe(NAME, tmp_path, **SHORT)
    assert len(trained) == 3 * N_CONDITIONS - len(recorded)


def test_another_recipe_refuses_its_folder(tmp_path):
    shutil.copy(RECORD, tmp_path)
    with pytest.raises(InputError, match=r"train_clusters.*version 0\.1\.0.*another folder"):
        run_recipe("recanatesi/noise_fashion", tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_seeds": 2}, "at least 3"),
        ({"training_time": 0.01}, r"at least 0\.04, 10 steps"),
        ({"training_time": float("inf")}, "and finite"),
        ({"n_workers": 0}, "at least 1"),
        ({"n_workers": -1}, "at least 1"),
        ({"device": "cuda"}, "no option device: it has n_seeds, training_time"),
        ({"n_seeds": 3.5}, r"n_seeds=3\.5 must be a whole number"),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        run_recipe(NAME, tmp_path, **options)


def test_missing_runs_are_named():
    frame = pd.DataFrame({"name": ["x"], "seed": [0], "time": [1.0], "orthogonal_ratio": [0.5]})
    with pytest.raises(InputError, match="no run of lr"):
        claims(frame)
