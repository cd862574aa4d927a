"""What is wrong whatever the data hold is refused before any of them is read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

import dimscope as ds
from dimscope.errors import InputError
from dimscope.profiling import plan
from dimscope.tracking import track_checkpoints


class Untouched(torch.utils.data.Dataset):
    """A data set that must not be read."""

    def __len__(self) -> int:
        return 100

    def __getitem__(self, _row):
        raise AssertionError("the data were read")


class Stream(Iterator):
    """An iterator of batches that must not be read."""

    def __next__(self):
        raise AssertionError("the data were read")


class Rows:
    """An array that must not be read."""

    shape, dtype = (1000, 5), np.dtype("float32")

    def __len__(self) -> int:
        return 1000

    def __getitem__(self, _rows):
        raise AssertionError("the array was read")

    def __array__(self, *_args, **_kwargs):
        raise AssertionError("the array was read")


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))


WRONG = {
    "metric": ({"metric": "manhattan"}, "metric='manhattan' is not known: choose one of euclidean"),
    "no metric": ({"metric": None}, "metric=None is not known"),
    "method": ({"methods": "twonn"}, "two_nn"),
    "second method": ({"methods": ["two_nn", "nothing"]}, "nothing"),
    "no method": ({"methods": []}, "no method given"),
    "layer": ({"layers": "3"}, "unknown layer '3'"),
    "one of the layers": ({"layers": ["0", "fc"]}, "unknown layer 'fc'"),
    "glob of layers": ({"layers": "encoder.*"}, "no layer matches 'encoder.\\*'"),
    "class of layers": ({"layers": nn.Conv2d}, "no layer matches Conv2d"),
    "pooling": ({"pooling": "mean"}, "unknown pooling 'mean'"),
    "pooling of no layer": ({"pooling": {"encoder.*": "flatten"}}, "stands for no layer"),
    "pooling of another": ({"layers": "0", "pooling": {"2": "flatten"}}, "to be measured"),
    "pooling within": ({"pooling": {"0": "mean"}}, "unknown pooling 'mean'"),
    "axes of no layer": ({"axes": {"encoder.*": "BC"}}, "stands for no layer"),
    "axes": ({"axes": {"0": "XY"}}, "XY"),
    "samples": ({"n_samples": 101}, "101"),
    "no samples": ({"n_samples": 0}, "1 or more"),
    "mode": ({"mode": "dropout"}, "mode"),
    "groups": ({"groups": 5}, "groups is 5"),
    "repeats": ({"n_repeats": 0}, "n_repeats=0 must be at least 1"),
    "batch size": ({"batch_size": 0}, "batch_size is 0"),
    "memory": ({"memory_budget": "lots"}, "lots"),
    "threads": ({"n_jobs": 0}, "n_jobs=0"),
    "device": ({"search_device": "abacus"}, "abacus"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_profile_a_tracker_and_checkpoints_refuse_it_unread(case, tmp_path):
    options, reason = WRONG[case]
    with pytest.raises(InputError, match=reason):
        ds.profile(model(), Untouched(), **options, out=tmp_path / "profile")
    with pytest.raises(InputError, match=reason):
        ds.Tracker(model(), Untouched(), tmp_path / "run", **options)
    (tmp_path / "step1.pt").touch()  # no weights: reading them fails with another message
    with pytest.raises(InputError, match=reason):
        track_checkpoints(model(), Untouched(), [tmp_path / "step1.pt"], tmp_path, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["step1.pt"]


@pytest.mark.parametrize("case", WRONG.keys() - {"samples"})
def test_a_stream_is_not_begun(case, tmp_path):
    options, reason = WRONG[case]
    with pytest.raises(InputError, match=reason):
        ds.profile(model(), Stream(), **options)
    (tmp_path / "step1.pt").touch()
    with pytest.raises(InputError, match=reason):
        track_checkpoints(model(), Stream(), [tmp_path / "step1.pt"], tmp_path, **options)


def test_what_evaluates_checkpoints_is_refused_before_they_are_read(tmp_path):
    (tmp_path / "step1.pt").touch()
    with pytest.raises(InputError, match="eval_data='all'"):
        track_checkpoints(
            model(), Untouched(), [tmp_path / "step1.pt"], tmp_path / "run", eval_data="all"
        )


def test_a_plan_refuses_it_unread():
    with pytest.raises(InputError, match="stands for no layer"):
        plan(
            model(), Untouched(), n_samples=50, memory_budget=1000, pooling={"encoder.*": "flatten"}
        )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"metric": "manhattan"}, "metric='manhattan'"),
        ({"duplicates": "some"}, "duplicates='some'"),
        ({"n_jobs": 0}, "n_jobs=0"),
        ({"search_device": "abacus"}, "abacus"),
    ],
    ids=["metric", "duplicates", "threads", "device"],
)
def test_an_array_is_not_read(options, reason):
    for measure in (ds.estimate, ds.scale_curve, ds.NeighborGraph.from_points):
        with pytest.raises(InputError, match=reason):
            measure(Rows(), **options)


def test_an_array_is_not_read_for_an_unknown_method_or_kind_of_error():
    with pytest.raises(InputError, match="twonn"):
        ds.estimate(Rows(), "twonn")
    with pytest.raises(InputError, match="errors='all'"):
        ds.estimate(Rows(), errors="all")
