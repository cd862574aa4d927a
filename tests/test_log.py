"""Append-only logs: what a killed run wrote counts line by line."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.torture.steps import Killed, counted, full, killed, stepping
from dimscope._log import Log, lines_of, read_log, set_damaged_aside
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
    with pytest.raises(InputError, match="other seed: "):
        Log.open(written, {"layers": IDENTITY["layers"]})  # as a run without seeds
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


def as_older_versions_wrote_it(path: Path) -> None:
    """Remove the number and the checksum of every line."""
    lines = [{k: v for k, v in line.items() if k not in ("line", "crc32")} for line in raw(path)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def raw(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestDamage:
    def test_every_changed_byte_is_an_error_or_the_log_of_an_earlier_moment(self, written):
        content, whole = written.read_bytes(), [IDENTITY, *LINES]
        for at in range(len(content)):
            changed = bytearray(content)
            changed[at] ^= 1 << at % 8
            written.write_bytes(changed)
            if at == len(content) - 1:  # the last newline: half a line does not count
                assert read_log(written) == whole[:-1]
                continue
            number = content[:at].count(b"\n") + 1
            with pytest.raises((InputError, StoreError), match=rf"log\.jsonl, line {number}: "):
                read_log(written)

    def test_lines_that_are_missing_doubled_or_exchanged_are_named(self, written):
        first, second, third = written.read_bytes().splitlines(keepends=True)
        for lines, said in (
            ([first, third], "line 2: written as line 3, and line 2 is not there"),
            ([first, second, second, third], "line 3: a copy of what was line 2"),
            ([first, third, second], "line 2: written as line 3"),
            ([second, third], "line 1: written as line 2, and line 1 is not there"),
        ):
            written.write_bytes(b"".join(lines))
            with pytest.raises((InputError, StoreError), match=said):
                read_log(written)

    def test_the_error_says_what_to_do(self, written):
        content = written.read_bytes()
        written.write_bytes(content.replace(b"0.1", b"0.2"))
        with pytest.raises(StoreError, match=r"line 2: .* checksum .*; `dimscope doctor .*run`"):
            Log.open(written, IDENTITY)
        written.write_bytes(content.replace(b'"seed": 0', b'"seed": 1'))
        with pytest.raises(InputError, match=r"line 1: .*give another folder, or remove the file"):
            Log.open(written, IDENTITY)

    @pytest.mark.parametrize("text", [b"\xff", b"3", b"name,seed", b"[" * 100_000, b"\x00" * 9])
    def test_whatever_stands_in_a_line(self, written, text):
        first, _, third = written.read_bytes().splitlines(keepends=True)
        written.write_bytes(first + text + b"\n" + third)
        with pytest.raises(
            StoreError, match=r"line 2: (not JSON|no JSON object), so it was changed"
        ):
            read_log(written)


class TestLogsWithoutChecksums:
    """As version 0.1 wrote them."""

    def test_they_are_read_and_go_on_with_checksums(self, written):
        as_older_versions_wrote_it(written)
        log, lines = Log.open(written, IDENTITY)
        assert lines == LINES
        log.append({"layer": "c"})
        assert read_log(written) == [IDENTITY, *LINES, {"layer": "c"}]
        assert [line.own_number for line in lines_of(written)] == [None, None, None, 4]

    def test_a_line_that_has_lost_its_checksum_is_not_taken_for_an_old_one(self, written):
        log, _ = Log.open(written, IDENTITY)
        log.append({"layer": "c"})
        content = written.read_text().splitlines(keepends=True)
        content[2] = json.dumps({"layer": "b", "value": 7}) + "\n"
        written.write_text("".join(content))
        with pytest.raises(StoreError, match="line 3: no checksum, so it was changed"):
            read_log(written)

    def test_what_is_no_json_is_named(self, written):
        as_older_versions_wrote_it(written)
        written.write_bytes(written.read_bytes().replace(b'"value"', b'"value', 1))
        with pytest.raises(StoreError, match="line 2: not JSON"):
            Log.open(written, IDENTITY)


class TestSettingAside:
    def test_the_run_goes_on_without_the_damaged_lines(self, written):
        log, _ = Log.open(written, IDENTITY)
        log.append({"layer": "c"})
        content = written.read_bytes()
        written.write_bytes(content.replace(b"0.1", b"0.2"))
        assert set_damaged_aside(written) == 1
        assert Log.open(written, IDENTITY)[1] == [LINES[1], {"layer": "c"}]
        aside = written.with_name("log.jsonl.damaged")
        assert aside.read_bytes() == content.splitlines(keepends=True)[1].replace(b"0.1", b"0.2")
        written.write_bytes(written.read_bytes().replace(b'"c"', b'"d"'))
        assert set_damaged_aside(written) == 1
        assert aside.read_bytes().count(b"\n") == 2

    def test_whole_lines_after_a_gap_are_kept(self, written):
        first, _, third = written.read_bytes().splitlines(keepends=True)
        written.write_bytes(first + third)
        assert set_damaged_aside(written) == 0
        assert read_log(written) == [IDENTITY, LINES[1]]

    def test_without_the_first_line_nothing_can_go_on(self, written):
        written.write_bytes(b"".join(written.read_bytes().splitlines(keepends=True)[1:]))
        before = written.read_bytes()
        with pytest.raises(InputError, match="line 1: written as line 2"):
            set_damaged_aside(written)
        assert written.read_bytes() == before


class TestStepsThatFail:
    @pytest.mark.parametrize("steps", [killed, lambda at: full(at, lasting=True)])
    def test_a_log_that_is_begun_is_there_or_not(self, path, steps):
        with stepping(counted()) as usual:
            Log.open(path, IDENTITY)
        for at in range(len(usual.taken)):
            path.unlink(missing_ok=True)
            with stepping(steps(at)), contextlib.suppress(Killed, StoreError):
                Log.open(path, IDENTITY)
            assert read_log(path) in ([], [IDENTITY])
            assert Log.open(path, IDENTITY)[1] == []

    def test_a_line_for_which_the_disk_had_no_room_can_be_appended_again(self, written):
        log, _ = Log.open(written, IDENTITY)
        for at in (0, 2, 3):  # to open the file, to write, and to wait for the disk
            with (
                stepping(full(at, lasting=False)),
                pytest.raises(StoreError, match=r"No space left .* make room and start the run"),
            ):
                log.append({"layer": "c"})
            assert read_log(written) == [IDENTITY, *LINES]
        log.append({"layer": "c"})
        assert read_log(written) == [IDENTITY, *LINES, {"layer": "c"}]
