from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from dimscope.capture import Captured, capture
from dimscope.errors import InputError, StoreError
from dimscope.store import ActivationStore

VECTORS = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """One of each trouble: in-place activations, dropout, batch norm, a module used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.norm = nn.BatchNorm1d(6)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.middle = nn.Linear(6, 6)
        self.last = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.relu(self.norm(self.first(x))))
        x = self.relu(self.middle(x))
        x = self.middle(x)
        x += 1
        return self.last(x)


def captured_arrays(
    model: nn.Module, data: Any, layers: Any = "auto", **options: Any
) -> tuple[Captured, dict[str, np.ndarray]]:
    with ActivationStore() as store:
        captured = capture(model, data, layers, store=store, **options)
        return captured, {name: np.asarray(store[name]) for name in store}


def test_what_is_captured_is_what_the_layers_made() -> None:
    model = Net().eval()
    names = ["input", "first", "norm", "relu", "middle", "relu#2", "middle#2", "last:input", "last"]
    captured, arrays = captured_arrays(model, VECTORS, names, batch_size=3)
    with torch.no_grad():
        first = model.first(VECTORS)
        norm = model.norm(first)
        relu = norm.relu()
        middle = model.middle(relu)
        again = model.middle(middle.relu())
        expected = [VECTORS, first, norm, relu, middle, middle.relu(), again, again + 1]
        expected.append(model.last(again + 1))
    assert [layer.name for layer in captured.layers] == names
    for name, tensor in zip(names, expected, strict=True):
        np.testing.assert_allclose(arrays[name], tensor.numpy(), rtol=1e-5, atol=1e-6)
    assert captured.n_samples == 10
    assert captured.labels is None
    assert captured.device == "cpu"


def test_batches_do_not_matter() -> None:
    model = Net()
    whole, arrays = captured_arrays(model, VECTORS)
    for data in (
        DataLoader(TensorDataset(VECTORS, torch.arange(10)), batch_size=4),
        iter([VECTORS[:1], VECTORS[1:]]),
    ):
        parts, others = captured_arrays(model, data)
        assert (parts.data_hash, parts.model_hash) == (whole.data_hash, whole.model_hash)
        for name, array in arrays.items():
            np.testing.assert_allclose(others[name], array, rtol=1e-5, atol=1e-6)


def test_samples_and_labels() -> None:
    data = (VECTORS, [f"class {i}" for i in range(10)])
    captured, arrays = captured_arrays(Net(), data, n_samples=7, batch_size=3)
    assert captured.n_samples == 7 == len(arrays["input"])
    assert captured.labels is not None
    assert list(captured.labels) == data[1][:7]
    with pytest.raises(InputError, match="n_samples is 99, but the data have 10 samples"):
        captured_arrays(Net(), data, n_samples=99)
    captured, _ = captured_arrays(Net(), [(VECTORS, torch.zeros(10)), VECTORS])
    assert captured.labels is None


def test_progress() -> None:
    seen: list[tuple[int, int | None]] = []
    captured_arrays(Net(), VECTORS, batch_size=4, on_batch=lambda *done: seen.append(done))
    assert seen == [(4, 10), (8, 10), (10, 10)]
    seen.clear()
    captured_arrays(Net(), iter([VECTORS]), on_batch=lambda *done: seen.append(done))
    assert seen == [(10, None)]


def test_maps_are_pooled() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2))
    images = torch.randn(5, 3, 8, 8)
    captured, arrays = captured_arrays(model, images, ["0", "2"], pooling={"0": "spatial_mean"})
    assert [layer.n_features for layer in captured.layers] == [4, 2]
    assert captured.layers[0].shape == (4, 6, 6)
    expected = model[0](images).mean((2, 3)).detach().numpy()
    np.testing.assert_allclose(arrays["0"], expected, rtol=1e-5, atol=1e-6)
    _, arrays = captured_arrays(model, images, "0", pooling=lambda x: x.amax((2, 3)))
    assert arrays["0"].shape == (5, 4)


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 3)
        self.fc = nn.Linear(3, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Any]:
        hidden = self.embedding(input_ids)
        pooled = (hidden * attention_mask[..., None]).sum(1)
        return {"logits": self.fc(pooled), "states": (hidden,), "loss": None}


def token_batches() -> list[dict[str, Tensor]]:
    tokens = torch.arange(24).reshape(4, 6) % 9
    mask = (torch.arange(6) < torch.tensor([[3], [6], [1], [4]])).long()
    return [
        {"input_ids": tokens[:2], "attention_mask": mask[:2], "labels": torch.tensor([0, 1])},
        {
            "input_ids": tokens[2:, :4],
            "attention_mask": mask[2:, :4],
            "labels": torch.tensor([1, 0]),
        },
    ]


def test_dicts_with_padding() -> None:
    model = Masked()
    names = ["embedding", "output:states:0", "output:logits"]
    captured, arrays = captured_arrays(model, token_batches(), names, pooling="token_mean")
    assert captured.labels is not None
    assert list(captured.labels) == [0, 1, 1, 0]
    embedded = model.embedding(torch.arange(24).reshape(4, 6) % 9).detach()
    means = [embedded[i, :n].mean(0).numpy() for i, n in enumerate((3, 6, 1, 4))]
    np.testing.assert_allclose(arrays["embedding"], means, rtol=1e-5)
    np.testing.assert_array_equal(arrays["embedding"], arrays["output:states:0"])
    assert arrays["output:logits"].shape == (4, 2)


def test_tokens_of_varying_length_need_pooling() -> None:
    with pytest.raises(InputError, match=r"'embedding' had 18 features.*now 12.*token_mean"):
        captured_arrays(Masked(), token_batches(), "embedding")


def test_integers_can_be_stored_by_name() -> None:
    _, arrays = captured_arrays(Masked(), token_batches()[:1], "input:input_ids")
    assert arrays["input:input_ids"].dtype == np.int64


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_precisions(dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).to(dtype)
    _, arrays = captured_arrays(model, VECTORS)
    wanted = np.float64 if dtype == torch.float64 else np.float32
    assert {array.dtype for array in arrays.values()} == {np.dtype(wanted)}
    exact = model(VECTORS.to(dtype)).detach().to(torch.float64).numpy()
    np.testing.assert_allclose(arrays["2"], exact, rtol=1e-6 if dtype == torch.float64 else 1e-2)


def test_a_network_without_parameters() -> None:
    captured, arrays = captured_arrays(nn.Tanh(), VECTORS.numpy())
    np.testing.assert_allclose(arrays["output"], np.tanh(VECTORS.numpy()), rtol=1e-6)
    assert captured.layers[0].relative_depth is None


def test_networks_that_overwrite_their_input() -> None:
    data = VECTORS.clone()
    _, arrays = captured_arrays(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 2)), data)
    np.testing.assert_array_equal(data, VECTORS)
    np.testing.assert_array_equal(arrays["input"], VECTORS)


def test_memory_that_is_used_again() -> None:
    class Reuses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.out = torch.empty(10, 4)
            self.act = nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(torch.mul(x, 2, out=self.out[: len(x)]))

    _, arrays = captured_arrays(Reuses(), VECTORS, "act", batch_size=3)
    np.testing.assert_allclose(arrays["act"], 2 * VECTORS)


def test_a_forward_of_ones_own() -> None:
    model = Net()
    batches = [{"pixels": VECTORS, "note": "kept", "labels": torch.arange(10)}]

    def forward(network: nn.Module, batch: Any) -> Tensor:
        assert batch["note"] == "kept"
        assert len(batch["labels"]) == len(batch["pixels"])
        return network.first(batch["pixels"])

    _, arrays = captured_arrays(model, batches, ["first", "output"], forward=forward)
    np.testing.assert_array_equal(arrays["first"], arrays["output"])


def test_torchscript_and_lazy_networks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 3), nn.Dropout()))
    _, arrays = captured_arrays(scripted, VECTORS)
    np.testing.assert_allclose(arrays["output"], scripted[0](VECTORS).detach(), rtol=1e-6)
    _, arrays = captured_arrays(nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d()), VECTORS)
    assert arrays["1"].shape == (10, 3)


def test_layers_that_do_not_fit_go_to_disk() -> None:
    model = nn.Sequential(nn.Linear(4, 500), nn.ReLU(), nn.Linear(500, 2))
    with ActivationStore(memory_budget=1000) as store:
        captured = capture(model, VECTORS, store=store, batch_size=3)
        assert store.on_disk == {"1"}
        assert {name: store[name].shape for name in store} == {
            layer.name: (10, layer.n_features) for layer in captured.layers
        }


def test_too_little_room_is_known_after_the_first_batch() -> None:
    done: list[int] = []
    once = iter(VECTORS.split(2))
    with (
        ActivationStore(memory_budget=100, disk_budget=0) as store,
        pytest.raises(StoreError, match=r"10 samples of 5 layers need .* room for 0 B"),
    ):
        capture(Net(), once, store=store, n_samples=10, on_batch=lambda n, _: done.append(n))
    assert done == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": []}, "the data is empty"),
        ({"data": torch.zeros(0, 4)}, "the data is empty"),
        ({"n_samples": 0}, "n_samples is 0: it must be 1 or more"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"layers": "nothing"}, "unknown layer 'nothing'"),
        ({"pooling": "nothing"}, "unknown pooling 'nothing'"),
        ({"model": Net().to("meta")}, "meta device"),
    ],
)
def test_bad_input(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        captured_arrays(**({"model": Net(), "data": VECTORS} | options))


def test_a_store_is_filled_once() -> None:
    with ActivationStore() as store:
        capture(Net(), VECTORS, "first", store=store)
        capture(Net(), VECTORS, "last", store=store)
        with pytest.raises(InputError, match="already holds layer 'first'"):
            capture(Net(), VECTORS, "first", store=store)
