from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from dimscope.errors import InputError, MissingDependencyError
from dimscope.io import read_array, read_tensors

POINTS = np.arange(12, dtype=np.float32).reshape(4, 3)
TENSORS = {"a": torch.from_numpy(POINTS), "b": torch.ones(2)}


def _write(path, content=POINTS):
    frame = pd.DataFrame(content, columns=[f"x{i}" for i in range(content.shape[1])])
    writers = {
        ".npy": lambda: np.lib.format.write_array(file, content),
        ".npz": lambda: np.savez(file, points=content),
        ".pt": lambda: torch.save(torch.from_numpy(content), file),
        ".pth": lambda: torch.save({"points": torch.from_numpy(content)}, file),
        ".safetensors": lambda: save_file({"points": torch.from_numpy(content)}, path),
        ".csv": lambda: frame.to_csv(path, index=False),
        ".tsv": lambda: frame.to_csv(path, index=False, sep="\t"),
        ".parquet": lambda: frame.to_parquet(path),
    }
    with path.open("wb") as file:
        writers[path.suffix.lower()]()
    return path


ALL = [".npy", ".npz", ".pt", ".pth", ".safetensors", ".csv", ".tsv", ".parquet"]


@pytest.mark.parametrize("suffix", [*ALL, ".NPY"])
def test_every_type_gives_back_what_was_written(tmp_path, suffix):
    array = read_array(_write(tmp_path / f"points{suffix}"))
    assert isinstance(array, np.ndarray)
    np.testing.assert_array_equal(array, POINTS)


@pytest.mark.parametrize("suffix", ALL)
@pytest.mark.parametrize("keep", [0, 0.5])
def test_a_truncated_file_is_one_clear_error(tmp_path, suffix, keep):
    path = _write(tmp_path / f"points{suffix}", np.ones((400, 3), np.float32))
    content = path.read_bytes()
    if suffix in {".csv", ".tsv"}:  # half a text table is a shorter table; make it ragged instead
        content = b"" if keep == 0 else content.replace(b"1.0", b'"1', 1)
        path.write_bytes(content)
    else:
        path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(InputError, match=r"points\.") as caught:
        read_array(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ALL)
def test_a_file_of_another_type_is_an_error(tmp_path, suffix):
    path = tmp_path / f"points{suffix}"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(InputError, match=r"points\."):
        read_array(path)


def test_a_missing_file_a_folder_and_an_unknown_type_say_what_is_allowed(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_array(tmp_path / "nothing.npy")
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_array(tmp_path / "folder.npy")
    with pytest.raises(InputError, match=r"none of \.npy, \.npz.*\.parquet"):
        read_array(tmp_path / "points.mat")
    with pytest.raises(InputError, match=r"none of \.pt, \.pth, \.safetensors"):
        read_tensors(tmp_path / "points.npy")


def test_of_several_arrays_the_key_chooses_one(tmp_path):
    np.savez(tmp_path / "two.npz", a=POINTS, b=np.ones(2))
    torch.save(TENSORS, tmp_path / "two.pt")
    save_file(TENSORS, tmp_path / "two.safetensors")
    for path in sorted(tmp_path.iterdir()):
        assert read_array(path, key="b").tolist() == [1.0, 1.0]
        with pytest.raises(InputError, match=r"2 arrays \(a, b\)"):
            read_array(path)
        with pytest.raises(InputError, match=r"no array 'c'; it holds: a, b"):
            read_array(path, key="c")


@pytest.mark.parametrize("suffix", [".npy", ".pt", ".csv", ".parquet"])
def test_a_key_where_there_are_no_names_is_an_error(tmp_path, suffix):
    with pytest.raises(InputError, match="leave out key='x'"):
        read_array(_write(tmp_path / f"points{suffix}"), key="x")


def test_bfloat16_becomes_float32_and_gradients_do_not_matter(tmp_path):
    values = torch.tensor([1.5, -2.0], dtype=torch.bfloat16)
    torch.save(values, tmp_path / "b.pt")
    save_file({"x": values}, tmp_path / "b.safetensors")
    torch.save(torch.nn.Parameter(values.float()), tmp_path / "p.pt")
    for name in ("b.pt", "b.safetensors", "p.pt"):
        array = read_array(tmp_path / name)
        assert array.dtype == np.float32
        assert array.tolist() == [1.5, -2.0]


class _Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".pt"])
def test_code_in_a_file_never_runs(tmp_path, suffix):
    target, path = tmp_path / "touched", tmp_path / f"evil{suffix}"
    evil = np.array([_Touch(target)], dtype=object)
    if suffix == ".npy":
        np.save(path, evil, allow_pickle=True)
    elif suffix == ".npz":
        np.savez(path, x=evil)
    else:
        torch.save({"x": _Touch(target)}, path)
    with pytest.raises(InputError):
        read_array(path)
    assert not target.exists()


def test_a_pickle_is_told_how_to_become_a_state_dictionary(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pt")
    with pytest.raises(InputError, match="state_dict"):
        read_array(tmp_path / "model.pt")
    torch.save({"state": {"w": torch.ones(1)}}, tmp_path / "nested.pt")
    with pytest.raises(InputError, match="holds a dict where a tensor is needed"):
        read_array(tmp_path / "nested.pt")


def test_columns_that_are_not_numbers_are_named(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0], "city": ["a", "b"], "when": ["c", "d"]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        with pytest.raises(InputError, match=r"2 columns that are not numbers: city, when"):
            read_array(tmp_path / name)


def test_a_table_without_a_header_keeps_its_first_row(tmp_path):
    np.savetxt(tmp_path / "t.csv", POINTS, delimiter=",")
    np.testing.assert_array_equal(read_array(tmp_path / "t.csv"), POINTS)
    pd.DataFrame(POINTS).to_csv(tmp_path / "p.csv", index=False)  # its header is 0,1,2
    np.testing.assert_array_equal(read_array(tmp_path / "p.csv"), POINTS)
    np.savetxt(tmp_path / "t.tsv", POINTS * 0 + 1, delimiter="\t")  # equal names, were it a header
    np.testing.assert_array_equal(read_array(tmp_path / "t.tsv"), POINTS * 0 + 1)


def test_a_row_index_is_not_taken_for_a_measurement(tmp_path):
    pd.DataFrame(POINTS).to_csv(tmp_path / "t.csv")
    with pytest.raises(InputError, match=r"index=False"):
        read_array(tmp_path / "t.csv")


def test_missing_values_stay_missing(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,\n2,3\n")
    pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}).to_parquet(tmp_path / "t.parquet")
    assert np.isnan(read_array(tmp_path / "t.csv")[0, 1])
    assert np.isnan(read_array(tmp_path / "t.parquet")[1, 0])


def test_importing_it_does_not_load_torch():
    code = "import sys, dimscope.io; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_torch_only_torch_files_fail(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert read_array(_write(tmp_path / "points.npy")).shape == (4, 3)
    (tmp_path / "x.pt").write_bytes(b"x")
    with pytest.raises(MissingDependencyError, match=r"dimscope\[torch\]"):
        read_array(tmp_path / "x.pt")
