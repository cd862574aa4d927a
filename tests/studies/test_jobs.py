"""Jobs and their record: nothing that has ended is lost, and no record is taken for another."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from dimscope.errors import InputError, StoreError, TrainingError
from dimscope.studies.jobs import Identity, read_record, run_jobs

IDENTITY = Identity(recipe="test/squares", version=2, earlier=({"experiment": "squares"},))


def job(*, number: int, out: str, fails: bool = False):
    """Leave a trace, and wait for a second process where one is asked for."""
    with open(f"{out}/started-{number}-{os.getpid()}", "w"):  # noqa: PTH123
        pass
    if fails:
        raise ZeroDivisionError("of purpose")
    if number == 99:
        time.sleep(600)
    return [{"square": number**2}]


def jobs_of(numbers, out, **fields):
    return [{"number": n, "out": str(out)} | fields for n in numbers]


@pytest.mark.parametrize("n_workers", [1, 2])
def test_one_failure_loses_nothing_else(tmp_path, n_workers):
    jobs = jobs_of(range(3), tmp_path)
    jobs[1]["fails"] = True
    with pytest.raises(TrainingError, match="of purpose"):
        run_jobs(jobs, job, tmp_path, IDENTITY, n_workers=n_workers)
    kept = (tmp_path / "runs.jsonl").read_text()
    assert '"square": 0' in kept
    del jobs[1]["fails"]
    frame = run_jobs(jobs, job, tmp_path, IDENTITY, n_workers=1)
    assert frame["square"].tolist() == [0, 1, 4]
    assert len(list(tmp_path.glob("started-0-*"))) == 1


def test_finished_runs_of_earlier_records_are_read(tmp_path):
    jobs = jobs_of([1, 2], tmp_path)
    run_jobs(jobs[:1], job, tmp_path, IDENTITY, n_workers=1)
    record = tmp_path / "runs.jsonl"
    lines = record.read_text().splitlines(keepends=True)
    record.write_text('{"experiment": "squares"}\n' + lines[1])
    frame = run_jobs(jobs, job, tmp_path, IDENTITY, n_workers=1)
    assert frame["square"].tolist() == [1, 4]
    assert len(list(tmp_path.glob("started-1-*"))) == 1


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('{"recipe": "test/cubes", "version": 2}', "runs of recipe test/cubes, version 2"),
        ('{"recipe": "test/squares", "version": 1}', "not of recipe test/squares, version 2"),
        ("[]", "another folder"),
        ("name,seed", "no record of runs"),
    ],
)  # fmt: skip
def test_other_records_are_refused(tmp_path, head, message):
    (tmp_path / "runs.jsonl").write_text(head + "\n")
    with pytest.raises(InputError, match=message):
        run_jobs([], job, tmp_path, IDENTITY, n_workers=1)
    assert (tmp_path / "runs.jsonl").read_text() == head + "\n"


def test_a_head_cut_short_does_not_count(tmp_path):
    (tmp_path / "runs.jsonl").write_text('{"recipe": "te')
    frame = run_jobs(jobs_of([3], tmp_path), job, tmp_path, IDENTITY, n_workers=1)
    assert frame["square"].tolist() == [9]


def test_a_folder_that_cannot_be_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write"):
        run_jobs([], job, tmp_path / "file", IDENTITY, n_workers=1)


SETTINGS = Identity(recipe="test/squares", version=2, settings={"rate": 0.1, "device": "cpu"})


def test_other_settings_are_refused_and_named(tmp_path):
    run_jobs(jobs_of([1], tmp_path), job, tmp_path, SETTINGS, n_workers=1)
    other = replace(SETTINGS, settings={"rate": 0.2, "device": "cpu"})
    with pytest.raises(InputError, match=r"runs with rate=0\.1 \(now 0\.2\): give"):
        run_jobs([], job, tmp_path, other, n_workers=1)
    assert len(run_jobs(jobs_of([1, 2], tmp_path), job, tmp_path, SETTINGS, n_workers=1)) == 2


def test_a_record_says_what_ended_and_how_long_it_took(tmp_path):
    run_jobs(jobs_of([1, 2], tmp_path), job, tmp_path, SETTINGS, n_workers=1)
    record = read_record(tmp_path)
    assert record.head == SETTINGS.head
    jobs = jobs_of([2, 3], tmp_path)
    assert record.frame(jobs)["square"].tolist() == [4]
    assert record.missing(jobs) == jobs[1:]
    assert record.seconds >= 0
    assert read_record(tmp_path / "nothing").rows == {}


def long_job(*, number: int, checkpoint):
    """Stop half way, the first time; go on from there."""
    if checkpoint.state is None:
        busy_until = time.process_time() + 0.2
        while time.process_time() < busy_until:
            pass
        checkpoint.write(str(number).encode())
        raise ZeroDivisionError("of purpose")
    return [{"kept": int(checkpoint.state)}]


def test_a_long_run_goes_on_from_its_state(tmp_path):
    jobs = [{"number": 7}]
    with pytest.raises(TrainingError, match="of purpose"):
        run_jobs(jobs, long_job, tmp_path, SETTINGS, keeps_state=True, n_workers=1)
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1
    frame = run_jobs(jobs, long_job, tmp_path, SETTINGS, keeps_state=True, n_workers=1)
    assert frame["kept"].tolist() == [7]
    assert read_record(tmp_path).seconds >= 0.2  # of both processes
    assert not (tmp_path / "checkpoints").exists()
