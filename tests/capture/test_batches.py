"""Every form of data becomes the same batches."""

from __future__ import annotations

from collections import UserDict, namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from dimscope.capture.batches import Batch, count_samples, read_batches
from dimscope.errors import InputError

X = torch.arange(20, dtype=torch.float32).reshape(10, 2)
Y = torch.arange(10)
Pair = namedtuple("Pair", ["x", "y"])


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(TensorDataset(X, Y))


class Fetching:
    """As Hugging Face's datasets: no torch Dataset."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"x": X[index], "label": Y[index]}

    def __getitems__(self, indices: list[int]) -> list[dict[str, Any]]:
        return [self[i] for i in indices]


class Images(Dataset[Any]):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Any:
        return X[index].numpy(), int(Y[index])


def cut(*columns: Any) -> list[list[Any]]:
    return [[column[i : i + 4] for column in columns] for i in range(0, 10, 4)]


FORMS: dict[str, tuple[Any, int | None]] = {
    "tensor": (X, 10),
    "array": (X.numpy(), 10),
    "tuple": ((X, Y), 10),
    "tuple of arrays": ((X.numpy(), list(range(10))), 10),
    "dict": ({"x": X, "labels": Y}, 10),
    "loader": (DataLoader(TensorDataset(X, Y), batch_size=4), 10),
    "dropping loader": (DataLoader(TensorDataset(X, Y), batch_size=5, drop_last=True), 10),
    "stream loader": (DataLoader(Stream(), batch_size=4), None),
    "unbatched loader": (DataLoader(cut(X, Y), batch_size=None), None),
    "dataset": (Images(), 10),
    "stream": (Stream(), None),
    "fetching": (Fetching(), 10),
    "batches": (cut(X, Y), None),
    "array batches": (cut(X.numpy(), Y.numpy()), None),
    "named batches": ([Pair(x, y) for x, y in cut(X, Y)], None),
    "user dicts": ([UserDict(x=x, label=y) for x, y in cut(X, Y)], None),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n_samples", [None, 4, 7, 10])
def test_every_form_gives_the_same(form: str, n_samples: int | None) -> None:
    data, count = FORMS[form]
    assert count_samples(data) == count
    batches = list(read_batches(data, 4, n_samples))
    n = min(n_samples or 10, 10)
    inputs = [b.inputs["x"] if isinstance(b.inputs, dict) else b.inputs for b in batches]
    torch.testing.assert_close(torch.cat(inputs), X[:n])
    assert sum(batch.n_samples for batch in batches) == n
    labels = [batch.labels for batch in batches]
    if "array" != form != "tensor":
        np.testing.assert_array_equal(np.concatenate(labels), Y[:n])  # type: ignore[arg-type]
    else:
        assert labels == [None] * len(labels)


def test_a_generator_is_read_no_further_than_asked() -> None:
    def stream() -> Iterator[Any]:
        yield from [X[:5], X[5:]]
        raise RuntimeError("read too far")

    assert sum(batch.n_samples for batch in read_batches(stream(), 4, 10)) == 10


def test_a_dropping_loader_counts_whole_batches() -> None:
    loader = DataLoader(TensorDataset(X), batch_size=4, drop_last=True)
    assert count_samples(loader) == 8 == sum(b.n_samples for b in read_batches(loader, 1))


def test_empty_batches_are_passed_over() -> None:
    assert [batch.n_samples for batch in read_batches([X[:0], X, X[:0]], 4)] == [10]


def test_read_only_and_reversed_arrays() -> None:
    array = X.numpy().copy()
    array.flags.writeable = False
    (batch,) = read_batches(array[::-1], 10)
    torch.testing.assert_close(batch.inputs, X.flip(0))


def test_labels_that_are_no_labels() -> None:
    assert Batch.of((X, Y[:3])).labels is None
    assert Batch.of((X, {"boxes": Y})).labels is None
    assert Batch.of((X, ["a"] * 10)).labels is not None
    assert Batch.of({"x": X, "labels": None}).labels is None


def test_copies_for_the_network() -> None:
    original = Batch.of({"x": X, "ids": Y, "text": "abc"})
    copy = original.copy_to(None, None)
    assert torch.equal(copy.content["x"], X)
    assert copy.content["x"].data_ptr() != X.data_ptr()
    batch = original.copy_to(torch.device("meta"), torch.bfloat16)
    assert batch.content["x"].dtype == torch.bfloat16
    assert batch.content["ids"].dtype == torch.int64
    assert batch.content["ids"].is_meta
    assert batch.content["text"] == "abc"


@pytest.mark.parametrize("data", [3, "images/", b"", None])
def test_what_is_no_data(data: Any) -> None:
    with pytest.raises(InputError, match="cannot read data of type"):
        list(read_batches(data, 4))


@pytest.mark.parametrize("batch", ["text", {"labels": Y}, [], [["a", "b"]], torch.tensor(1.0)])
def test_what_is_no_batch(batch: Any) -> None:
    with pytest.raises(InputError, match="holds no tensor"):
        list(read_batches([batch], 4))


def test_arrays_that_torch_does_not_know() -> None:
    with pytest.raises(InputError, match="object"):
        list(read_batches(np.array(["a", None], dtype=object), 4))
