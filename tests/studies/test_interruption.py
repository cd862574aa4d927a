"""A study that is stopped: nothing that has ended is lost, and no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from test_jobs import IDENTITY, job, jobs_of
from dimscope.studies.jobs import run_jobs
if __name__ == "__main__":
    out = Path(sys.argv[1])
    run_jobs(jobs_of([1, 99, 98], out), job, out, IDENTITY, n_workers=2)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
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
    if how == signal.SIGTERM:
        assert (run.returncode, error) == (143, "")


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
