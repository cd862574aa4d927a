"""Data on this computer: in installed packages, folders, files and user code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, UnidentifiedImageError
from torch.utils.data import DataLoader, Dataset

from dimscope._optional import require
from dimscope.data.named import ArrayItems, Labels, NamedData
from dimscope.data.names import call_user_function
from dimscope.errors import InputError
from dimscope.io import read_array

CROP_SIZE = 64
CROP_STEP = 16
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_SCIKIT_IMAGE_PHOTOS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "motorcycle_left.png",
    "rocket.jpg",
)
_SCIKIT_LEARN_PHOTOS = ("china.jpg", "flower.jpg")


def load_digits() -> NamedData:
    """Load scikit-learn's 1,797 handwritten digits, uint8 images of 1 x 8 x 8 with values to 16."""
    datasets = require("sklearn.datasets", extra="sklearn", purpose="the digits data")
    bunch = datasets.load_digits()
    labels = np.asarray(bunch.target, dtype=np.int64)
    images = torch.from_numpy(bunch.images.astype(np.uint8))[:, None]
    return NamedData(
        name="digits",
        origin="UCI handwritten digits (Alpaydin and Kaynak), shipped by scikit-learn (BSD)",
        items=ArrayItems(values=images, labels=labels),
        classes=tuple("0123456789"),
        labels=labels,
    )


@final
@dataclass(frozen=True, eq=False)
class _Crops:
    """Square crops of photographs, cut when they are asked for."""

    photos: tuple[npt.NDArray[np.uint8], ...]
    corners: npt.NDArray[np.int64]  # (n_samples, 3): photograph, top, left

    def __len__(self) -> int:
        return len(self.corners)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        photo, top, left = (int(value) for value in self.corners[index])
        crop = self.photos[photo][top : top + CROP_SIZE, left : left + CROP_SIZE]
        return _as_tensor(crop), photo


def _as_tensor(image: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Turn an image of (height, width, channels) into a tensor of (channels, height, width)."""
    return torch.from_numpy(np.array(image.transpose(2, 0, 1), order="C"))


def load_photo_crops() -> NamedData:
    """Load 5,721 distinct crops of 64 x 64 RGB pixels from seven photographs.

    The photographs are those inside scikit-image and scikit-learn. The crops lie on a grid of 16
    pixels, so neighbours overlap: drawing far fewer than all of them keeps that rare. A crop's
    label is its photograph.
    """
    skimage = require("skimage", extra="sklearn", purpose="photo_crops")
    sklearn = require("sklearn", extra="sklearn", purpose="photo_crops")
    folders = (
        (Path(str(skimage.__file__)).parent / "data", _SCIKIT_IMAGE_PHOTOS),
        (Path(str(sklearn.__file__)).parent / "datasets" / "images", _SCIKIT_LEARN_PHOTOS),
    )
    paths = [folder / name for folder, names in folders for name in names]
    photos = tuple(_read_image(path) for path in paths)
    corners = np.array(
        [
            (number, top, left)
            for number, photo in enumerate(photos)
            for top in range(0, photo.shape[0] - CROP_SIZE + 1, CROP_STEP)
            for left in range(0, photo.shape[1] - CROP_SIZE + 1, CROP_STEP)
        ]
    )
    return NamedData(
        name="photo_crops",
        origin="crops of photographs shipped by scikit-image (public domain and CC0) and "
        "scikit-learn (CC BY 2.0, danielbuechele and vultilion)",
        items=_Crops(photos, corners),
        classes=tuple(path.stem for path in paths),
        labels=corners[:, 0],
    )


def _read_image(path: Path) -> npt.NDArray[np.uint8]:
    """Read an image file as RGB, of shape (height, width, 3)."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise InputError(
            f"cannot read the image {str(path)!r}: {error}; repair or remove it"
        ) from error


@final
@dataclass(frozen=True, eq=False)
class _ImageFiles:
    """Image files, opened when they are asked for."""

    paths: tuple[Path, ...]
    labels: Labels | None

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        image = _as_tensor(_read_image(self.paths[index]))
        return image if self.labels is None else (image, int(self.labels[index]))


def load_image_folder(folder: Path) -> NamedData:
    """List the images of a folder, or of its sub-folders, which then are the classes.

    A file is opened, as RGB, only when its item is asked for. Images may differ in size: the
    transform of a model makes them equal.

    Raises
    ------
    InputError
        If there is no such folder, if it holds no images, or if it holds images both directly and
        in sub-folders.
    """
    if not folder.is_dir():
        raise InputError(f"imagefolder: there is no folder {str(folder)!r}; check the path")
    groups = {
        child.name: files
        for child in sorted(folder.iterdir())
        if child.is_dir() and (files := _images_in(child))
    }
    flat = _images_in(folder)
    if bool(flat) == bool(groups):
        found = "both images and sub-folders of images" if flat else "no images"
        raise InputError(
            f"imagefolder: {str(folder)!r} holds {found}; give one folder of images, or one "
            f"sub-folder for each class ({', '.join(_SUFFIXES)})"
        )
    classes = tuple(groups) or None
    labels = None
    if classes:
        sizes = [len(files) for files in groups.values()]
        labels = np.repeat(np.arange(len(classes), dtype=np.int64), sizes)
        flat = [path for files in groups.values() for path in files]
    return NamedData(
        name=f"imagefolder:{folder}",
        origin=f"{len(flat)} image files in {folder}",
        items=_ImageFiles(tuple(flat), labels),
        classes=classes,
        labels=labels,
    )


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)


def load_npz(path: Path) -> NamedData:
    """Load the arrays ``x`` (n_samples, ...) and, where there is one, ``y`` (n_samples,).

    Raises
    ------
    InputError
        If the file cannot be read, has no ``x``, or ``y`` does not fit it.
    """
    if path.suffix.lower() != ".npz":
        raise InputError(
            f"npz: {str(path)!r} is not an .npz file; save it with np.savez(x=..., y=...)"
        )
    x = read_array(path, key="x")
    with np.load(path, allow_pickle=False) as arrays:
        y = arrays.get("y")
    return _from_arrays(f"npz:{path}", f"array x of {path}", x, y)


def load_user_code(name: str) -> NamedData | DataLoader[Any]:
    """Call the user's function and wrap what it returns.

    Parameters
    ----------
    name
        ``file.py:function``. The function may return a torch ``Dataset``, a tensor or array of
        samples, a pair of (samples, labels), or a ``DataLoader``, which is passed on as it is.

    Raises
    ------
    InputError
        If there is no such function, or it returns something else.
    CaptureError
        If the user's code fails.
    """
    result = call_user_function(name)
    origin = f"returned by {name}"
    if isinstance(result, DataLoader | NamedData):
        return result
    if isinstance(result, Dataset):
        if not hasattr(result, "__len__"):
            raise InputError(f"{name} returned a data set without a length; return a DataLoader")
        return NamedData(name=name, origin=origin, items=result)
    samples, labels = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    if not isinstance(samples, torch.Tensor | np.ndarray):
        raise InputError(
            f"{name} returned {type(result).__name__}; return a Dataset, a DataLoader, a tensor, "
            "an array, or a pair of (samples, labels)"
        )
    return _from_arrays(name, origin, samples, labels)


def _from_arrays(name: str, origin: str, samples: Any, labels: Any) -> NamedData:
    """Check that samples and labels, if there are any, fit together, and wrap them."""
    try:
        values = torch.as_tensor(samples)
    except TypeError as error:
        raise InputError(f"{name}: {error}; give samples that are numbers") from error
    if values.ndim < 2 or len(values) == 0:
        raise InputError(
            f"{name}: the samples have shape {tuple(values.shape)}; "
            "give at least one row, as (n_samples, ...)"
        )
    if labels is None:
        return NamedData(name=name, origin=origin, items=ArrayItems(values=values))
    numbers = np.asarray(labels)
    if numbers.shape != (len(values),) or numbers.dtype.kind not in "iub":
        raise InputError(
            f"{name}: the labels have shape {numbers.shape} and type {numbers.dtype}; "
            f"give {len(values)} integers, one for each sample"
        )
    numbers = numbers.astype(np.int64)
    items = ArrayItems(values=values, labels=numbers)
    return NamedData(name=name, origin=origin, items=items, labels=numbers)
