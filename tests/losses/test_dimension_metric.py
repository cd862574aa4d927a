"""The streaming metric: a uniform sample of what was seen, in one process and in several."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

import dimscope as ds


def stream(n=1000, d=4, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_few_rows_are_all_measured():
    metric = ds.DimensionMetric("participation_ratio", n_samples=2000)
    rows = stream()
    for part in rows.split(77):
        metric.update(part)
    want = ds.estimate(rows.numpy(), "participation_ratio").value
    assert metric.compute().value == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("size", [1, 33, 1000])
def test_the_sample_does_not_depend_on_the_batches(size):
    metric, whole = (ds.DimensionMetric("two_nn", n_samples=100, rng=5) for _ in range(2))
    rows = stream()
    for part in rows.split(size):
        metric.update(part)
    whole.update(rows)
    assert metric.n_seen == 1000
    assert metric.compute() == whole.compute()
    assert metric.compute().n_samples == 100


@pytest.mark.statistical
def test_every_row_is_kept_as_often_as_any_other():
    """Of 60 rows 20 are kept: over 900 seeds each is kept 300 +- 14 times."""
    counts = np.zeros(60)
    for seed in range(900):
        metric = ds.DimensionMetric("two_nn", n_samples=20, rng=seed)
        for part in torch.arange(60.0)[:, None].split(7):
            metric.update(part)
        counts[metric._rows[:, 0].long().numpy()] += 1
    # rows are kept without replacement, so the counts vary less than Poisson's: (1 - 1/3) of it
    chi_square = ((counts - 300) ** 2 / (300 * (1 - 1 / 3))).sum()
    assert 30 < chi_square < 98  # of 59 degrees of freedom, 0.1 % on either side


def test_reset_starts_again():
    metric = ds.DimensionMetric("two_nn", n_samples=100)
    metric.update(stream())
    first = metric.compute()
    metric.reset()
    assert metric.n_seen == 0
    with pytest.raises(ds.InputError, match="no row was seen"):
        metric.compute()
    metric.update(stream())
    assert metric.compute() == first


@pytest.mark.statistical
def test_merged_metrics_hold_a_sample_of_both():
    counts = np.zeros(2)
    for seed in range(200):
        one, other = (ds.DimensionMetric("two_nn", 30, rng=10 * seed + i) for i in range(2))
        one.update(torch.zeros(100, 1))
        other.update(torch.ones(300, 1))
        merged = one.merge(other)
        assert merged.n_seen == 400
        assert len(merged._rows) == 30
        counts += np.bincount(merged._rows[:, 0].long().numpy(), minlength=2)
    # a quarter of 6,000, with a standard deviation of 33
    assert counts[0] == pytest.approx(1500, abs=110)


WORKER = """
import sys, torch, dimscope as ds
rank, path = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
torch.distributed.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=2)
metric = ds.DimensionMetric("participation_ratio", n_samples=50)
rows = torch.randn(200, 4, generator=torch.Generator().manual_seed(rank)) + 100 * rank
metric.update(rows)
print(metric.compute().value, *sorted(metric._keys)[:1])
empty = ds.DimensionMetric("participation_ratio", n_samples=500)
if rank:
    empty.update(rows)
print(empty.compute().value)
torch.distributed.destroy_process_group()
"""


def test_processes_measure_one_sample_of_all_rows(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", WORKER]
    workers = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "rendezvous")], stdout=-1, text=True)
        for rank in range(2)
    ]
    shown = [worker.communicate(timeout=120)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert shown[0][0] == shown[1][0]
    # two clusters far apart: together they have one direction, each alone has four
    assert float(shown[0][0]) == pytest.approx(1.0, abs=0.01)
    assert shown[0][1] != shown[1][1]
    rows = torch.randn(200, 4, generator=torch.Generator().manual_seed(1)) + 100
    alone = ds.estimate(rows.numpy(), "participation_ratio").value
    assert [float(words[2]) for words in shown] == pytest.approx([alone, alone], rel=1e-9)


def test_features_of_any_shape_and_type():
    metric = ds.DimensionMetric("participation_ratio", n_samples=100)
    metric.update(torch.randn(60, 2, 3, dtype=torch.float64).to(torch.bfloat16).requires_grad_())
    assert 1 < metric.compute().value <= 7


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros((3, 4)), "must be a tensor of shape"),
        (torch.zeros(4), r"got \(4,\)"),
        (torch.zeros(5, 3), "rows of 3 features after rows of 4"),
    ],
)
def test_what_is_no_batch_is_refused(features, message):
    metric = ds.DimensionMetric()
    metric.update(stream())
    with pytest.raises(ds.InputError, match=message):
        metric.update(features)


def test_a_sample_too_small_is_refused():
    with pytest.raises(ds.InputError, match="n_samples=3 must be at least 4"):
        ds.DimensionMetric(n_samples=3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_metric_takes_cuda_batches_as_those_of_the_processor(dtype):
    x = stream(900, 5).to(dtype)
    here, there = (ds.DimensionMetric("two_nn", n_samples=400) for _ in range(2))
    for part in x.split(150):
        here.update(part)
        there.update(part.cuda())
    assert there.n_seen == 900
    assert there.compute().value == here.compute().value
