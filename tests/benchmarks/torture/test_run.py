"""The short form of `make torture`, and that it finds what is broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.torture import mutations as changes, run
from benchmarks.torture.cases import CASES
from benchmarks.torture.stops import Stopped, kills_at_steps
from benchmarks.torture.tally import FAULTS, Tally, n_faults, summary
from dimscope import _log

STUDY = CASES[-1]


def test_nothing_is_lost_mixed_silently_different_or_a_raw_traceback() -> None:
    tallies = run.torture(n_kills=1, n_mutations=200, every=40)
    assert n_faults(tallies) == 0, summary(tallies)
    assert all(tally.n_tries for tally in tallies)
    assert sum(tally.n_tries for tally in tallies if "changed" in tally.name) == 200


def test_a_study_whose_lines_are_not_on_disk_when_it_goes_on_loses_them(tmp_path, monkeypatch):
    def forget(path: Path, line: bytes) -> None:
        path.stat()

    stopped = Stopped(STUDY, tmp_path)
    monkeypatch.setattr(_log, "append_line", forget)
    assert kills_at_steps(stopped, every=8).counts["lost"]


def test_without_checksums_changed_numbers_are_read(tmp_path, monkeypatch):
    reading = changes.readings(tmp_path)[-1]
    monkeypatch.setattr(_log, "seal_holds", lambda _found: True)
    assert changes.mutations(reading, 100).counts["silently different"]


def test_a_raw_traceback_counts_with_its_example():
    tally = Tally(name="changed")
    assert tally.attempt(lambda: json.loads("{"), "half a file") is None
    assert tally.counts == dict.fromkeys(FAULTS, 0) | {"raw tracebacks": 1}
    assert "JSONDecodeError" in summary([tally])


@pytest.mark.parametrize(("fault", "code"), [(None, 0), *((fault, 1) for fault in FAULTS)])
def test_the_exit_code_says_whether_there_was_a_fault(fault, code, monkeypatch, capsys):
    tally = Tally(name="any", n_tries=1)
    if fault is not None:
        tally.add(fault, "example")
    monkeypatch.setattr(run, "torture", lambda *_: [tally])
    monkeypatch.setattr("sys.argv", ["run"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == code
    assert "| **all** | 1 |" in capsys.readouterr().out
