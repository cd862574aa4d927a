"""A probe: found layers, other data, other layers, and what identifies it."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

import dimscope as ds
from dimscope.capture import Captured, Probe, capture, read
from dimscope.errors import CaptureError, InputError
from dimscope.store import BATCH_SIZE, ActivationStore, Budgets

VECTORS = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))


def arrays_of(probe: Probe) -> tuple[Captured, dict[str, np.ndarray]]:
    with probe.budgets.store() as store:
        captured = read(probe, store)
        return captured, {name: np.array(store[name]) for name in store}


def batches(log: list[int]) -> Iterator[Tensor]:
    for number, batch in enumerate(VECTORS.split(4)):
        log.append(number)
        yield batch


def test_found_names_the_chosen_layers_and_lists_all() -> None:
    probe = Probe(model=network(), data=VECTORS, layers=[nn.Linear, "input"], n_samples=7)
    found, names, infos, _ = probe.found()
    assert names == ("input", "0", "2")
    assert found.layers == list(names)
    assert list(infos) == ["input", "0", "1", "2", "output"]
    assert (found.model, found.data, found.n_samples) == (probe.model, VECTORS, 7)


def test_found_puts_the_first_batch_of_an_iterator_back() -> None:
    taken: list[int] = []
    probe = Probe(model=network(), data=batches(taken), layers="auto")
    found = probe.found().probe
    assert taken == [0]
    captured, arrays = arrays_of(found)
    assert captured.n_samples == 10
    np.testing.assert_array_equal(arrays["input"], VECTORS)
    whole, _ = arrays_of(probe.with_data(VECTORS))
    assert captured.data_hash == whole.data_hash


def test_found_twice_in_a_row_loses_no_batch_of_an_iterator() -> None:
    taken: list[int] = []
    probe = Probe(model=network(), data=batches(taken)).found().probe.found().probe
    assert taken == [0]
    np.testing.assert_array_equal(arrays_of(probe)[1]["input"], VECTORS)


def test_found_leaves_data_that_can_be_read_again() -> None:
    data = DataLoader(VECTORS, batch_size=4)
    assert Probe(model=network(), data=data).found().probe.data is data
    listed = Probe(model=network(), data=list(VECTORS.split(4))).found().probe
    for _ in range(2):
        assert arrays_of(listed)[0].n_samples == 10


@pytest.mark.parametrize("data", [[], iter([]), VECTORS[:0]])
def test_found_refuses_empty_data(data: Any) -> None:
    with pytest.raises(InputError, match="the data is empty"):
        Probe(model=network(), data=data).found()


def test_found_says_what_is_wrong_with_layers_and_network() -> None:
    with pytest.raises(InputError, match="unknown layer 'nothing'"):
        Probe(model=network(), data=VECTORS, layers="nothing").found()
    with pytest.raises(CaptureError, match=r"the model failed on inputs \(10, 3\)"):
        Probe(model=network(), data=VECTORS[:, :3]).found()


def test_other_data_and_other_layers_change_nothing_else() -> None:
    options: dict[str, Any] = {
        "pooling": "spatial_mean",
        "n_samples": 5,
        "batch_size": 3,
        "forward": lambda model, batch: model(batch),
        "budgets": Budgets.of("1MiB", None),
    }
    model = network()
    probe = Probe(model=model, data=VECTORS, layers="0", **options)
    for changed, data, layers in (
        (probe.with_data(VECTORS + 1), VECTORS + 1, "0"),
        (probe.narrowed(["1", "2"]), VECTORS, ["1", "2"]),
    ):
        assert changed.model is model
        assert torch.equal(changed.data, data)
        assert changed.layers == layers
        assert {name: getattr(changed, name) for name in options} == options
    assert probe.data is VECTORS
    assert probe.layers == "0"
    np.testing.assert_array_equal(
        arrays_of(probe.with_data(VECTORS + 1).narrowed(["input"]))[1]["input"], VECTORS[:5] + 1
    )


@pytest.mark.parametrize(
    "pooling",
    [
        "spatial_mean",
        torch.flatten,
        partial(torch.flatten, start_dim=1),
        nn.Flatten(),
        {"0": partial(torch.flatten, start_dim=1), "**": "flatten"},
    ],
)
def test_identity_is_json_without_addresses(pooling: Any) -> None:
    probe = Probe(model=network(), data=VECTORS, layers=nn.Linear, pooling=pooling, n_samples=7)
    identity = probe.found().probe.identity()
    assert json.loads(json.dumps(identity)) == identity
    assert identity["layers"] == ["0", "2"]
    assert identity["n_samples_asked"] == 7
    assert "0x" not in json.dumps(identity)


PRINT_IDENTITY = """
import json
from functools import partial
import torch
from torch import nn
from dimscope.capture import Probe

class Mean:
    def __call__(self, activation):
        return activation

def own(activation):
    return activation

pooling = {"0": own, "1": Mean(), "2": partial(own), "**": "flatten"}
model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
probe = Probe(model=model, data=torch.zeros(5, 4), layers="**", pooling=pooling)
print(json.dumps(probe.found().probe.identity()))
"""


def test_identity_is_the_same_in_two_processes(capsys: pytest.CaptureFixture[str]) -> None:
    exec(PRINT_IDENTITY, {"__name__": "__main__"})
    here = capsys.readouterr().out
    command = [sys.executable, "-c", PRINT_IDENTITY]
    there = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(here)["pooling"].keys() == {"0", "1", "2", "**"}
    assert here == there


@pytest.mark.parametrize(
    ("options", "message", "kind"),
    [
        ({"n_samples": 0}, "n_samples is 0: it must be 1 or more", ValueError),
        ({"batch_size": -1}, "batch_size is -1: it must be 1 or more", ValueError),
        ({"n_samples": 2.5}, r"n_samples is 2\.5: it must be a whole number", TypeError),
        ({"n_samples": "9"}, "n_samples is '9': it must be a whole number", TypeError),
        ({"batch_size": None}, "batch_size is None: it must be a whole number", TypeError),
    ],
)
def test_bad_numbers(options: dict[str, Any], message: str, kind: type[Exception]) -> None:
    with pytest.raises(InputError, match=message) as info:
        Probe(model=network(), data=VECTORS, **options)
    assert isinstance(info.value, kind)


def test_what_is_no_network() -> None:
    with pytest.raises(InputError, match=r"the model is a function: it must be a torch\.nn"):
        Probe(model=network, data=VECTORS)  # type: ignore[arg-type]


def test_numpy_integers_are_whole_numbers() -> None:
    probe = Probe(model=network(), data=VECTORS, n_samples=np.int64(6), batch_size=np.int64(4))  # type: ignore[arg-type]
    assert arrays_of(probe)[0].n_samples == 6


@pytest.mark.parametrize("memory", [2**30, 200])
def test_reading_a_probe_equals_capturing_with_its_fields(memory: int) -> None:
    options: dict[str, Any] = {
        "pooling": {"0": lambda activation: activation[:, ::2]},
        "n_samples": 9,
        "batch_size": 4,
        "forward": lambda model, batch: model(2 * batch),
    }
    model = network()
    seen: tuple[list[Any], list[Any]] = ([], [])
    probe = Probe(model=model, data=VECTORS, layers=["0", "2"], **options)
    with ActivationStore(memory_budget=memory) as one, ActivationStore(memory_budget=memory) as two:
        first = read(probe, one, on_batch=lambda *done: seen[0].append(done))
        second = capture(
            model,
            VECTORS,
            ["0", "2"],
            store=two,
            on_batch=lambda *done: seen[1].append(done),
            **options,
        )
        assert first.labels is second.labels is None
        assert first == second
        assert seen[0] == seen[1] == [(4, 9), (8, 9), (9, 9)]
        assert list(one) == list(two) == ["0", "2"]
        for name in one:
            np.testing.assert_array_equal(one[name], two[name])
        assert one["0"].shape == (9, 3)


def test_defaults_are_the_same_wherever_they_are_repeated() -> None:
    probe = Probe(model=network(), data=VECTORS)
    assert probe.batch_size == BATCH_SIZE
    for function in (capture, ds.profile, ds.Tracker):
        defaults = inspect.signature(function).parameters
        for name in ("layers", "pooling", "n_samples", "batch_size", "forward"):
            assert defaults[name].default == getattr(probe, name), (function, name)
