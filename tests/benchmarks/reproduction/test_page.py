"""The page of both papers: made of records, and the one in docs/ is what its records give."""

from __future__ import annotations

import json

import pytest

from benchmarks.reproduction import page
from dimscope.studies import RECIPES, get_recipe
from dimscope.studies.jobs import run_jobs
from dimscope.studies.literature import LITERATURE
from dimscope.studies.registry import identity

NAME = "critique/known_dimension"


def verdicts(**job):
    """What a run of the recipe records, without training."""
    of = {"sample": "smooth_d8_matched", "stderr": 0.1}
    rows = [
        of | {"layer": layer, "place": place, "method": method, "value": value}
        for method, values in {"two_nn": (9.0, 12.0), "tangent_rank": (8, 8)}.items()
        for place, (layer, value) in enumerate(zip(("input", "fc2"), values, strict=True))
    ]
    rules = ("rise_beyond_controls", "fall_beyond_controls")
    return rows + [{"rule": rule, "statement": "TwoNN falls.", "holds": False} for rule in rules]


@pytest.fixture
def records(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "RECORDS", tmp_path / "records")
    monkeypatch.setattr(page, "IMAGES", tmp_path / "images")
    return tmp_path / "records"


def record(folder, n_missing=0):
    recipe = get_recipe(NAME)
    settings = recipe.settings()
    jobs = recipe.jobs(**settings)
    run_jobs(
        jobs[: len(jobs) - n_missing], verdicts, folder / NAME, identity(recipe, settings),
        n_workers=1, progress=False,
    )  # fmt: skip
    return len(jobs)


def test_a_complete_record_is_judged_and_drawn(records):
    n_jobs = record(records)
    outcome = page.outcome_of(NAME)
    assert (outcome.n_done, outcome.n_jobs) == (n_jobs, n_jobs)
    text = page.written([outcome])
    assert "| 16 | A Lipschitz map cannot raise the true ID" in text
    assert "**reproduced**; others: " in text
    assert text.count("the run on this page is not complete") == len(LITERATURE) - 1 - 3
    assert "waits for the comparison of representations" in text
    page.draw([outcome])
    for line in text.splitlines():
        if line.startswith("!["):
            name = line.split("images/reproduction/")[1].rstrip(")")
            assert (page.IMAGES / name).stat().st_size > 5000


def test_a_record_with_runs_missing_is_not_judged(records):
    n_jobs = record(records, n_missing=3)
    outcome = page.outcome_of(NAME)
    assert not outcome.claims
    assert f"{n_jobs - 3} of {n_jobs} runs so far" in page.written([outcome])


def test_nothing_recorded(records):
    outcome = page.outcome_of(NAME)
    assert outcome.n_done == 0
    assert "0 of" in page.written([outcome])


def test_cells_keep_the_table_whole():
    assert page._cell("|r| < 1\nor so") == "\\|r\\| < 1 or so"


@pytest.mark.parametrize("name", RECIPES)
def test_every_record_in_docs_is_of_the_recipe_as_it_is(name):
    """Its settings are known, and its jobs are those that the recipe asks for."""
    folder = page.RECORDS / name
    if not (folder / "runs.jsonl").exists():
        pytest.skip("no run of it is published")
    head = json.loads((folder / "runs.jsonl").read_text().splitlines()[0])
    assert (head["recipe"], head["version"]) == (name, get_recipe(name).version)
    assert page.outcome_of(name).n_done > 0


def test_the_page_is_what_the_records_give():
    outcomes = [page.outcome_of(name) for name in RECIPES]
    assert page.PAGE.read_text("utf-8") == page.written(outcomes), "run `make reproduction`"
