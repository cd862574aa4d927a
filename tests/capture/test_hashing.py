from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from dimscope.capture import capture, hash_architecture, hash_data, hash_model
from dimscope.capture.hashing import InputHash
from dimscope.errors import InputError
from dimscope.store import ActivationStore

VECTORS = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))


def captured_hashes(model: nn.Module, data: Tensor) -> tuple[str, str]:
    with ActivationStore() as store:
        captured = capture(model, data, store=store)
    return captured.data_hash, captured.model_hash


def test_hashes_tell_data_and_networks_apart() -> None:
    model = network()
    before = captured_hashes(model, VECTORS)
    other_data, same_model = captured_hashes(model, VECTORS + 1)
    assert other_data != before[0]
    assert same_model == before[1] == hash_model(model)
    with torch.no_grad():
        model[1].running_mean += 1  # type: ignore[operator]
    same_data, other_model = captured_hashes(model, VECTORS)
    assert other_model != before[1]
    assert same_data == before[0]


def test_training_changes_the_model_and_not_its_architecture() -> None:
    model = network()
    architecture, state = hash_architecture(model), hash_model(model)
    with torch.no_grad():
        model[0].weight += 1  # type: ignore[operator]
    assert hash_architecture(model) == architecture != hash_architecture(model.double())
    assert hash_model(model) != state
    assert hash_architecture(nn.Sequential(nn.Linear(4, 6))) != architecture


@pytest.mark.parametrize(
    "data",
    [
        VECTORS.numpy(),
        (VECTORS, torch.arange(10)),
        list(VECTORS.split(3)),
        DataLoader(TensorDataset(VECTORS), batch_size=7),
    ],
)
def test_the_hash_of_data_is_that_of_capturing_it_in_any_batches(data: object) -> None:
    model = network()
    found = hash_data(model, data, batch_size=4)
    assert found == captured_hashes(model, VECTORS)[0]
    assert hash_data(model, data, batch_size=4, n_samples=9) == hash_data(
        model, VECTORS[:9], batch_size=2
    )
    assert found != hash_data(model, VECTORS[:9], batch_size=4)


def test_the_type_and_the_name_of_inputs_count() -> None:
    hashes = set()
    for inputs in (
        VECTORS,
        VECTORS.double(),
        VECTORS.view(torch.int32),
        {"a": VECTORS, "b": VECTORS},
        {"a": VECTORS, "c": VECTORS},
    ):
        seen = InputHash()
        seen.update(inputs)
        hashes.add(seen.hexdigest())
    assert len(hashes) == 5


def test_no_data_have_no_hash() -> None:
    with pytest.raises(InputError, match="the data is empty"):
        hash_data(network(), [], batch_size=4)
