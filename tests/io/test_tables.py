"""Tables as people and programs write them: separators, headers, columns of lists."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from dimscope.cli.main import run
from dimscope.errors import InputError
from dimscope.io import read_array, read_labelled

RNG = np.random.default_rng(0)
X = np.sin(RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 8))).astype(np.float32)
NAMES = [f"x {i}" for i in range(8)]


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t", " ", ", ", "   "])
@pytest.mark.parametrize("header", ["", "names", "quoted", "comment"])
def test_every_separator_with_and_without_a_header(tmp_path, suffix, separator, header):
    path = tmp_path / f"x{suffix}"
    names = [name.replace(" ", "_") for name in NAMES]
    if header == "quoted" and separator.strip():
        names = [f'"{name}"' for name in NAMES]
    np.savetxt(
        path,
        X,
        delimiter=separator,
        header=separator.join(names) if header else "",
        comments="# " if header == "comment" else "",
    )
    np.testing.assert_array_equal(read_array(path).astype(np.float32), X)


@pytest.mark.parametrize(
    ("first", "below", "n"),
    [
        ("0,1,2", "0.5,1,2", 1),
        ("1,2,3", "0.5,1,2", 1),
        ("400,410,420", "0.1,0.2,0.3", 1),  # wavelengths
        ("1,2,3", "4,5,7", 2),  # all may be data
        ("400,410,430", "0.1,0.2,0.3", 2),
        ("1,2", "0.5,0.7", 2),  # two numbers are always at equal steps
        ("3,2,1", "0.5,0.1,0.2", 2),
    ],
)
def test_a_header_of_numbers(tmp_path, first, below, n):
    (tmp_path / "x.csv").write_text(f"{first}\n{below}\n")
    assert len(read_array(tmp_path / "x.csv")) == n


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,5;2,5\n3,5;4,5\n", r"commas inside numbers \('1,5'\).* sep=';', decimal=','"),
        ("a;b\n1,5;2\n3;4,5\n", r"commas inside numbers \('1,5'\)"),
        ("1,5 2,5\n3,5 4,5\n", r"commas inside numbers \('1,5'\)"),
        ('a,b\n"1,234",2\n', r"commas inside numbers \('1,234'\)"),
        ("a b\nr1 1 2\nr2 3 4\n", r"has 2 names and the row below it 3 cells.* row.names=FALSE"),
        ('a,b\n1,"[0.1, 0.2]"\n', r"not numbers: b; write lists to .parquet or .npy"),
        ("# a comment\n\n", "holds no lines"),
    ],
)
def test_what_would_be_misread_is_refused(tmp_path, text, message):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_array(tmp_path / "x.csv")


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.float32()), pa.large_list(pa.float32()), pa.list_(pa.float32(), 8)],
    ids=str,
)
def test_a_column_of_lists_in_parquet_is_a_matrix_of_their_type(tmp_path, kind):
    table = pa.table({"emb": pa.array(X.tolist(), type=kind)})
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    array = read_array(tmp_path / "x.parquet")
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, X)


def test_the_key_chooses_a_column_of_lists(tmp_path):
    path = tmp_path / "x.parquet"
    table = pd.DataFrame({"id": range(200), "emb": list(X), "doc": np.arange(200) // 2})
    table.to_parquet(path)
    np.testing.assert_array_equal(read_array(path, key="emb"), X)
    with pytest.raises(InputError, match=r"lists in emb, among 3 columns; .* \(--key emb\)"):
        read_array(path)
    with pytest.raises(InputError, match="holds no lists in 'id'; it holds them in emb"):
        read_array(path, key="id")
    columns, labels = read_labelled(path, "doc", key="emb")
    np.testing.assert_array_equal(np.stack(columns["emb"].to_numpy()), X)
    assert labels.tolist() == (np.arange(200) // 2).tolist()


def test_a_ragged_list_is_named_by_its_row(tmp_path):
    rows = [row.tolist() for row in X]
    rows[7].pop()
    pd.DataFrame({"emb": rows}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(
        InputError, match=r"row 7 has shape \(7,\) where 199 of 200 rows have shape"
    ):
        read_array(tmp_path / "x.parquet")


def test_the_command_line_reads_lists_and_points_out_an_id(tmp_path, capsys):
    table = pd.DataFrame(X).add_prefix("f")
    table.assign(id=np.arange(200)).to_csv(tmp_path / "x.csv", index=False, sep=";")
    pd.DataFrame({"emb": list(X), "id": range(200)}).to_parquet(tmp_path / "x.parquet")
    np.save(tmp_path / "x.npy", X)
    assert run(["estimate", str(tmp_path / "x.csv")]) == 0
    assert "Column 'id' holds another whole number in every row" in capsys.readouterr().err
    assert run(["estimate", str(tmp_path / "x.npy")]) == 0
    right = capsys.readouterr()
    assert run(["estimate", str(tmp_path / "x.parquet"), "--key", "emb"]) == 0
    assert capsys.readouterr() == right


def test_whole_numbers_beyond_float64_are_exact_at_the_command_line_only(tmp_path, capsys):
    x = RNG.integers(0, 10**6, (200, 2))
    np.save(tmp_path / "small.npy", x)
    assert run(["estimate", str(tmp_path / "small.npy")]) == 0
    right = capsys.readouterr().out
    for name in ("x.csv", "x.parquet"):
        table = pd.DataFrame(x + 2**60, columns=["a", "b"])
        path = tmp_path / name
        table.to_csv(path, index=False) if name == "x.csv" else table.to_parquet(path)
        assert run(["estimate", str(path)]) == 0
        assert capsys.readouterr().out == right
        with pytest.raises(InputError, match=r"beyond 2\^53, which float64 rounds"):
            read_array(path)
