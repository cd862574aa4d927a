"""The recipe on curvature: what it measures, and each outcome of its claims."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dimscope.estimators import TwoNN
from dimscope.neighbors import NeighborGraph
from dimscope.studies import get_recipe, run_recipe
from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini import curvature_runs, imagenet, linearised
from dimscope.studies.recipes.ansuini.curvature import claims, figures, summary
from dimscope.studies.recipes.ansuini.imagenet import subsets_of

NAME = "ansuini/curvature"
ID = {True: (30.0, 80.0, 70.0, 25.0, 15.0), False: (30.0, 33.0, 34.0, 32.0, 31.0)}
PC = {True: (190, 390, 380, 220, 40), False: (190, 340, 330, 230, 140)}


ONE_LOW = {True: (190, 390, 380, 50, 40), False: (190, 340, 330, 50, 140)}


def layers_of(dimensions=ID, components=PC, n_classes=4):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "part": "layers", "net": "a", "trained": trained, "subset": subset, "layer": f"l{i}",
            "depth": i / 4, "units": 1000, "mean": dimensions[trained][i] * rng.uniform(0.98, 1.02),
            "std": 1.0, "pc_count": components[trained][i] + rng.integers(3),
        }
        for trained in (True, False)
        for subset in subsets_of(n_classes)
        for i in range(5)
    )  # fmt: skip


def last_of(data=20.0, right=(60.0, 90.0), published=(90.0, 180.0), n_blocks=4):
    """Values at 500 and at 2,000 images."""
    rng = np.random.default_rng(0)
    draws = {"data": (data, data), "right": right, "as published": published}
    return pd.DataFrame(
        {
            "part": "last hidden", "net": "a", "n": n, "block": block, "draw": draw,
            "value": values[at] * rng.uniform(0.99, 1.01), "stderr": 1.0,
        }
        for at, n in enumerate((500, 2000))
        for block in range(n_blocks)
        for draw, values in (draws | {"right, standardised": right}).items()
    )  # fmt: skip


def published_of(wide=195.0):
    return pd.DataFrame(
        {"part": "published", "net": "VGG-16, published", "n": 2016, "draw": draw, "value": value}
        for draw, mean in (("right", 94.0), ("as published", wide))
        for value in (mean - 1, mean, mean + 1)
    )


def judged_of(layers=None, last=None, published=None):
    parts = (
        layers_of() if layers is None else layers,
        last_of() if last is None else last,
        published_of() if published is None else published,
    )
    return claims(pd.concat(parts))


def test_what_the_paper_found_is_reproduced():
    found = judged_of()
    assert [claim.outcome for claim in found] == ["reproduced"] * 6
    assert [claim.number for claim in found] == [4, 4, 5, 5, None, 5]


@pytest.mark.parametrize(
    ("which", "parts"),
    [
        (0, {"layers": layers_of(components=ONE_LOW)}),
        (1, {"layers": layers_of(components={True: PC[True], False: (190, 90, 80, 220, 140)})}),
        (2, {"last": last_of(right=(18.0, 19.0))}),
        (3, {"last": last_of(right=(90.0, 60.0))}),
        (4, {"last": last_of(published=(50.0, 80.0))}),
        (5, {"published": published_of(wide=140.0)}),
    ],
)
def test_each_claim_can_fail(which, parts):
    outcomes = [claim.outcome for claim in judged_of(**parts)]
    assert outcomes.pop(which) == "not reproduced"
    assert set(outcomes) == {"reproduced"}


def test_too_few_classes_or_blocks_decide_nothing():
    found = judged_of(layers=layers_of(n_classes=2), last=last_of(n_blocks=2))
    assert {claim.outcome for claim in found[:5]} == {"cannot tell"}


def test_a_quick_run_can_be_judged_and_drawn(small_images, tmp_path, monkeypatch):
    monkeypatch.setattr(curvature_runs, "_N_VGG", 2)
    monkeypatch.setattr(imagenet, "_MEMORY", 0)  # all layers on disk
    options = {"nets": "ours", "n_images": 40, "n_last_hidden": 60, "n_workers": 1}
    frame = run_recipe(NAME, tmp_path, n_classes=2, **options)
    recipe = get_recipe(NAME)
    found = recipe.judge(frame, "quick")
    assert [claim.outcome for claim in found[:5]] == ["not judged"] * 5
    assert found[5].outcome != "not judged"  # nothing in it is trained here
    assert list(recipe.figures(frame)) == ["pc_id_ours", "surrogate_ours", "spectrum_ours"]
    for draw in recipe.figures(frame).values():
        draw()
    assert list(recipe.summary(frame)) == ["input", "peak", "last hidden", "last"]
    assert set(frame[frame["draw"].notna()]["draw"]) == set(linearised.DRAWS)


def test_nothing_measured_is_no_figure():
    gone = pd.DataFrame([{"part": "layers", "net": "b", "problem": "no weights"}])
    frame = pd.concat([gone, published_of()])
    assert not figures(frame)
    assert summary(frame).empty
    assert {claim.outcome for claim in claims(frame)[:5]} == {"cannot tell"}


def test_units_are_standardised_and_dead_ones_stay_zero(monkeypatch):
    monkeypatch.setattr(linearised, "_COLUMNS", 2)
    values = np.random.default_rng(0).normal(3, [1, 5, 0, 2, 9], (50, 5)).astype(np.float32)
    found = linearised.standardised(values)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.std(axis=0), [1, 1, 0, 1, 1], atol=1e-6)


def test_singular_values_and_pc_id_are_those_of_an_svd(small_images):
    layer = np.random.default_rng(0).normal(size=(60, 12)) * np.arange(1, 13)
    rows = curvature_runs._spectrum(layer)
    expected = np.linalg.svd(linearised.standardised(layer), compute_uv=False)
    ranks = [row["rank"] for row in rows[:-1]]
    assert ranks == [r for r in published_figure("curvature_A")["ranks"] if r <= 12]
    np.testing.assert_allclose(
        [row["singular"] for row in rows[:-1]], expected[np.array(ranks) - 1], rtol=1e-5
    )
    held = np.cumsum(expected**2) / np.sum(expected**2)
    assert rows[-1]["pc_count"] == np.argmax(held > 0.9) + 1


def test_the_extended_spectrum_is_of_standardised_units():
    singular = linearised.vgg16_singular_values()
    assert len(singular) == linearised.N_OF_SPECTRUM - 1
    assert (np.diff(singular) < 0).all()
    assert np.square(singular).sum() == pytest.approx(2016 * 4096)


def test_small_samples_are_parts_of_large_blocks(monkeypatch):
    monkeypatch.setattr(curvature_runs, "_SIZES", (20, 40, 80))
    monkeypatch.setattr(curvature_runs, "_BLOCK", 40)
    layer = np.random.default_rng(0).normal(size=(120, 5))
    frame = pd.DataFrame(curvature_runs._against_n(layer))
    data = frame[frame["draw"] == "data"]
    assert list(zip(data["n"], data["block"], strict=True)) == [
        (20, 0), (20, 1), (20, 2), (40, 0), (40, 1), (40, 2), (80, 0),
    ]  # fmt: skip
    second = TwoNN().estimate(NeighborGraph.from_points(layer[40:60], 2)).value
    assert data.iloc[1]["value"] == pytest.approx(second, rel=1e-5)
