"""The bias of the participation ratio: the runs on Gaussian data, and the verdicts."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import run_recipe
from dimscope.studies.recipes.since import pr_samples
from dimscope.studies.recipes.since.pr_bias import claims, figures, jobs, summary
from dimscope.studies.recipes.since.pr_samples import LAYERS, SIZES, sample_sizes
from dimscope.studies.training import Samples


@pytest.mark.statistical
def test_gaussian_data_are_biased_as_predicted():
    rows = sample_sizes(network="gaussian", seed=0, n_train=0, n_samples=800)
    assert [row["p"] for row in rows] == [25, 50, 100, 200, 400]
    for row in rows:
        predicted = 1 + row["all"] / row["p"]
        assert row["naive"] == pytest.approx(predicted, rel=0.06)
        assert row["rows"] == pytest.approx(1.0, abs=0.06)
    assert all(row["step"] > 0 for row in rows[:-1])
    assert rows[-1]["half_rows"] > 1.1
    assert rows[-1]["half_columns"] == pytest.approx(1.0, abs=0.05)


def made_up(*, corrected: float = 1.0, half: float = 1.02) -> pd.DataFrame:
    rows = []
    for job in jobs(n_seeds=3, n_train=1, n_samples=5000):
        for layer in LAYERS[job["network"]]:
            for p in SIZES:
                row = {"layer": layer, "p": p, "all": 10.0, "naive": 1 + 10 / p, "rows": corrected}
                row |= {"naive_error": 0.01, "rows_error": 0.01}
                if p < SIZES[-1]:
                    row |= {"step": 5 / p, "step_error": 0.001}
                else:
                    row |= {"half_rows": 1.05, "half_columns": half, "half_columns_error": 0.01}
                rows.append(dict(job) | row)
    return pd.DataFrame(rows)


def outcomes(frame: pd.DataFrame) -> list[str]:
    return [claim.outcome for claim in claims(frame)]


def test_claims_reach_every_outcome():
    assert outcomes(made_up()) == ["reproduced"] * 8
    found = outcomes(made_up(corrected=1.3, half=1.2))
    assert found == [
        "reproduced", *["not reproduced"] * 2, *["reproduced"] * 2, *["not reproduced"] * 3
    ]  # fmt: skip
    assert outcomes(made_up(corrected=1.09))[1] == "cannot tell"


def test_an_unknown_ratio_cannot_be_told():
    frame = made_up()
    frame.loc[frame["p"] == 25, "rows"] = None
    assert outcomes(frame)[1:3] == ["reproduced", "cannot tell"]


def test_a_tiny_run(tmp_path, monkeypatch):
    def few(name: str, split: str) -> Samples:
        generator = torch.Generator().manual_seed(0)
        images = torch.randn((800, 1, 28, 28), generator=generator)
        return Samples(images=images, labels=torch.arange(800) % 10)

    monkeypatch.setattr(pr_samples, "load_samples", few)
    monkeypatch.setattr(pr_samples, "_N_DRAWS", 2)
    monkeypatch.setattr(pr_samples, "SIZES", (25, 50))
    frame = run_recipe(
        "since/pr_bias", tmp_path, n_seeds=2, n_train=128, n_samples=400, n_workers=1
    )
    assert len(frame) == 2 * 2 * sum(len(layers) for layers in LAYERS.values())
    assert len(claims(frame)) == 8
    assert list(summary(frame)) == ["P = 25", "P = 50", "corrected, all"]
    assert set(figures(frame)) == {f"samples-{name}" for name in LAYERS}


@pytest.mark.parametrize("options", [{"n_seeds": 1}, {"n_samples": 300}])
def test_bad_options(tmp_path, options):
    with pytest.raises(InputError, match="at least"):
        run_recipe("since/pr_bias", tmp_path, **options)
