"""The cache of verified data sets: written atomically, checked at every reading."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

import numpy as np
import platformdirs

from dimscope.data.formats import LabelledImages
from dimscope.errors import DataError

VARIABLE = "DIMSCOPE_DATA"


def cache_folder(cache: str | Path | None) -> Path:
    """Choose ``cache``, or the folder of ``DIMSCOPE_DATA``, or the user's cache folder."""
    chosen = cache or os.environ.get(VARIABLE) or platformdirs.user_cache_dir("dimscope")
    return Path(chosen).expanduser()


def digest(data: LabelledImages) -> str:
    """Compute the SHA-256 of the images, row by row, followed by the labels."""
    content = hashlib.sha256(np.ascontiguousarray(data.images).data)
    content.update(np.ascontiguousarray(data.labels).data)
    return content.hexdigest()


def read_cached(path: Path) -> tuple[LabelledImages, str]:
    """Read what `write_cached` wrote: the data, and one line on where they came from."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return LabelledImages(stored["images"], stored["labels"]), str(stored["origin"])


def write_cached(path: Path, data: LabelledImages, origin: str) -> None:
    """Write the data under another name, then rename them: no reader meets half a file.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
        try:
            with part.open("xb") as file:
                np.savez(file, images=data.images, labels=data.labels, origin=np.array(origin))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"cannot keep data in {str(path.parent)!r} ({error.strerror or error}); "
            f"make room or choose another folder with cache=... or {VARIABLE}"
        ) from error
