"""Two phases through depth: verdicts on made-up profiles, the closed form, and a tiny run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies import get_recipe, run_recipe
from dimscope.studies.recipes.recanatesi import expansion_compression, relu_features, two_phases
from dimscope.studies.recipes.recanatesi.depth_profiles import BEFORE_RELU, LAYERS, METHODS, TITLES
from dimscope.studies.recipes.recanatesi.relu_features import LIMIT, WIDTHS, expected_factor
from dimscope.studies.training import Samples

NAME = "recanatesi/expansion_compression"


def hump(n):
    """A rise to twice the value at the third layer, then a fall."""
    return 10 * np.exp(np.interp(np.arange(n), [0, 2, n - 2, n - 1], [0, np.log(2), -1, -1.2]))


def fall(n):
    """No rise at all."""
    return 10 * np.exp(-np.linspace(0, 1.5, n))


def made_up(trained=hump, untrained=lambda n: np.full(n, 10.0), *, method=None, n_seeds=3):
    """Profiles of both networks; ``trained`` may stand for one method only."""
    rng = np.random.default_rng(0)
    rows = []
    for network, layers in LAYERS.items():
        for seed in range(n_seeds):
            for state, curve in (("trained", trained), ("untrained", untrained)):
                for name in METHODS:
                    shape = hump if state == "trained" and method not in (None, name) else curve
                    values = shape(len(layers)) * np.exp(0.01 * rng.normal(size=len(layers)))
                    by_layer = dict(zip(layers, values, strict=True))
                    by_layer |= {
                        before: by_layer[f"fc_relu{before[2:]}"] * (0.9 + 0.01 * rng.random())
                        for before in BEFORE_RELU[network]
                    }
                    rows += [
                        {"part": "network", "network": network, "seed": seed, "state": state,
                         "layer": layer, name: value}
                        for layer, value in by_layer.items()
                    ]  # fmt: skip
    keys = ["part", "network", "seed", "state", "layer"]
    networks = pd.DataFrame(rows).groupby(keys, as_index=False).first()
    return pd.concat([networks, gaussians()])


def gaussians(factor=1.0, n_draws=3):
    rows = []
    for dimension in (10, 40, 160):
        for seed in range(n_draws):
            noise = 1 + 0.001 * (seed - 1)
            for width in WIDTHS:
                row = {"part": "relu", "dimension": dimension, "seed": seed, "width": width}
                row["factor_of_width"] = factor * expected_factor(dimension, width) * noise
                row["factor"] = factor * expected_factor(dimension) * noise
                if width == max(WIDTHS):
                    row |= {"two_nn_before": 9.0, "two_nn_after": 9.5 * noise}
                rows.append(row)
    return pd.DataFrame(rows)


def outcomes(frame):
    return {claim.statement: claim.outcome for claim in get_recipe(NAME).claims(frame)}


def of(frame, *parts):
    found = [v for k, v in outcomes(frame).items() if all(part in k for part in parts)]
    assert len(found) == 1, parts
    return found[0]


def test_a_hump_of_all_estimators_is_reproduced():
    assert set(outcomes(made_up()).values()) == {"reproduced"}


def test_a_network_that_only_falls_does_not_expand():
    frame = made_up(fall)
    assert of(frame, "dense net, F", "TwoNN: expansion") == "not reproduced"
    assert of(frame, "dense net, F", "TwoNN: compression") == "reproduced"
    assert of(frame, "a dense net and a ResNet") == "not reproduced"


def test_what_the_untrained_network_does_too_is_no_effect_of_training():
    frame = made_up(untrained=lambda n: hump(n) ** 1.2)
    assert of(frame, "ResNet-14", "TwoNN: expansion") == "not reproduced"
    assert of(frame, "ResNet-14", "TwoNN: compression") == "not reproduced"


def test_an_estimator_that_disagrees_is_named():
    frame = made_up(fall, method="geodesic")
    assert of(frame, "dense net, F", "geodesic dimension: expansion") == "not reproduced"
    assert of(frame, "dense net, F", "TwoNN: expansion") == "reproduced"
    claims = get_recipe(NAME).claims(frame)
    assert claims[0].statement.startswith("a dense net and a ResNet")
    assert "the geodesic dimension expansion no, compression" in claims[0].ours


def test_an_unknown_value_cannot_be_told():
    frame = made_up()
    frame.loc[frame["layer"] == "input", "geodesic"] = np.nan
    assert of(frame, "ResNet-14", "geodesic dimension: expansion") == "cannot tell"
    assert of(frame, "a dense net and a ResNet") == "cannot tell"


def test_an_estimator_without_any_value_cannot_be_told():
    frame = made_up().assign(geodesic=None)
    assert of(frame, "ResNet-14", "geodesic dimension: compression") == "cannot tell"
    assert (get_recipe(NAME).summary(frame)["geodesic dimension"] == "- / -").all()


def test_another_factor_is_not_reproduced():
    frame = pd.concat([made_up().query("part == 'network'"), gaussians(1.05)])
    assert of(frame, "for d without bound") == "not reproduced"
    assert of(frame, "by the closed form, d = 10 to 160") == "not reproduced"


def test_closed_form_is_the_covariance_of_relus():
    """Two features at an angle, by simulation; all features, by averaging over random weights."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200_000, 2))
    rho = 0.6
    pair = np.maximum(x @ np.array([[1.0, rho], [0.0, np.sqrt(1 - rho**2)]]), 0)
    assert np.cov(pair.T)[0, 1] == pytest.approx(relu_features.covariance(rho), abs=3e-3)
    angles = stats.ortho_group.rvs(6, size=2000, random_state=0)[:, 0, 0]
    squares = np.mean([relu_features.covariance(rho) ** 2 for rho in angles])
    assert expected_factor(6) == pytest.approx(
        relu_features.covariance(1.0) ** 2 / (6 * squares), rel=0.08
    )


def test_closed_form_has_its_limit():
    assert expected_factor(10**6) == pytest.approx(LIMIT, rel=1e-4)
    assert expected_factor(20, 10**7) == pytest.approx(expected_factor(20), rel=1e-4)
    assert expected_factor(160, 250) < 1 < expected_factor(160, 2000) < expected_factor(160)


@pytest.fixture
def few_images(monkeypatch):
    generator = torch.Generator().manual_seed(0)

    def load(name, split):
        n = 200 if split == "train" else 120
        shape = (3, 32, 32) if name == "cifar10" else (1, 28, 28)
        images = torch.randn((n, *shape), generator=generator)
        return Samples(images=images, labels=torch.arange(n) % 10)

    monkeypatch.setattr(two_phases, "load_samples", load)
    monkeypatch.setattr(two_phases, "_WIDTHS", (4, 8, 8))
    monkeypatch.setattr(expansion_compression, "DIMENSIONS", (5, 20))


def test_a_tiny_run(few_images, tmp_path):
    frame = run_recipe(
        NAME, tmp_path, n_seeds=1, dense_epochs=1, resnet_epochs=1, n_train=200, n_samples=100,
        n_draws=2, n_workers=1, progress=False,
    )  # fmt: skip
    networks = frame[frame["part"] == "network"]
    assert set(networks["state"]) == {"trained", "untrained"}
    n_layers = sum(map(len, LAYERS.values())) + len(BEFORE_RELU["dense_net"])
    assert len(networks) == 2 * n_layers
    assert networks[["two_nn", "participation_ratio", "test_accuracy"]].notna().all(axis=None)
    before, after = (
        networks[(networks["layer"] == "input") & (networks["state"] == state)]["two_nn"].tolist()
        for state in ("untrained", "trained")
    )
    assert before == after
    recipe = get_recipe(NAME)
    judged = [claim for claim in recipe.judge(frame, "quick") if claim.outcome != "not judged"]
    assert [claim.any_budget for claim in judged] == [True] * 4
    assert len(recipe.summary(frame)) == sum(map(len, LAYERS.values()))
    assert set(recipe.figures(frame)) == {"dense-net", "resnet", "relu"}
    assert set(TITLES) == set(METHODS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_draws": 0}, "n_draws=0 must be at least 1"),
        ({"n_samples": 20_000}, "n_samples=20000 must be within 100 and 10,000"),
        ({"n_train": 500}, "n_train=500 within n_samples and 50,000"),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        run_recipe(NAME, tmp_path, **options)
