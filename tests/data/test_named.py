from __future__ import annotations

import numpy as np
import pytest
from torch.utils.data import DataLoader

from dimscope.data import load_data
from dimscope.errors import InputError

from .conftest import write_npz


def test_a_draw_is_without_replacement_and_seeded(tmp_path):
    name = write_npz(tmp_path / "x.npz", x=np.arange(50.0)[:, None])
    values = [float(x[0]) for x in load_data(name, n_samples=20, rng=3)]
    assert len(set(values)) == 20
    assert values == [float(x[0]) for x in load_data(name, n_samples=20, rng=3)]
    assert values[:5] == [float(x[0]) for x in load_data(name, n_samples=5, rng=3)]
    assert values != [float(x[0]) for x in load_data(name, n_samples=20, rng=4)]


@pytest.mark.parametrize("n_samples", [51, 0, -1])
def test_an_impossible_draw_says_how_many_there_are(tmp_path, n_samples):
    name = write_npz(tmp_path / "x.npz", x=np.zeros((50, 2)))
    with pytest.raises(InputError, match=r"has 50 samples to draw from; choose 1 to 50"):
        load_data(name, n_samples=n_samples)


@pytest.mark.parametrize("class_name", ["7", 7])
def test_one_class_by_name_or_number(class_name):
    data = load_data("digits", class_name=class_name, n_samples=30)
    assert data.labels.tolist() == [7] * 30
    assert {label for _, label in data} == {7}


def test_an_unknown_class_lists_the_classes(tmp_path):
    with pytest.raises(InputError, match=r"no class 'cat'; its classes are 0, 1, 2, .*0 to 9"):
        load_data("digits", class_name="cat")
    name = write_npz(tmp_path / "x.npz", x=np.zeros((3, 2)), y=np.array([4, 4, 9]))
    assert len(load_data(name, class_name=4)) == 2
    with pytest.raises(InputError, match=r"its classes are 4, 9 "):
        load_data(name, class_name=0)


def test_without_labels_there_are_no_classes(tmp_path):
    with pytest.raises(InputError, match="has no labels"):
        load_data(write_npz(tmp_path / "x.npz", x=np.zeros((3, 2))), class_name=0)


def test_a_transform_changes_tensors_and_leaves_labels_and_the_original(tmp_path):
    name = write_npz(tmp_path / "x.npz", x=np.ones((3, 2)), y=np.array([5, 6, 7]))
    data = load_data(name)
    changed = data.transformed(lambda x: x + 1).transformed(lambda x: 10 * x)
    assert changed[2][0].tolist() == [20.0, 20.0]
    assert changed[2][1] == 7
    assert data[2][0].tolist() == [1.0, 1.0]
    assert (changed.name, changed.origin, len(changed)) == (data.name, data.origin, 3)


def test_items_survive_a_data_loader():
    images, labels = next(iter(DataLoader(load_data("digits"), batch_size=16)))
    assert images.shape == (16, 1, 8, 8)
    assert labels.shape == (16,)
