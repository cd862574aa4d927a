"""Append-only logs: what a killed run wrote counts line by line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dimscope._log import Log, read_log
from dimscope.errors import InputError, StoreError

IDENTITY = {"layers": ["a", "b"], "seed": 0}
LINES = [{"layer": "a", "value": 0.1}, {"layer": "b", "value": 1 / 3}]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "run" / "log.jsonl"


@pytest.fixture
def written(path) -> Path:
    log, _ = Log.open(path, IDENTITY)
    for line in LINES:
        log.append(line)
    return path


def test_a_new_log_has_its_identity_on_disk(path):
    log, lines = Log.open(path, IDENTITY)
    assert lines == []
    assert log.identity == IDENTITY
    assert read_log(path) == [IDENTITY]


def test_lines_come_back_in_order_and_to_the_bit(written):
    assert read_log(written) == [IDENTITY, *LINES]
    log, lines = Log.open(written, IDENTITY)
    assert lines == LINES
    log.append({"layer": "c"})
    assert Log.open(written, IDENTITY)[1] == [*LINES, {"layer": "c"}]


def test_each_line_is_on_disk_when_append_returns(path):
    log, _ = Log.open(path, IDENTITY)
    for n, line in enumerate(LINES, start=1):
        log.append(line)
        assert path.read_text().endswith("\n")
        assert len(read_log(path)) == 1 + n


def test_numpy_values_are_written_as_plain_ones(path):
    log, _ = Log.open(path, {"n": np.int64(3)})
    log.append({"value": np.float64(0.1), "rows": np.arange(2), "place": Path("x")})
    assert read_log(path) == [{"n": 3}, {"value": 0.1, "rows": [0, 1], "place": "x"}]


def test_a_log_cut_at_any_byte_keeps_its_whole_lines(written):
    content = written.read_bytes()
    for n_bytes in range(len(content) + 1):
        written.write_bytes(content[:n_bytes])
        n_whole = content[:n_bytes].count(b"\n")
        assert read_log(written) == [IDENTITY, *LINES][:n_whole]
        assert written.stat().st_size == n_bytes  # reading changes nothing
        log, lines = Log.open(written, IDENTITY)
        assert lines == LINES[: max(0, n_whole - 1)]
        log.append({"layer": "next"})
        assert read_log(written) == [IDENTITY, *lines, {"layer": "next"}]


def test_another_run_is_refused_by_the_names_of_what_differs(written):
    before = written.read_bytes()
    with pytest.raises(InputError, match=r"log\.jsonl is the journal of a run with other seed: "):
        Log.open(written, IDENTITY | {"seed": 1})
    with pytest.raises(InputError, match="other layers, metric: remove it, or give another"):
        Log.open(written, {"layers": ["a"], "seed": 0, "metric": "cosine"})
    assert written.read_bytes() == before


def test_what_is_recorded_later_must_agree_too(written):
    log, _ = Log.open(written, IDENTITY)
    log.require_same({"data_hash": "x", "more": 1}, {"data_hash": "x"})
    with pytest.raises(InputError, match="a run with other data_hash"):
        log.require_same({"data_hash": "x"}, {"data_hash": "y"})


def test_a_log_without_a_path_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Log(identity=IDENTITY).append(LINES[0])
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path, path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write to .*file"):
        Log.open(tmp_path / "file" / "log.jsonl", IDENTITY)
    log, _ = Log.open(path, IDENTITY)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(StoreError, match=r"cannot write .*log\.jsonl"):
        log.append(LINES[0])
