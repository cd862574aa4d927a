from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from dimscope.data import NamedData, load_data
from dimscope.errors import CaptureError, InputError

from .conftest import write_npz


def _picture(path, size=(6, 4), colour=(255, 0, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


# what installed packages bring


def test_digits_are_raw_values():
    data = load_data("digits")
    image, label = data[0]
    assert (len(data), image.shape, image.dtype, label) == (1797, (1, 8, 8), torch.uint8, 0)
    assert int(torch.stack([x for x, _ in data]).max()) == 16


def test_photo_crops_are_distinct_pieces_of_photographs():
    data = load_data("photo_crops", n_samples=500)
    crops = {crop.numpy().tobytes() for crop, _ in data}
    assert len(crops) == 500
    assert data[0][0].shape == (3, 64, 64)
    assert data[0][0].dtype == torch.uint8
    assert set(data.labels) == set(range(len(data.classes)))
    photo = data.classes.index("astronaut")
    with Image.open(next(_skimage_data().glob("astronaut.png"))) as image:
        whole = np.asarray(image)
    crop = next(crop for crop, label in data if label == photo).numpy().transpose(1, 2, 0)
    views = np.lib.stride_tricks.sliding_window_view(whole, crop.shape)[::16, ::16, 0]
    assert (views == crop).all((2, 3, 4)).sum() == 1


def _skimage_data():
    import importlib.resources

    return importlib.resources.files("skimage") / "data"


def test_photo_crops_state_their_number():
    assert len(load_data("photo_crops")) == 5721
    with pytest.raises(InputError, match="5721"):
        load_data("photo_crops", n_samples=6000)


# folders of images


def test_sub_folders_are_classes_in_alphabetical_order(tmp_path):
    _picture(tmp_path / "b" / "2.png", colour=(1, 2, 3))
    _picture(tmp_path / "b" / "10.JPG")
    _picture(tmp_path / "a" / "x.png", size=(3, 9))
    (tmp_path / "b" / "notes.txt").write_text("not an image")
    (tmp_path / "empty").mkdir()
    data = load_data(f"imagefolder:{tmp_path}")
    assert data.classes == ("a", "b")
    assert data.labels.tolist() == [0, 1, 1]
    assert [image.shape for image, _ in data] == [(3, 9, 3), (3, 4, 6), (3, 4, 6)]
    image, label = data[2]
    assert label == 1
    assert image[:, 0, 0].tolist() == [1, 2, 3]
    assert len(load_data(f"imagefolder:{tmp_path}", class_name="b")) == 2


def test_a_flat_folder_has_no_labels(tmp_path):
    _picture(tmp_path / "1.png")
    Image.new("L", (2, 2), 7).save(tmp_path / "2.png")
    data = load_data(f"imagefolder:{tmp_path}")
    assert data.labels is None
    assert data[1].tolist() == [[[7, 7], [7, 7]]] * 3


def test_an_unreadable_image_is_named_when_it_is_opened(tmp_path):
    _picture(tmp_path / "1.png", size=(64, 64))
    (tmp_path / "2.png").write_bytes((tmp_path / "1.png").read_bytes()[:60])
    (tmp_path / "3.png").write_text("not an image")
    data = load_data(f"imagefolder:{tmp_path}")
    assert data[0].shape == (3, 64, 64)
    for i in (1, 2):
        with pytest.raises(InputError, match=rf"{i + 1}\.png"):
            data[i]


def test_a_folder_that_cannot_be_used_says_why(tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        load_data(f"imagefolder:{tmp_path / 'nothing'}")
    with pytest.raises(InputError, match="no images"):
        load_data(f"imagefolder:{tmp_path}")
    _picture(tmp_path / "1.png")
    _picture(tmp_path / "a" / "1.png")
    with pytest.raises(InputError, match="both images and sub-folders"):
        load_data(f"imagefolder:{tmp_path}")


# arrays


def test_npz_arrays_keep_their_type(tmp_path):
    x = np.arange(12, dtype=np.float64).reshape(4, 3)
    data = load_data(write_npz(tmp_path / "x.npz", x=x, y=np.array([1, 0, 1, 0], np.uint8)))
    assert data[2][0].dtype == torch.float64
    assert data[2][0].tolist() == [6.0, 7.0, 8.0]
    assert data[2][1] == 1


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": np.zeros((3, 2))}, "no array 'x'; it holds: z"),
        ({"x": np.zeros(3)}, r"shape \(3,\)"),
        ({"x": np.zeros((0, 2))}, r"shape \(0, 2\)"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(2, int)}, r"labels have shape \(2,\).*3 integers"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(3)}, "type float64"),
        ({"x": np.array([["a"], ["b"]])}, "numbers"),
    ],
)
def test_npz_arrays_that_do_not_fit_are_refused(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        load_data(write_npz(tmp_path / "x.npz", **arrays))


def test_npz_must_be_one(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    with pytest.raises(InputError, match=r"not an \.npz file"):
        load_data(f"npz:{tmp_path / 'x.npy'}")


# user code

USER_CODE = """
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

X = torch.arange(8.0).reshape(4, 2)

def tensor(): return X
def array(): return X.numpy()
def pair(): return X.numpy(), [0, 1, 0, 1]
def dataset(): return TensorDataset(X, torch.tensor([0, 1, 0, 1]))
def loader(): return DataLoader(TensorDataset(X), batch_size=2)
def text(): return "no"
def broken(): return {}["missing"]
class Stream(IterableDataset):
    def __iter__(self): return iter(X)
"""


@pytest.fixture
def user_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(USER_CODE)
    return path


@pytest.mark.parametrize("function", ["tensor", "array", "pair", "dataset"])
def test_user_code_may_return_samples(user_file, function):
    data = load_data(f"{user_file}:{function}", n_samples=4)
    assert isinstance(data, NamedData)
    rows = sorted((item[0] if isinstance(item, tuple) else item).tolist() for item in data)
    assert rows == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert data.origin == f"returned by {user_file}:{function}"
    assert (data.labels is not None) == (function == "pair")


def test_a_loader_is_passed_on_and_cannot_be_drawn_from(user_file):
    assert isinstance(load_data(f"{user_file}:loader"), DataLoader)
    with pytest.raises(InputError, match="DataLoader"):
        load_data(f"{user_file}:loader", n_samples=1)


def test_user_code_that_returns_something_else_is_told_what_to_return(user_file):
    with pytest.raises(InputError, match="returned str; return a Dataset"):
        load_data(f"{user_file}:text")
    with pytest.raises(InputError, match="without a length"):
        load_data(f"{user_file}:Stream")


def test_the_users_own_error_is_the_cause(user_file):
    with pytest.raises(CaptureError, match="KeyError: 'missing'") as caught:
        load_data(f"{user_file}:broken")
    assert isinstance(caught.value.__cause__, KeyError)
