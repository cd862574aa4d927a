from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from dimscope.data import cache as cache_module, load_data
from dimscope.data.cache import cache_folder, digest, read_cached, write_cached
from dimscope.data.catalog import BENCHMARKS
from dimscope.data.formats import LabelledImages, read_idx
from dimscope.errors import DataError, InputError

from .conftest import FakeSource, toy, write_idx


def test_items_are_raw_pixels_in_canonical_order(benchmark_of):
    benchmark_of(FakeSource())
    data = load_data("toy", split="train")
    expected = toy("train")
    assert len(data) == 6
    assert data.classes == ("a", "b", "c")
    assert data.labels.tolist() == [0, 1, 2, 0, 1, 2]
    for i, (image, label) in enumerate(data):
        assert image.dtype == torch.uint8
        assert image.shape == (1, 5, 4)
        np.testing.assert_array_equal(image[0], expected.images[i, :, :, 0])
        assert label == expected.labels[i]


def test_the_origin_is_one_line_with_source_and_licence(benchmark_of):
    benchmark_of(FakeSource())
    fetched, cached = load_data("toy").origin, load_data("toy").origin
    assert fetched == cached
    assert fetched == "Toy (nobody; CC0), test split; from source 1; checksum verified"


def test_a_data_set_is_fetched_once(benchmark_of, tmp_path):
    source, lines = FakeSource(), []
    benchmark_of(source)
    for split in ("test", "train", "test"):
        load_data("toy", split=split, notify=lines.append)
    assert source.n_fetches == 1
    assert lines == ["fetching toy from source 1"]
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == [
        "toy-test.npz",
        "toy-train.npz",
    ]


@pytest.mark.parametrize("damage", ["truncated", "empty", "altered", "not a file of ours"])
def test_a_damaged_cache_is_noticed_and_fetched_again(benchmark_of, tmp_path, damage):
    source, lines = FakeSource(), []
    benchmark_of(source)
    load_data("toy")
    path = tmp_path / "cache" / "toy-test.npz"
    content = path.read_bytes()
    if damage == "altered":
        data = toy("test")
        data.images[3, 2, 1, 0] ^= 1
        write_cached(path, data, "from a liar")
    else:
        kept = {"truncated": content[: len(content) // 2], "empty": b""}
        path.write_bytes(kept.get(damage, b"hello"))
    again = load_data("toy", notify=lines.append)
    assert source.n_fetches == 2
    assert "cannot be used" in lines[0]
    np.testing.assert_array_equal(again[3][0][0], toy("test").images[3, :, :, 0])
    assert digest(read_cached(path)[0]) == digest(toy("test"))


def swapped_axes(data):
    return data._replace(images=data.images.reshape(6, 4, 5, 1))


def without_channels(data):
    return data._replace(images=data.images.reshape(6, 5, 4))


def of_signed_integers(data):
    return LabelledImages(data.images.view(np.int8), data.labels.view(np.int8))


def in_pairs(data):
    return data._replace(images=data.images.reshape(3, 10, 4, 1))


def labels_in_a_column(data):
    return data._replace(labels=data.labels[:, None])


def a_label_among_the_pixels(data):
    everything = np.concatenate([data.images.ravel(), data.labels])
    return LabelledImages(everything[:-3].reshape(-1, 1, 1, 1), everything[-3:])


REFORMED = [
    swapped_axes,
    without_channels,
    of_signed_integers,
    in_pairs,
    labels_in_a_column,
    a_label_among_the_pixels,
]


@pytest.mark.parametrize("reform", REFORMED)
def test_the_same_bytes_of_another_shape_or_type_are_fetched_again(benchmark_of, tmp_path, reform):
    source, lines = FakeSource(), []
    benchmark_of(source)
    reformed, path = reform(toy("test")), tmp_path / "cache" / "toy-test.npz"
    assert digest(reformed) == digest(toy("test"))
    write_cached(path, reformed, "from somewhere")
    image, _ = load_data("toy", notify=lines.append)[0]
    assert source.n_fetches == 1
    assert f"{path} cannot be used: the " in lines[0]
    np.testing.assert_array_equal(image[0], toy("test").images[0, :, :, 0])
    assert read_cached(path)[0].images.shape == (6, 5, 4, 1)


@pytest.mark.parametrize("reform", REFORMED)
def test_the_same_bytes_of_another_shape_and_no_source_is_an_error(benchmark_of, tmp_path, reform):
    benchmark_of(FakeSource(error=OSError("no network")))
    write_cached(tmp_path / "cache" / "toy-test.npz", reform(toy("test")), "from somewhere")
    with pytest.raises(DataError, match=r"toy-test\.npz \(the (images|labels) of its test split"):
        load_data("toy")


def test_a_damaged_cache_and_no_source_is_an_error(benchmark_of, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "toy-test.npz").write_bytes(b"half a fi")
    benchmark_of(FakeSource(error=OSError("no network")))
    with pytest.raises(DataError, match=r"toy-test\.npz .*; source 1 \(no network\)"):
        load_data("toy")


def test_sources_are_tried_in_order_until_one_verifies(benchmark_of):
    sources = (
        FakeSource(error=DataError("npm is not installed")),
        FakeSource(damaged=True),
        FakeSource(),
        FakeSource(),
    )
    benchmark_of(*sources)
    assert "from source 3;" in load_data("toy").origin
    assert [source.n_fetches for source in sources] == [1, 1, 1, 0]


def test_when_all_sources_fail_one_line_says_what_was_tried_and_what_to_do(benchmark_of, tmp_path):
    benchmark_of(FakeSource(error=DataError("npm is not installed")), FakeSource(damaged=True))
    with pytest.raises(DataError) as caught:
        load_data("toy")
    message = str(caught.value)
    assert "\n" not in message
    assert "source 1 (npm is not installed); source 2 (the SHA-256 of its test split" in message
    assert f"Put it in {tmp_path / 'cache'}/Toy/raw" in message
    assert "DIMSCOPE_DATA" in message
    assert not list(tmp_path.glob("cache/*"))


@pytest.mark.parametrize("place", ["data/Toy/raw", "cache/Toy/raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_on_this_computer_is_not_fetched(benchmark_of, tmp_path, place, packed):
    source = FakeSource()
    benchmark_of(source)
    write_idx(tmp_path / place, packed=packed)
    data = load_data("toy")
    assert source.n_fetches == 0
    assert "read from" in data.origin
    assert place in data.origin
    np.testing.assert_array_equal(data[5][0][0], toy("test").images[5, :, :, 0])


def test_a_wrong_local_copy_is_passed_over(benchmark_of, tmp_path):
    source = FakeSource()
    benchmark_of(source)
    write_idx(tmp_path / "data/Toy/raw")
    (tmp_path / "data/Toy/raw/t10k-labels-idx1-ubyte").unlink()
    assert "from source 1" in load_data("toy").origin


def test_the_explicit_cache_wins_over_the_variable(benchmark_of, tmp_path, monkeypatch):
    benchmark_of(FakeSource())
    load_data("toy", cache=tmp_path / "mine")
    assert (tmp_path / "mine" / "toy-test.npz").is_file()
    assert not (tmp_path / "cache").exists()
    monkeypatch.delenv("DIMSCOPE_DATA")
    assert cache_folder(None).name == "dimscope"


def test_a_cache_that_cannot_be_written_says_what_to_do(benchmark_of, tmp_path):
    benchmark_of(FakeSource())
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot keep data in .*cache=\.\.\. or DIMSCOPE_DATA"):
        load_data("toy", cache=tmp_path / "file" / "cache")


def test_an_interrupted_write_leaves_nothing_that_could_be_read(tmp_path, monkeypatch):
    def killed(file, **arrays):
        file.write(b"PK half")
        raise KeyboardInterrupt

    monkeypatch.setattr(cache_module.np, "savez", killed)
    with pytest.raises(KeyboardInterrupt):
        write_cached(tmp_path / "toy-test.npz", toy("test"), "from here")
    assert list(tmp_path.iterdir()) == []


def test_writers_at_the_same_time_leave_one_whole_file(tmp_path):
    path = tmp_path / "toy-test.npz"
    writers = [
        threading.Thread(target=write_cached, args=(path, toy("test"), f"writer {i}"))
        for i in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert list(tmp_path.iterdir()) == [path]
    assert digest(read_cached(path)[0]) == digest(toy("test"))


def test_an_unknown_split_names_the_splits(benchmark_of):
    benchmark_of(FakeSource())
    with pytest.raises(InputError, match="no split 'validation'; choose train or test"):
        load_data("toy", split="validation")


def test_the_digest_sees_pixels_order_and_labels(tmp_path):
    data = toy("test")
    swapped = data._replace(images=data.images[::-1])
    relabelled = data._replace(labels=data.labels[::-1])
    write_idx(tmp_path)
    assert digest(read_idx(tmp_path, "test")) == digest(data)
    assert len({digest(data), digest(swapped), digest(relabelled)}) == 3


@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "mean", "std"),
    [
        ("cifar10", (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        ("mnist", (0.1307,), (0.3081,)),
        ("fashion_mnist", (0.2860,), (0.3530,)),
    ],
)
def test_the_published_statistics(name, mean, std, tmp_path):
    data = load_data(name, split="train", cache=tmp_path)
    height, width, channels = BENCHMARKS[name].shape
    assert data.items.values.shape[1:] == (channels, height, width)
    pixels = data.items.values.double() / 255
    np.testing.assert_allclose(pixels.mean((0, 2, 3)), mean, atol=6e-5)
    np.testing.assert_allclose(pixels.std((0, 2, 3)), std, atol=6e-5)
    if name != "mnist":
        assert np.bincount(data.labels).tolist() == [len(data) // 10] * 10
    assert len(load_data(name, cache=tmp_path)) == 10_000
