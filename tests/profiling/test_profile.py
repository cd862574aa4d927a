"""From a network and data to a Profile: the whole way, on networks small enough for a test."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

import dimscope as ds
from dimscope.errors import CaptureError, InputError, StoreError
from dimscope.profiling import measure_layer, plan, profile


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(240, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(36, 16),
        nn.ReLU(),
        nn.Linear(16, 10),
    )


def test_every_auto_layer_is_a_row_in_order_of_execution(images):
    result = profile(small_net(), images)
    frame = result.to_frame("estimate")
    one = frame[frame["method"] == "two_nn"]
    assert one["layer"].tolist() == ["input", "2", "4", "6"]
    assert one["layer_index"].tolist() == [0, 1, 2, 3]
    assert one["relative_depth"].is_monotonic_increasing
    assert one["relative_depth"].iloc[[0, -1]].tolist() == [0, 1]
    assert one["n_features"].tolist() == [64, 36, 16, 10]
    assert (one["value"] > 0).all()
    assert (one["stderr"] > 0).all()
    assert result.models == ["Sequential"]
    assert set(frame["curve"]) == {"estimate"}
    assert set(result.frame["curve"]) == {"estimate", "decimation", "scale", "spectrum"}


def test_a_layer_measures_as_its_activation_does_by_hand(images):
    net = small_net()
    result = profile(net, images, ["4"], methods="two_nn").to_frame("estimate")
    with torch.no_grad():
        by_hand = net[:5].eval()(images.clone())
    raw, calibrated = result["value"]
    assert raw == pytest.approx(ds.estimate(by_hand).value, rel=1e-9)
    assert calibrated == pytest.approx(ds.calibrate(ds.estimate(by_hand)).value, rel=1e-6)


def test_the_disk_store_changes_no_number(images):
    in_memory = profile(small_net(), images).frame
    on_disk = profile(small_net(), images, memory_budget=10_000).frame
    pd.testing.assert_frame_equal(in_memory, on_disk)


@pytest.mark.parametrize("disk_budget", [0, "30kB"])
def test_computing_wide_layers_again_changes_no_number(images, disk_budget):
    budgets = {"memory_budget": 25_000, "disk_budget": disk_budget}
    in_memory = profile(small_net(), images).frame
    recomputed = profile(small_net(), images, **budgets).frame
    pd.testing.assert_frame_equal(in_memory, recomputed, rtol=1e-9)


def test_wide_layers_of_data_with_random_transforms_stop_the_run(images):
    class Noisy(Dataset):
        rng = np.random.default_rng(0)

        def __len__(self):
            return 240

        def __getitem__(self, index):
            return images[index] + self.rng.normal()

    with pytest.raises(CaptureError, match=r"'input' is too wide .* were not the same"):
        profile(small_net(), Noisy(), memory_budget=25_000, disk_budget=0)


def test_batches_that_come_once_are_all_measured_and_recorded(images, tmp_path):
    result = profile(small_net(), iter(images.split(60)), out=tmp_path / "run").frame
    pd.testing.assert_frame_equal(result, profile(small_net(), list(images.split(60))).frame)


def test_batch_size_changes_no_number(images):
    one, other = (profile(small_net(), images, batch_size=b).frame for b in (7, 240))
    pd.testing.assert_frame_equal(one, other, rtol=1e-4)  # float32 products differ with the batch


def test_provenance_names_what_it_takes_to_repeat_it(images):
    facts = profile(small_net(), images, rng=7, label="net").provenance["net"]
    assert facts["seed"] == 7
    assert facts["n_samples"] == 240
    assert facts["methods"]["two_nn"] == {"discard_fraction": 0.1}
    assert {len(facts["model_hash"]), len(facts["data_hash"])} == {64}
    assert facts["versions"]["dimscope"] == ds.__version__


def test_a_dead_layer_is_unknown_and_costs_the_others_nothing(images):
    net = small_net()
    nn.init.zeros_(net[4].weight)
    frame = profile(net, images, methods="two_nn").to_frame("estimate")
    frame = frame[frame["method"] == "two_nn"].set_index("layer")
    assert np.isnan(frame.loc["4", "value"])
    assert "all 240 rows are equal" in frame.loc["4", "notes"]
    assert frame.loc["2", "value"] > 0


def test_nothing_measurable_is_an_error(images):
    with pytest.raises(InputError, match="no layer could be measured: all 240 rows are equal"):
        profile(small_net(), torch.zeros_like(images))


def test_a_failing_network_keeps_its_own_error(images):
    class Broken(nn.Module):
        def forward(self, x):
            raise RuntimeError("no such luck")

    with pytest.raises(CaptureError, match="no such luck"):
        profile(Broken(), images)


def test_an_unknown_layer_suggests_the_nearest(images):
    with pytest.raises(InputError, match=r"inputs.*input"):
        profile(small_net(), images, ["inputs"])


def test_saved_profiles_come_back_and_are_not_overwritten(images, tmp_path):
    result = profile(small_net(), images, out=tmp_path / "run")
    loaded = ds.Profile.load(tmp_path / "run")
    pd.testing.assert_frame_equal(result.frame, loaded.frame)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "curves.parquet",
        "layers.parquet",
        "provenance.json",
        "values.parquet",
        "verdicts.parquet",
    ]
    with pytest.raises(InputError, match="already holds a profile"):
        profile(small_net(), images, out=tmp_path / "run")


def test_an_interrupted_run_goes_on_and_measures_no_layer_twice(images, tmp_path, monkeypatch):
    whole = profile(small_net(), images).frame
    measured = []

    def measure_two(representation, settings, subject):
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(representation.shape)
        return measure_layer(representation, settings, subject)

    monkeypatch.setattr("dimscope.profiling.passes.measure_layer", measure_two)
    with pytest.raises(KeyboardInterrupt):
        profile(small_net(), images, out=tmp_path)
    monkeypatch.setattr(
        "dimscope.profiling.passes.measure_layer",
        lambda x, *how: measured.append(x.shape) or measure_layer(x, *how),
    )
    resumed = profile(small_net(), images, out=tmp_path).frame
    assert len(measured) == 4
    pd.testing.assert_frame_equal(resumed, whole)


def test_other_weights_do_not_resume_a_run(images, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("dimscope.profiling.passes.measure_layer", interrupt)
    with pytest.raises(KeyboardInterrupt):
        profile(small_net(), images, out=tmp_path)
    other = small_net()
    nn.init.ones_(other[0].weight)
    with pytest.raises(InputError, match="other model_hash"):
        profile(other, images, out=tmp_path)


KILLED_RUN = """
    import dimscope, os, signal, sys, torch
    sys.path.insert(0, {folder!r})
    import dimscope.profiling.passes as module
    from net import small_net
    images = torch.rand(240, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    count, measure = 0, module.measure_layer
    def kill(*arguments):
        global count
        count += 1
        if count == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return measure(*arguments)
    module.measure_layer = kill
    dimscope.profile(small_net(), images, out={out!r})
"""


def test_a_killed_process_loses_nothing_it_measured(images, tmp_path):
    import inspect

    source = "import torch\nfrom torch import nn\n\n" + inspect.getsource(small_net)
    (tmp_path / "net.py").write_text(source)
    out = tmp_path / "run"
    code = textwrap.dedent(KILLED_RUN.format(folder=str(tmp_path), out=str(out)))
    done = subprocess.run([sys.executable, "-c", code], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    journal = (out / "unfinished.jsonl").read_text().splitlines()
    assert len(journal) == 1 + 1 + 2  # identity, capture, two layers
    resumed = profile(small_net(), images, out=out, memory_budget=1_000, disk_budget=0).frame
    pd.testing.assert_frame_equal(resumed, profile(small_net(), images).frame)


def test_a_chunk_that_is_lost_between_two_layers_stops_the_run(images, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def lose_a_chunk(layer, *rest):
        for chunk in tmp_path.rglob("c/0/0"):
            chunk.unlink()
        return measure_layer(layer, *rest)

    monkeypatch.setattr("dimscope.profiling.passes.measure_layer", lose_a_chunk)
    with pytest.raises(StoreError, match=r"chunk c/0/0 of layer '.*' is missing .* measure again"):
        profile(small_net(), images, memory_budget=1_000)


def test_a_plan_knows_sizes_and_what_goes_to_disk(images):
    planned = plan(small_net(), images, n_samples=240, memory_budget=50_000)
    assert [info.name for info in planned.layers] == ["input", "2", "4", "6"]
    assert planned.layer_bytes == tuple(4 * 240 * width for width in (64, 36, 16, 10))
    assert planned.on_disk == {"input", "2"}
    assert planned.recomputed == {}
    assert planned.forward_seconds > 0
    assert planned.measure_seconds > 0


def test_a_plan_knows_what_is_computed_again(images):
    budgets = {"memory_budget": 20_000, "disk_budget": 50_000}
    planned = plan(small_net(), images, n_samples=240, **budgets)
    assert planned.recomputed == {"input": 4}  # 61,440 bytes by 20,000 at a time
    assert planned.on_disk == {"2", "4"}
    assert planned.disk_bytes == 4 * 240 * (36 + 16)
    assert planned.memory_bytes == 4 * 240 * 10


def test_methods_as_objects_and_scales(images):
    result = profile(small_net(), images, ["input"], methods=[ds.LevinaBickel(n_neighbors=5)])
    assert result.methods() == ["levina_bickel"]
    assert result.provenance["Sequential"]["methods"] == {"levina_bickel": {"n_neighbors": 5}}


def test_two_layers_at_one_place_stay_two(images):
    result = profile(small_net(), images, ["5", "6:input"], methods="two_nn").to_frame("estimate")
    assert result["layer"].tolist() == ["5", "5", "6:input", "6:input"]
    assert result["method"].tolist() == ["two_nn", "two_nn_calibrated"] * 2
    assert result["layer_index"].tolist() == [0, 0, 1, 1]
    assert result["value"].iloc[0] == result["value"].iloc[2]


def test_a_pooling_of_ones_own_is_recorded_by_its_name(images):
    def half(activation):
        return activation.flatten(1)[:, ::2]

    facts = profile(small_net(), images, pooling={"*": half}).provenance["Sequential"]
    assert facts["pooling"]["*"].endswith("half")
    assert "0x" not in facts["pooling"]["*"]
