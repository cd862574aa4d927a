"""Loading a data set by its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import checked_parameters
from dimscope._rng import Rng
from dimscope.data.benchmarks import load_benchmark
from dimscope.data.catalog import BENCHMARKS
from dimscope.data.local import (
    load_digits,
    load_image_folder,
    load_npz,
    load_photo_crops,
    load_user_code,
)
from dimscope.data.named import NamedData
from dimscope.data.names import is_user_code, unknown_name, user_file
from dimscope.errors import InputError

_BUNDLED: dict[str, Callable[[], NamedData]] = {
    "digits": load_digits,
    "photo_crops": load_photo_crops,
}
_FROM_PATH: dict[str, Callable[[Path], NamedData]] = {
    "imagefolder": load_image_folder,
    "npz": load_npz,
}
GRAMMAR = " | ".join([*BENCHMARKS, *_BUNDLED, "imagefolder:DIR", "npz:FILE", "file.py:function"])


@renamed_parameters(seed="rng")
@checked_parameters
def load_data(  # noqa: PLR0913 - each is an independent choice, and all but the name have defaults
    name: str,
    *,
    n_samples: int | None = None,
    split: str = "test",
    class_name: str | int | None = None,
    rng: Rng = 0,
    cache: str | Path | None = None,
    notify: Callable[[str], None] | None = None,
) -> NamedData | DataLoader[Any]:
    """Load a data set by its name.

    Parameters
    ----------
    name
        ``cifar10``, ``mnist``, ``fashion_mnist``, ``digits``, ``photo_crops``,
        ``imagefolder:DIR`` (a folder of images, or a sub-folder of them for each class),
        ``npz:FILE`` (arrays ``x`` and optionally ``y``) or ``file.py:function`` (a function that
        returns a Dataset, samples, (samples, labels) or a DataLoader; the file is executed).
    n_samples
        Draw this many at random, without replacement; None for all. With one seed, a smaller draw
        is the start of a larger one.
    split
        ``"test"`` or ``"train"``. Only the first three data sets have a training split.
    class_name
        Keep one class, by name or number, before drawing.
    rng
        Seed or generator of the draw.
    cache
        Folder of the fetched data sets; None for the folder in the environment variable
        ``DIMSCOPE_DATA``, or else the user's cache folder. Before a data set is fetched, it is
        looked for there, below ``./data``, and where Debian puts it.
    notify
        Receives one line before anything that takes long, such as a download.

    Returns
    -------
    NamedData or DataLoader
        Items are ``(tensor, label)``, or the tensor alone where labels are unknown; images are
        uint8 tensors of (channels, height, width). A DataLoader comes back only where user code
        returns one.

    Raises
    ------
    InputError
        If the name, class or split is unknown, or there are fewer samples than asked for.
    DataError
        If a data set can be neither found nor fetched, or fails its checksum.
    CaptureError
        If the user's code fails.

    Examples
    --------
    >>> data = load_data("digits", n_samples=100, class_name=3)
    >>> image, label = data[0]
    >>> len(data), tuple(image.shape), label
    (100, (1, 8, 8), 3)
    """
    check_data(name, split=split, class_name=class_name, n_samples=n_samples)
    if name in BENCHMARKS:
        data: NamedData | DataLoader[Any] = load_benchmark(
            BENCHMARKS[name], split=split, cache=cache, notify=notify or _ignore
        )
    else:
        data = _local_loader(name)()
    if isinstance(data, NamedData):
        data = data if class_name is None else data.of_class(class_name)
        draw = np.random.default_rng(rng)
        return data if n_samples is None else data.sampled(n_samples, rng=draw)
    if class_name is not None or n_samples is not None:
        raise InputError(
            f"{name} returned a DataLoader, from which neither samples nor a class can be chosen; "
            "return its Dataset, or leave n_samples and class_name out"
        )
    return data


def check_data(
    name: str,
    *,
    split: str = "test",
    class_name: str | int | None = None,
    n_samples: int | None = None,
) -> None:
    """Refuse what `load_data` cannot load, as far as it can be told without loading anything.

    Raises
    ------
    InputError
        If the name or split is unknown, a file is not there, or a data set that is known by name
        has no such class or fewer samples.
    """
    if name in BENCHMARKS:
        BENCHMARKS[name].check(split, class_name, n_samples)
        return
    _local_loader(name)
    if split != "test":
        raise InputError(f"{name} has no split {split!r}; leave the split out")
    if is_user_code(name):
        user_file(name)


def _local_loader(name: str) -> Callable[[], NamedData | DataLoader[Any]]:
    source, _, rest = name.partition(":")
    if name in _BUNDLED:
        return _BUNDLED[name]
    if source in _FROM_PATH and rest:
        return partial(_FROM_PATH[source], Path(rest).expanduser())
    if is_user_code(name):
        return partial(load_user_code, name)
    raise unknown_name("data set", name, [*BENCHMARKS, *_BUNDLED, *_FROM_PATH], GRAMMAR)


def _ignore(_: str) -> None:
    """Stand in for a ``notify`` that nobody gave."""
