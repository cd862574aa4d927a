"""The recipe on inputs of known dimension: what its verdicts follow from, and a small run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import get_recipe, run_recipe, training
from dimscope.studies.recipes.critique import known_dimension
from dimscope.studies.training import Samples

NAME = "critique/known_dimension"


def made_up(*, ranks=(8, 8, 6), control=(9.0, 9.1, 6.0), holds=(False, False)):
    """Two seeds of one network with three layers."""
    rows = []
    for seed in (0, 1):
        of = {"subject": "mnist", "is_trained": True, "seed": seed}
        for place, layer in enumerate(["input", "conv1", "fc2"]):
            at = of | {"layer": layer, "place": place}
            control_at = at | {"sample": "smooth_d8_matched"}
            rows += [
                at | {"sample": "data", "method": "two_nn", "value": 12.0 - place, "stderr": 0.4},
                control_at | {"method": "two_nn", "value": control[place], "stderr": 0.3},
                control_at | {"method": "tangent_rank", "value": ranks[place], "stderr": 0.0},
            ]
        for rule in known_dimension._RULES:
            rows.append(of | {"rule": rule, "statement": "TwoNN falls.", "holds": holds[seed]})
    return pd.DataFrame(rows)


def outcomes(frame):
    return [claim.outcome for claim in known_dimension.claims(frame)]


def test_a_rank_that_rises_would_contradict_the_theorem():
    assert outcomes(made_up())[0] == "reproduced"
    assert outcomes(made_up(ranks=(8, 9, 6)))[0] == "not reproduced"
    frame = made_up()
    assert outcomes(frame[frame["method"] != "tangent_rank"])[0] == "cannot tell"


def test_controls_that_rise_show_the_artefact():
    assert outcomes(made_up())[1] == "cannot tell"
    assert outcomes(made_up(control=(9.0, 14.0, 6.0)))[1] == "reproduced"
    frame = made_up()
    assert outcomes(frame[frame["sample"] != "smooth_d8_matched"])[1] == "cannot tell"


@pytest.mark.parametrize(
    ("holds", "outcome"),
    [
        ((False, False), "reproduced"),
        ((True, True), "not reproduced"),
        ((True, False), "cannot tell"),
        ((True, None), "cannot tell"),
    ],
)
def test_seeds_must_agree_on_what_is_beyond_the_controls(holds, outcome):
    assert outcomes(made_up(holds=holds))[2:] == [outcome, outcome]


def test_summary_and_figures():
    recipe = get_recipe(NAME)
    table = recipe.summary(made_up())
    assert table.loc["mnist, trained: data", "highest"] == "12 (input)"
    (draw,) = recipe.figures(made_up()).values()
    assert len(draw().containers) == 2


def test_a_small_run(tmp_path, monkeypatch):
    rng = torch.Generator().manual_seed(0)
    basis = torch.randn((6, 28 * 28), generator=rng)

    def load(name, split):
        coordinates = torch.rand((256, 6), generator=rng)
        images = torch.sin(3 * coordinates @ basis / 6).reshape(-1, 1, 28, 28)
        return Samples(images=images, labels=(coordinates[:, 0] > 0.5).long())

    monkeypatch.setattr(training, "load_samples", load)
    jobs = known_dimension.jobs
    recipe = replace(get_recipe(NAME), jobs=lambda **settings: jobs(**settings)[:1])
    monkeypatch.setattr("dimscope.studies.registry.get_recipe", lambda _: recipe)
    options = {"budget": "quick", "n_samples": 100, "n_train": 64, "n_workers": 1}
    frame = run_recipe(NAME, tmp_path, **options)
    read = frame[(frame["method"] == "two_nn") & (frame["sample"] == "data")]
    assert list(read["layer"])[:7] == list(known_dimension.SUBJECTS["mnist"].layers)
    assert np.isfinite(read["value"]).all()
    judged = get_recipe(NAME).judge(frame, "quick")
    assert {claim.number for claim in judged} == {16}
    assert [claim.outcome for claim in judged][2:] == ["not judged"] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [({"subjects": "gpt"}, "choose all or mnist"), ({"n_samples": 5}, "n_samples=5 100"),
     ({"n_seeds": 0}, "at least 1")],
)  # fmt: skip
def test_bad_options(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        run_recipe(NAME, tmp_path, **options)
