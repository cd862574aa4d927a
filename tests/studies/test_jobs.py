"""Jobs in several processes: nothing that has ended is lost, and no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from dimscope.errors import InputError, TrainingError
from dimscope.studies.jobs import run_jobs


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
        run_jobs(jobs, job, tmp_path, n_workers=n_workers)
    kept = (tmp_path / "runs.jsonl").read_text()
    assert '"square": 0' in kept
    del jobs[1]["fails"]
    frame = run_jobs(jobs, job, tmp_path, n_workers=1)
    assert frame["square"].tolist() == [0, 1, 4]
    assert len(list(tmp_path.glob("started-0-*"))) == 1


def test_other_experiments_are_refused(tmp_path):
    run_jobs(jobs_of([1], tmp_path), job, tmp_path, n_workers=1)
    with pytest.raises(InputError, match="other experiment"):
        run_jobs([], print, tmp_path, n_workers=1)


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from test_jobs import job, jobs_of
from dimscope.studies.jobs import run_jobs
if __name__ == "__main__":
    out = Path(sys.argv[1])
    run_jobs(jobs_of([1, 99, 98], out), job, out, n_workers=2)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopping_keeps_what_has_ended_and_leaves_no_process(tmp_path, how):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(here=os.path.dirname(__file__)))  # noqa: PTH120
    run = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stderr=subprocess.PIPE, text=True
    )
    log = tmp_path / "runs.jsonl"
    until(lambda: log.exists() and log.read_text().count("\n") == 3)  # its head, and two jobs
    run.send_signal(how)
    error = run.communicate(timeout=120)[1]
    pids = {int(path.name.rsplit("-", 1)[1]) for path in tmp_path.glob("started-*")}
    until(lambda: not any(is_alive(pid) for pid in pids))
    if how == signal.SIGINT:
        assert error.count("Traceback") == 1  # the script's own KeyboardInterrupt


def until(holds, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"
