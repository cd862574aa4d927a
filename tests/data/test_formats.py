from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from PIL import Image

from dimscope.data.formats import read_cifar_binary, read_cifar_png, read_cifar_python
from dimscope.errors import InputError

BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
PER_BATCH = 3


def _batch(number):
    rng = np.random.default_rng(number)
    images = rng.integers(0, 256, (PER_BATCH, 32, 32, 3), dtype=np.uint8)
    return images, rng.integers(0, 10, PER_BATCH, dtype=np.uint8)


def _planes(images):
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


def _write_binary(folder):
    for number, name in enumerate(BATCHES):
        images, labels = _batch(number)
        records = np.column_stack([labels, _planes(images)])
        (folder / f"{name}.bin").write_bytes(records.tobytes())


def _write_png(folder):
    for number, name in enumerate(BATCHES):
        images, _ = _batch(number)
        Image.fromarray(images.reshape(PER_BATCH, 1024, 3)).save(folder / f"{name}.png")
    train = [label for number in range(5) for label in _batch(number)[1].tolist()]
    (folder / "train_lables.json").write_text(json.dumps(train))
    (folder / "test_lables.json").write_text(json.dumps(_batch(5)[1].tolist()))


def _python2_pickle(rows, labels):
    """Pickle as Python 2 did, when the authors made their files: byte strings, protocol 2."""
    content = rows.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01M" + struct.pack("<H", len(rows)) + b"M\x00\x0c\x86"
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89T" + struct.pack("<i", len(content)) + content + b"tb"
    )
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}(U\x04data" + array + b"U\x06labels" + numbers + b"u."


def _write_python(folder):
    for number, name in enumerate(BATCHES):
        images, labels = _batch(number)
        (folder / name).write_bytes(_python2_pickle(_planes(images), labels.tolist()))


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (_write_binary, read_cifar_binary),
        (_write_png, read_cifar_png),
        (_write_python, read_cifar_python),
    ],
)
def test_every_version_of_cifar10_gives_the_same_arrays(tmp_path, write, read):
    write(tmp_path)
    for split, numbers in (("train", range(5)), ("test", [5])):
        data = read(tmp_path, split)
        np.testing.assert_array_equal(data.images, np.concatenate([_batch(i)[0] for i in numbers]))
        np.testing.assert_array_equal(data.labels, np.concatenate([_batch(i)[1] for i in numbers]))
        assert data.images.dtype == data.labels.dtype == np.uint8


def test_a_pickle_that_names_code_is_refused(tmp_path):
    target = tmp_path / "touched"
    call = b"cbuiltins\nopen\nX" + struct.pack("<I", len(str(target))) + str(target).encode()
    (tmp_path / "test_batch").write_bytes(b"\x80\x02" + call + b"X\x01\x00\x00\x00w\x86R.")
    with pytest.raises(InputError, match=r"test_batch.*names builtins\.open, which would run code"):
        read_cifar_python(tmp_path, "test")
    assert not target.exists()
