"""Controls in a profile: further samples of the same tables, whatever the data and the network."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

import dimscope as ds
from dimscope.capture import Probe
from dimscope.controls import Control, InputFamily
from dimscope.errors import CaptureError, InputError
from dimscope.profiling import make_settings, measure_layer, plan, profile
from dimscope.profiling.run import profile_probe
from dimscope.results import Subject

N = 120
SIDE = 6
LAYERS = ["input", "2", "4"]
TANGENTS = {
    "tangent_rank",
    "tangent_participation_ratio",
    "tangent_log_volume",
    "tangent_largest_stretch",
    "tangent_smallest_stretch",
}


def small_net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(SIDE**2, 16), nn.Tanh(), nn.Linear(16, 10), nn.Tanh()
    )


def waves(dimension: int, name: str | None = None, shape=(1, SIDE, SIDE)) -> InputFamily:
    weights = torch.randn(
        dimension, SIDE**2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )

    def embed(u):
        return torch.sin(u @ weights.to(u.dtype)).reshape(-1, *shape)

    return InputFamily(name=name or f"waves_d{dimension}", dimension=dimension, embed=embed)


FAMILIES = [waves(2), waves(4)]


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return waves(8).sample(N, rng=7).float()


@pytest.fixture(scope="module")
def whole(images) -> ds.Profile:
    return profile(small_net(), images, controls=FAMILIES, label="net")


def of_sample(result: ds.Profile, sample: str) -> pd.DataFrame:
    return result.values[result.values["sample"] == sample].reset_index(drop=True)


class TestRows:
    def test_each_control_is_a_sample_of_the_same_tables(self, whole):
        values = whole.values
        assert list(dict.fromkeys(values["sample"])) == ["data", "waves_d2", "waves_d4"]
        for sample in ("waves_d2", "waves_d4"):
            own = of_sample(whole, sample)
            assert list(dict.fromkeys(own["layer"])) == LAYERS
            estimates = own[own["family"] != "other"]
            methods = {"two_nn", "gride"}
            assert set(estimates["method"]) == methods | {f"{name}_calibrated" for name in methods}
            assert (estimates["n_samples"] == N).all()
            assert set(whole.curves["sample"]) == {"data"}
        assert values.groupby("sample")["data"].nunique().eq(1).all()
        assert values["data"].nunique() == 3

    def test_its_layers_are_those_of_the_data(self, whole):
        by_data = [own.drop(columns="data") for _, own in whole.layers.groupby("data", sort=False)]
        assert len(by_data) == 3
        for other in by_data[1:]:
            pd.testing.assert_frame_equal(by_data[0], other.reset_index(drop=True))

    def test_its_values_are_those_of_its_activations(self, whole):
        with torch.no_grad():
            inputs = Control(family=FAMILIES[0]).inputs(N)
            by_hand = ds.estimate(small_net()[:3].eval()(inputs), "two_nn")
        own = of_sample(whole, "waves_d2")
        found = own[(own["layer"] == "2") & (own["method"] == "two_nn")]
        assert found["value"].item() == pytest.approx(by_hand.value, rel=1e-3)

    def test_the_true_dimension_of_every_layer_stands_beside_the_estimates(self, whole):
        for family in FAMILIES:
            own = of_sample(whole, family.name)
            tangents = own[own["family"] == "other"]
            assert set(tangents["method"]) == TANGENTS
            ranks = tangents[tangents["method"] == "tangent_rank"]
            assert ranks["layer"].tolist() == LAYERS
            assert (ranks["value"] == family.dimension).all()

    def test_the_provenance_says_how_each_was_made(self, whole):
        facts = whole.provenance["net"]
        assert [one["name"] for one in facts["controls_asked"]] == ["waves_d2", "waves_d4"]
        assert list(facts["controls"]) == ["waves_d2_0", "waves_d4_0"]
        assert facts["controls"]["waves_d4_0"]["dimension"] == 4
        assert facts["controls"]["waves_d4_0"]["n_samples"] == N
        assert facts["data_hash"][:12] == of_sample(whole, "data")["data"].iloc[0]

    def test_the_data_are_measured_as_without_controls(self, whole, images):
        plain = profile(small_net(), images, label="net")
        pd.testing.assert_frame_equal(plain.values, of_sample(whole, "data"))
        pd.testing.assert_frame_equal(plain.curves, whole.curves)
        assert not {"controls", "controls_asked"} & plain.provenance["net"].keys()

    def test_they_are_saved_and_come_back_as_flat_rows(self, whole, tmp_path):
        whole.save(tmp_path)
        pd.testing.assert_frame_equal(ds.Profile.load(tmp_path).values, whole.values)
        again = ds.Profile.from_frame(whole.to_frame(), whole.provenance).to_frame()
        keys = ["sample", "replicate", "layer_index", "method", "curve", "rank", "n_samples"]
        one, other = (f.sort_values(keys, ignore_index=True) for f in (whole.to_frame(), again))
        pd.testing.assert_frame_equal(one, other)

    def test_only_linear_dimensions_are_measured_of_controls_if_the_data_have_no_others(
        self, images
    ):
        found = profile(small_net(), images, ["4"], methods="effective_rank", controls=FAMILIES)
        assert "effective_rank" in set(of_sample(found, "waves_d2")["method"])

    def test_groups_are_those_of_the_data(self, images):
        groups = np.repeat(np.arange(N // 4), 4)
        found = profile(
            small_net(), images, ["4"], methods="two_nn", groups=groups, controls=FAMILIES
        )
        assert (of_sample(found, "data")["n_groups"] == N // 4).all()
        assert of_sample(found, "waves_d2")["n_groups"].isna().all()

    def test_two_networks_with_the_same_controls_stay_apart(self, whole, images):
        other = profile(small_net(1), images, ["4"], controls=FAMILIES, label="twin")
        joined = whole.add(other)
        assert len(joined.values) == len(whole.values) + len(other.values)


class TestWhereTheyGo:
    @pytest.mark.parametrize("disk_budget", [None, 0])
    def test_stores_change_no_number(self, whole, images, disk_budget):
        found = profile(
            small_net(),
            images,
            controls=FAMILIES,
            label="net",
            memory_budget=10_000,
            disk_budget=disk_budget,
        )
        pd.testing.assert_frame_equal(found.values, whole.values, rtol=1e-6)

    def test_batches_change_no_number(self, whole, images):
        found = profile(
            small_net(), DataLoader(images, batch_size=50), controls=FAMILIES, label="net"
        )
        hashes = [p.values.groupby("sample")["data"].first() for p in (found, whole)]
        pd.testing.assert_series_equal(*hashes)
        pd.testing.assert_frame_equal(found.values, whole.values, rtol=1e-3)

    def test_training_mode_says_that_there_are_no_tangent_spectra(self, images):
        net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(SIDE**2), nn.Linear(SIDE**2, 8))
        found = profile(net, images, methods="two_nn", controls=FAMILIES[:1], mode="train")
        own = of_sample(found, "waves_d2")
        assert own.loc[own["method"] == "two_nn", "value"].notna().all()
        tangents = own[own["family"] == "other"]
        assert tangents["value"].isna().all()
        assert tangents["problem"].str.contains("mode='train'").all()

    def test_tangents_that_fail_cost_nothing_else(self, images, monkeypatch):
        def fail(*_, **__):
            raise NotImplementedError("no derivative of my_op")

        monkeypatch.setattr("dimscope.controls.tangents_of", fail)
        found = profile(small_net(), images, methods="two_nn", controls=FAMILIES[:1])
        own = of_sample(found, "waves_d2")
        assert own.loc[own["method"] == "two_nn", "value"].notna().all()
        assert own.loc[own["method"] == "tangent_rank", "problem"].str.contains("my_op").all()


KILLED_RUN = """
    import dimscope, os, signal, sys
    sys.path[:0] = {paths!r}
    import dimscope.profiling.passes as module
    from test_controlled import FAMILIES, N, small_net, waves
    count, measure = 0, module.measure_layer
    def kill(*arguments):
        global count
        count += 1
        if count == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
        return measure(*arguments)
    module.measure_layer = kill
    images = waves(8).sample(N, rng=7).float()
    dimscope.profile(small_net(), images, controls=FAMILIES, label="net", out={out!r})
"""


class TestResuming:
    @pytest.mark.parametrize("at", range(1, 10))
    def test_a_run_that_is_stopped_anywhere_goes_on_to_the_same_bits(
        self, whole, images, tmp_path, monkeypatch, at
    ):
        measured = []

        def measure_some(representation, settings, subject):
            if len(measured) == at - 1:
                raise KeyboardInterrupt
            return measure_again(representation, settings, subject)

        def measure_again(representation, settings, subject):
            measured.append((subject.sample, subject.layer))
            return measure_layer(representation, settings, subject)

        again = {"controls": FAMILIES, "label": "net", "out": tmp_path}
        monkeypatch.setattr("dimscope.profiling.passes.measure_layer", measure_some)
        with pytest.raises(KeyboardInterrupt):
            profile(small_net(), images, **again)
        monkeypatch.setattr("dimscope.profiling.passes.measure_layer", measure_again)
        resumed = profile(small_net(), images, **again)
        assert len(measured) == len(set(measured)) == 9
        pd.testing.assert_frame_equal(resumed.values, whole.values, check_exact=True)
        pd.testing.assert_frame_equal(resumed.curves, whole.curves, check_exact=True)
        pd.testing.assert_frame_equal(resumed.layers, whole.layers, check_exact=True)
        assert resumed.provenance["net"]["controls"] == whole.provenance["net"]["controls"]

    def test_a_killed_process_loses_nothing_it_measured(self, whole, images, tmp_path):
        out = tmp_path / "run"
        paths = [str(Path(__file__).parent)]
        code = textwrap.dedent(KILLED_RUN.format(paths=paths, out=str(out), at=5))
        done = subprocess.run([sys.executable, "-c", code], check=False, env=os.environ)
        assert done.returncode == -signal.SIGKILL
        journal = (out / "unfinished.jsonl").read_text().splitlines()
        assert len(journal) == 1 + (1 + 3) + (1 + 1)  # identity, the data, a layer of a control
        resumed = profile(small_net(), images, controls=FAMILIES, label="net", out=out)
        pd.testing.assert_frame_equal(resumed.values, whole.values, check_exact=True)

    @pytest.mark.parametrize("other", [False, FAMILIES[:1], [waves(2), waves(5, "waves_d4")]])
    def test_other_controls_do_not_resume_a_run(self, images, tmp_path, monkeypatch, other):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("dimscope.profiling.passes.measure_layer", interrupt)
        with pytest.raises(KeyboardInterrupt):
            profile(small_net(), images, controls=FAMILIES, out=tmp_path)
        with pytest.raises(InputError, match="other controls_asked"):
            profile(small_net(), images, controls=other, out=tmp_path)

    def test_another_map_of_the_same_name_does_not_resume_a_run(
        self, images, tmp_path, monkeypatch
    ):
        def interrupt(representation, settings, subject):
            if subject.sample != "data":
                raise KeyboardInterrupt
            return measure_layer(representation, settings, subject)

        monkeypatch.setattr("dimscope.profiling.passes.measure_layer", interrupt)
        with pytest.raises(KeyboardInterrupt):
            profile(small_net(), images, controls=FAMILIES, out=tmp_path)
        monkeypatch.undo()
        bent = InputFamily(name="waves_d2", dimension=2, embed=lambda u: waves(2).embed(u**2))
        with pytest.raises(InputError, match="other data_hash"):
            profile(small_net(), images, controls=[bent, waves(4)], out=tmp_path)


class Named(nn.Module):
    """Takes its input by name."""

    def __init__(self):
        super().__init__()
        self.net = small_net()

    def forward(self, pixels=None, scale=None):
        return self.net(pixels)


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(50, 8)
        self.fc = nn.Linear(8, 6)

    def forward(self, input_ids):
        return self.fc(self.embedding(input_ids).mean(1))


class TestData:
    def test_matched_controls_of_a_dict_have_its_form(self, images):
        result = profile(
            Named(), {"pixels": images, "labels": torch.arange(N)}, methods="two_nn", controls=True
        )
        samples = list(dict.fromkeys(result.values["sample"]))
        assert samples[0] == "data"
        assert len(samples) == 3
        assert result.provenance["Named"]["controls_asked"] == "matched"
        estimates = result.values[result.values["method"] == "two_nn"]
        assert estimates["value"].notna().all()
        ranks = result.values[result.values["method"] == "tangent_rank"]
        dimensions = [c["dimension"] for c in result.provenance["Named"]["controls"].values()]
        assert ranks.groupby("sample", sort=False)["value"].first().tolist() == dimensions

    def test_data_that_come_once_are_refused_for_controls_that_are_fitted(self, images):
        with pytest.raises(InputError, match=r"only once.*list of batches.*InputFamily"):
            profile(small_net(), iter(images.split(40)), controls=True)

    def test_data_that_come_once_have_families_of_ones_own(self, images, whole):
        found = profile(small_net(), iter(images.split(40)), controls=FAMILIES, label="net")
        pd.testing.assert_frame_equal(found.values, whole.values, rtol=1e-3)

    def test_but_not_in_training_mode(self, images):
        with pytest.raises(InputError, match="an iterator does not tell how large"):
            profile(small_net(), iter(images.split(40)), controls=FAMILIES, mode="train")

    def test_shuffled_data_are_fine(self, images):
        loader = DataLoader(images, batch_size=40, shuffle=True)
        found = profile(small_net(), loader, ["4"], methods="two_nn", controls=True)
        assert found.values["sample"].nunique() == 3

    def test_tokens_are_refused(self):
        tokens = torch.randint(0, 50, (N, 5), generator=torch.Generator().manual_seed(0))
        with pytest.raises(InputError, match=r"one floating-point tensor .* int64 .*InputFamily"):
            profile(Tokens(), tokens, controls=True)

    def test_several_inputs_are_refused(self, images):
        data = {"pixels": images, "scale": torch.ones(N, 1)}
        with pytest.raises(InputError, match=r"pixels float32 .*, scale float32"):
            profile(Named(), data, controls=True)

    def test_a_forward_that_gets_labels_is_refused(self, images):
        data = [(part, torch.zeros(len(part))) for part in images.split(40)]
        with pytest.raises(InputError, match="one floating-point tensor"):
            profile(small_net(), data, controls=True, forward=lambda net, batch: net(batch[0]))

    def test_families_go_through_a_forward_as_they_are(self, images):
        pairs = InputFamily(
            name="pairs", dimension=2, embed=lambda u: (waves(2).embed(u).float(), u[:, 0])
        )
        data = [(part, torch.zeros(len(part))) for part in images.split(40)]
        found = profile(
            small_net(),
            data,
            ["4"],
            methods="two_nn",
            controls=[pairs],
            forward=lambda net, batch: net(batch[0]),
        )
        assert of_sample(found, "pairs")["value"].notna().all()


class TestRefused:
    def test_a_mask_of_the_data_says_nothing_of_controls(self):
        sequences = torch.rand(N, 4, 6, generator=torch.Generator().manual_seed(0))
        net = nn.Sequential(nn.Linear(6, 5), nn.Tanh())
        family = waves(2, shape=(SIDE, SIDE))
        with pytest.raises(InputError, match="says nothing of controls"):
            profile(net, sequences, controls=[family], mask=torch.ones(N, 4))

    @pytest.mark.parametrize(
        ("controls", "said"),
        [
            ("fulll", "True for the matched controls, 'full'"),
            (3, "True for the matched controls"),
            ([], "True for the matched controls"),
            (["smooth"], "a list of dimscope.controls.InputFamily"),
            (waves(2), "a list of dimscope.controls.InputFamily"),
            ([waves(2), waves(2)], "'waves_d2', which occurs twice"),
            ([waves(2, "data")], "which is the name of the data"),
        ],
    )
    def test_what_is_no_control_is_refused_at_once(self, images, controls, said):
        with pytest.raises(InputError, match=said):
            profile(small_net(), images, controls=controls)

    def test_a_control_that_the_network_does_not_take_is_named_before_the_data_are_measured(
        self, images, monkeypatch
    ):
        monkeypatch.setattr("dimscope.profiling.controlled.measure_run", None)
        flat = waves(2, "flat", shape=(SIDE, 1, SIDE))
        with pytest.raises(InputError, match=r"'flat' makes samples of shape \(6, 1, 6\)"):
            profile(small_net(), images, controls=[flat])
        short = InputFamily(name="short", dimension=2, embed=lambda u: torch.cat([u, u], 1))
        with pytest.raises(CaptureError, match="the control 'short' does not go through"):
            profile(small_net(), images, controls=[short])


def test_a_control_alone_is_a_profile_of_its_sample(images):
    subject = Subject(model="net", sample="waves_d4", replicate=3)
    settings = make_settings("two_nn", metric="euclidean", n_repeats=1, rng=0)
    found = profile_probe(Probe(model=small_net(), data=images), settings, subject, progress=False)
    assert set(found.values["sample"]) == {"waves_d4"}
    assert set(found.values["replicate"]) == {3}
    assert found.provenance["net"]["n_samples"] == N
    assert "controls" not in found.provenance["net"]
    assert found.verdicts.empty


def test_a_plan_knows_what_controls_cost(images):
    budget = {"n_samples": N, "memory_budget": 2**30}
    assert plan(small_net(), images, **budget).n_controls == 0
    matched = plan(small_net(), images, controls=True, **budget)
    assert matched.n_controls == 2
    assert matched.control_seconds > 0
    assert plan(small_net(), images, controls="full", **budget).n_controls == 60
    assert plan(small_net(), images, controls=FAMILIES, **budget).n_controls == 2
