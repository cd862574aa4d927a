"""The recipe on the last hidden layer: its networks, a tiny run, and its verdicts."""

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import get_recipe, run_recipe, training
from dimscope.studies.recipes.ansuini import last_hidden_nets
from dimscope.studies.recipes.ansuini.checkpoints import last_hidden
from dimscope.studies.recipes.ansuini.last_hidden_claims import (
    id_claims,
    networks,
    other_claims,
    published_claims,
    published_table,
)

RECIPE = get_recipe("ansuini/last_hidden")
MEASURED = (
    "n_parameters", "n_units", "training_loss", "training_accuracy", "test_loss", "test_accuracy",
    "id", "id_std", "id_stderr", "mst_dimension", "participation_ratio", "rankme", "alpha_req",
    "output_participation_ratio",
)  # fmt: skip


def made_up(slope=20.0, *, budget="standard", seed=0, **columns):
    """Runs whose ID and MST dimension rise by ``slope`` for each unit of test error."""
    frame = pd.DataFrame(RECIPE.jobs(**RECIPE.settings(budget)))
    rng = np.random.default_rng(seed)
    error = rng.uniform(0.1, 0.4, len(frame))
    drawn = {name: rng.uniform(1, 2, len(frame)) for name in MEASURED}
    dimension = 10 + slope * error + 0.3 * rng.normal(size=len(frame))
    known = {"test_accuracy": 1 - error, "id": dimension, "mst_dimension": 0.8 * dimension}
    return frame.assign(**drawn | known | {k: make(error, rng) for k, make in columns.items()})


def outcomes(claims, *words):
    """The outcomes of claims whose statement has all the words."""
    return [c.outcome for c in claims if all(word in c.statement for word in words)]


class TestNetworks:
    def test_at_least_twelve_on_each_data_set_and_no_seed_twice(self):
        jobs = pd.DataFrame(RECIPE.jobs(**RECIPE.settings()))
        assert (jobs.groupby("data").size() >= 12).all()
        assert jobs["seed"].is_unique

    @pytest.mark.parametrize("nets", ["standard", "large"])
    def test_each_differs_from_its_reference_in_one_respect(self, nets):
        jobs = pd.DataFrame(RECIPE.jobs(**RECIPE.settings(nets=nets, data="cifar10")))
        assert not jobs.drop(columns="seed").duplicated().any()
        shape = {"widths", "depth"}
        for _, family in jobs.groupby("family"):
            reference = family[family["varied"] == "nothing"].iloc[0]
            for _, net in family[family["varied"] != "nothing"].iterrows():
                own = {"architecture": shape}.get(net["varied"], {net["varied"]})
                other = (shape | {"epochs", "weight_decay"}) - own
                assert all(net[name] == reference[name] for name in other)
                assert any(net[name] != reference[name] for name in own)

    @pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28)])
    @pytest.mark.parametrize("nets", list(last_hidden_nets.NETS))
    def test_last_hidden_layers_of_a_family_are_equally_wide(self, nets, shape):
        widths = {"vgg": set(), "resnet": set()}
        for net in last_hidden_nets.NETS[nets]:
            how = {name: net.arguments[name] for name in ("family", "widths", "depth")}
            with torch.device("meta"):
                model = last_hidden_nets.built(**how, shape=shape, seed=0)
            readout = last_hidden(model).removesuffix(":input")
            widths[net.family].add(model.get_submodule(readout).in_features)
        assert widths == {"vgg": {128}, "resnet": {512 if nets == "large" else 64}}

    def test_seeds_of_a_network_are_averaged(self):
        jobs = pd.DataFrame(RECIPE.jobs(**RECIPE.settings(n_seeds=3, data="cifar10")))
        runs = jobs.assign(**dict.fromkeys(MEASURED, 1.0)).assign(id=jobs["seed"] // 10_000)
        assert jobs["seed"].is_unique
        assert len(networks(runs)) == len(jobs) / 3
        assert set(networks(runs)["id"]) == {1.0}

    @pytest.mark.parametrize(
        "bad",
        [{"nets": "many"}, {"data": "svhn"}, {"n_train": 10}, {"n_samples": 99}, {"n_seeds": 0}],
    )
    def test_bad_options(self, bad):
        with pytest.raises(InputError, match=str(next(iter(bad.values())))):
            RECIPE.jobs(**RECIPE.settings(**bad))


class TestRun:
    @pytest.fixture
    def pictures(self, monkeypatch):
        def load(name, split):
            generator = torch.Generator().manual_seed(len(split))
            images = torch.randn(256, 1, 28, 28, generator=generator)
            return training.Samples(images=images, labels=torch.arange(256) % 10)

        monkeypatch.setattr(training, "load_samples", load)
        last_hidden_nets.samples_on.cache_clear()
        yield
        last_hidden_nets.samples_on.cache_clear()

    def test_a_tiny_one_has_all_quantities_and_is_not_judged(self, pictures, tmp_path):
        sizes = {"n_train": 256, "n_samples": 200}
        frame = run_recipe(
            "ansuini/last_hidden", tmp_path, budget="quick", n_workers=1, progress=False, **sizes
        )
        assert len(frame) == 4
        assert set(frame["n_units"]) == {64, 128}
        assert frame[list(MEASURED)].notna().all(axis=None)
        assert (frame["id"] < frame["n_units"]).all()
        known = {claim.statement for claim in published_claims()}
        ours = [c for c in RECIPE.judge(frame, "quick") if c.statement not in known]
        assert {claim.outcome for claim in ours} == {"not judged"}
        assert list(RECIPE.summary(frame).loc["networks"]) == ["4", "4"]
        for draw in RECIPE.figures(frame).values():
            assert draw().get_ylabel()

    def test_a_layer_of_equal_rows_has_no_dimension(self, pictures, monkeypatch):
        def dead(model, images):
            return np.ones((len(images), 64), np.float32), np.ones((len(images), 10), np.float32)

        monkeypatch.setattr(last_hidden_nets, "last_layers", dead)
        job = RECIPE.jobs(**RECIPE.settings("quick", n_train=256, n_samples=200))[0]
        (row,) = last_hidden_nets.train_and_measure(**job)
        unknown = {name for name, value in row.items() if value is None}
        assert unknown == set(MEASURED[MEASURED.index("id") :])


class TestVerdicts:
    def test_the_published_table_gives_the_published_r(self):
        claims = [claim.at_budget("quick") for claim in published_claims()]
        assert {claim.outcome for claim in claims} == {"reproduced"}
        assert claims[0].ours == "r = 0.943, 0.995 inside the ResNets; without alexnet 0.876"
        table = published_table()
        assert table["kin"].value_counts().to_dict() == {
            "ResNet": 5, "VGG": 4, "VGG, batch norm": 4, "AlexNet": 1,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("slope", "outcome"), [(20.0, "reproduced"), (-20.0, "not reproduced")]
    )
    def test_the_sign_is_judged_on_each_data_set(self, slope, outcome):
        nets = networks(made_up(slope))
        claims = id_claims(nets)
        for data in ("cifar10", "fashion_mnist"):
            assert outcomes(claims, data, "however trained") == [outcome]
            assert outcomes(claims, data, "lower bound") == [outcome]
        assert outcomes(claims, "within families of networks trained alike") == [outcome]
        assert outcomes(other_claims(nets), "smaller MST dimension") == [outcome]

    def test_data_sets_are_never_pooled_uncentred(self):
        frame = made_up(0.0)
        frame.loc[frame["data"] == "cifar10", ["id", "mst_dimension"]] += 10
        frame.loc[frame["data"] == "cifar10", "test_accuracy"] -= 0.5
        nets = networks(frame)
        claims = id_claims(nets)
        assert outcomes(claims, "lower bound") == ["not reproduced"] * 2
        assert set(outcomes(claims, "a larger ID")) == {"cannot tell"}
        assert outcomes(other_claims(nets), "smaller MST dimension") == ["cannot tell"]

    def test_a_dimension_that_only_follows_training_accuracy_is_seen(self):
        def accuracy(error, rng):
            return 1 - error + 0.02 * rng.normal(size=len(error))

        frame = made_up(training_accuracy=accuracy)
        rng = np.random.default_rng(1)
        frame["id"] = 10 - 20 * frame["training_accuracy"] + 0.1 * rng.normal(size=len(frame))
        claims = id_claims(networks(frame))
        assert outcomes(claims, "however trained") == ["reproduced"] * 2
        assert "reproduced" not in outcomes(claims, "equal training accuracy")

    def test_size_is_held_fixed_for_the_output(self):
        rng = np.random.default_rng(2)
        frame = made_up(n_parameters=lambda error, _: np.exp(12 - 5 * error))
        log_size = np.log(frame["n_parameters"])
        frame["output_participation_ratio"] = log_size + 0.01 * rng.normal(size=len(frame))
        says = "participation ratio of the output"
        assert outcomes(other_claims(networks(frame)), says) == ["cannot tell"]
        frame["n_parameters"] = rng.uniform(1e4, 1e5, len(frame))
        assert outcomes(other_claims(networks(frame)), says) == ["reproduced"]

    def test_networks_without_a_value_are_left_out(self):
        frame = made_up(budget="quick")
        frame.loc[frame.index[0], "id"] = None
        claims = id_claims(networks(frame))
        assert claims[0].n_seeds == len(frame) - 1
        assert "3 networks" in claims[0].why
        frame["id"] = None
        assert set(outcomes(id_claims(networks(frame)))) == {"cannot tell"}
