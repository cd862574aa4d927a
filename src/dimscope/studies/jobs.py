"""Independent parts of an experiment, in several processes, each recorded as it ends."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

import pandas as pd

from dimscope import __version__
from dimscope._log import Log
from dimscope._progress import progress_bars
from dimscope.errors import DimscopeError, InputError, TrainingError
from dimscope.neighbors import threads_to_use
from dimscope.results import plain

_NAME = "runs.jsonl"

#: What a job gives: a row for each moment at which something was measured.
Rows = list[dict[str, Any]]
Job = Mapping[str, Any]


def run_jobs(
    jobs: Sequence[Job],
    run: Callable[..., Rows],
    out: Path,
    *,
    n_workers: int,
    progress: bool = True,
) -> pd.DataFrame:
    """Call ``run(**job)`` for every job that ``out`` does not record yet; all rows as one frame.

    A job is its arguments, ready for JSON; they begin each of its rows. ``run`` must be importable,
    as it is called in processes of their own if there are several workers. What has ended is
    recorded, also when another job fails; the first failure is raised when no job runs any more.

    Raises
    ------
    InputError
        If ``n_workers`` is below 1, or ``out`` is the record of another experiment or version.
    TrainingError
        If a job fails.
    StoreError
        If ``out`` cannot be written.
    """
    if n_workers < 1:
        raise InputError(f"n_workers={n_workers} must be at least 1")
    identity = {"experiment": f"{run.__module__}.{run.__qualname__}", "version": __version__}
    log, lines = Log.open(out / _NAME, identity)
    done: dict[str, Rows] = {_key(line["job"]): line["rows"] for line in lines}
    missing = [job for job in jobs if _key(job) not in done]
    with progress_bars(progress) as open_bar:
        advance = open_bar("runs")
        n_done = len(jobs) - len(missing)
        advance(n_done, len(jobs))
        with closing(_results(missing, run, min(n_workers, len(missing)))) as results:
            for job, rows in results:
                log.append({"job": job, "rows": rows})
                done[_key(job)] = plain(rows)
                n_done += 1
                advance(n_done, len(jobs))
    return pd.DataFrame([dict(job) | row for job in jobs for row in done[_key(job)]])


def _results(
    jobs: Sequence[Job], run: Callable[..., Rows], n_workers: int
) -> Generator[tuple[Job, Rows]]:
    """Every job with its rows as it ends."""
    if n_workers <= 1:
        for job in jobs:
            yield job, _checked(job, partial(run, **job))
        return
    failure: DimscopeError | None = None
    with _workers(n_workers) as pool:
        waiting = list(reversed(jobs))
        running: dict[Future[Rows], Job] = {}
        while running or (waiting and failure is None):
            while waiting and failure is None and len(running) < n_workers:
                job = waiting.pop()
                running[pool.submit(run, **job)] = job
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                try:
                    rows = _checked(job, future.result)
                except DimscopeError as error:
                    failure = failure or error
                else:
                    yield job, rows
    if failure is not None:
        raise failure


def _checked(job: Job, result: Callable[[], Rows]) -> Rows:
    try:
        return result()
    except DimscopeError:
        raise
    except Exception as error:
        raise TrainingError(f"the run of {_key(job)} failed: {error or type(error)}") from error


@contextmanager
def _workers(n: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with this one, whichever way it ends, and leave Ctrl-C to it."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    in_main = threading.current_thread() is threading.main_thread()
    pool = ProcessPoolExecutor(n, context, _begin_worker, (n,))
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_main else None
    try:
        for _ in range(n):  # a process starts with the first submissions, and inherits the above
            pool.submit(os.getpid)
    finally:
        if in_main:
            signal.signal(signal.SIGINT, handler)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_worker(n_workers: int) -> None:
    import torch  # noqa: PLC0415 - in the worker only

    torch.set_num_threads(max(1, threads_to_use(None) // n_workers))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _key(job: Job) -> str:
    return json.dumps(plain(job), sort_keys=True)
