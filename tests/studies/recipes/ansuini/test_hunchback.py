"""The recipe on the hunchback: what it measures, and each outcome of its claims."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dimscope.errors import InputError, MissingDependencyError
from dimscope.studies import get_recipe, run_recipe
from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini import imagenet
from dimscope.studies.recipes.ansuini.hunchback import claims, figures, jobs, summary
from dimscope.studies.recipes.ansuini.imagenet import subsets_of

NAME = "ansuini/hunchback"
DEPTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
LIKE_PUBLISHED = (30.0, 90.0, 110.0, 75.0, 45.0, 25.0, 15.0)
STDS = (0.3, 5.0, 9.0, 3.0, 1.0, 0.4, 0.2)
FLAT = (30.0, 33.0, 34.0, 33.0, 32.0, 31.0, 31.5)


def frame_of(
    trained=LIKE_PUBLISHED, untrained=FLAT, *, net="a", units=5000, n_classes=7, stds=STDS
):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "net": net, "trained": is_trained, "subset": subset, "layer": f"l{i}",
            "depth": depth, "units": units, "mean": values[i] * np.exp(rng.normal(0, 0.02)),
            "std": stds[i], "n": 450, "hub": 0.05 + values[i] / 200,
        }
        for is_trained, values in ((True, trained), (False, untrained))
        for subset in subsets_of(n_classes)
        for i, depth in enumerate(DEPTHS)
    )  # fmt: skip


def outcomes(frame):
    return [claim.outcome for claim in claims(frame)]


def test_a_network_like_the_published_ones_shows_all():
    found = claims(frame_of())
    assert {claim.outcome for claim in found} == {"reproduced"}
    assert [claim.number for claim in found] == [1, 2, 2, 2, None]
    assert all(claim.n_seeds == 7 for claim in found)
    assert "to l2" in found[1].ours


def test_each_claim_can_fail():
    few_units = frame_of(units=100)
    assert outcomes(few_units) == ["not reproduced", *["reproduced"] * 4]
    falling = frame_of(trained=(110.0, 90.0, 80.0, 70.0, 45.0, 25.0, 15.0))
    assert outcomes(falling)[1] == "not reproduced"
    rising = frame_of(trained=(10.0, 12.0, 13.0, 20.0, 40.0, 80.0, 120.0))
    assert outcomes(rising)[1:3] == ["not reproduced"] * 2
    assert outcomes(frame_of(untrained=LIKE_PUBLISHED))[3] == "not reproduced"
    steady = frame_of(stds=(9.0, 1.0, 0.5, 1.0, 3.0, 9.0, 9.0))
    assert outcomes(steady)[4] == "not reproduced"


def test_two_classes_decide_nothing():
    assert set(outcomes(frame_of(n_classes=2))) == {"cannot tell"}


def test_where_networks_disagree_it_is_said():
    both = pd.concat([frame_of(), frame_of(net="b", trained=(110.0, *LIKE_PUBLISHED[1:]))])
    claim = claims(both)[1]
    assert claim.outcome == "cannot tell"
    assert claim.why.startswith("it holds in a; ")
    assert " b" in claim.why


def test_a_network_that_was_left_out_is_named():
    gone = pd.DataFrame([{"net": "b", "trained": True, "subset": "cat", "problem": "no weights"}])
    found = claims(pd.concat([frame_of(), gone]))
    assert found[0].outcome == "reproduced"
    assert found[0].ours.endswith("left out, as the record explains: b")
    assert {claim.outcome for claim in claims(gone)} == {"cannot tell"}
    assert summary(gone).empty
    assert not figures(gone)


def test_the_order_is_that_of_the_published_curves():
    published = published_figure("hunchbacks_B")["values"]
    del published["alexnet"]
    at_depths = [np.interp(DEPTHS, net["relative_depth"], net["id"]) for net in published.values()]
    ours = tuple(np.mean(at_depths, axis=0))
    assert "Spearman 1.00" in claims(frame_of(trained=ours))[2].ours


@pytest.mark.parametrize("memory", [0, 2**30])
def test_a_run_measures_every_checkpoint_of_every_subset(
    small_images, monkeypatch, tmp_path, memory
):
    """In memory and on disk."""
    monkeypatch.setattr(imagenet, "_MEMORY", memory)
    options = {"nets": "ours", "n_classes": 2, "n_images": 40, "n_workers": 1}
    frame = run_recipe(NAME, tmp_path, **options)
    checkpoints = ["input", "pool1", "pool2", "fc_relu1", "fc2"]
    assert list(frame["layer"]) == 2 * 3 * checkpoints
    assert set(frame["n"]) == {35}
    assert frame["hub"].between(1 / 40, 1).all()
    untrained = frame[~frame["trained"] & (frame["layer"] == "fc2")]["mean"].to_numpy()
    trained = frame[frame["trained"] & (frame["layer"] == "fc2")]["mean"].to_numpy()
    assert (untrained != trained).all()
    recipe = get_recipe(NAME)
    assert len(recipe.judge(frame, "quick")) == 5
    assert list(recipe.summary(frame).index) == ["ours", "ours, untrained"]
    assert list(recipe.figures(frame)) == ["hunchback", "hunchback_ours"]
    for draw in recipe.figures(frame).values():
        assert draw().get_title(loc="left") or draw().get_title()


def test_a_network_without_its_package_is_a_row(monkeypatch, tmp_path):
    def missing(net, *, trained):
        raise MissingDependencyError(f"{net} needs its package")

    monkeypatch.setattr(imagenet, "load_net", missing)
    frame = run_recipe(NAME, tmp_path, nets="b", n_classes=1, n_workers=1)
    assert set(frame["problem"]) == {"b needs its package"}
    lines = (tmp_path / "runs.jsonl").read_text().splitlines()
    assert len(json.loads(lines[1])["rows"]) == 1


def test_jobs_are_the_same_wherever_they_are_listed():
    settings = get_recipe(NAME).settings()
    listed = jobs(**settings)
    assert len(listed) == 5 * 2 * 8
    assert len({json.dumps(job, sort_keys=True) for job in listed}) == len(listed)
    with pytest.raises(InputError, match="n_classes=9"):
        jobs(**settings | {"n_classes": 9})
