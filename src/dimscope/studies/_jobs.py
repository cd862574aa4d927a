"""Independent parts of an experiment, in several processes, each recorded as it ends."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.profiling.journal import Log
from dimscope.profiling.progress import progress_bars
from dimscope.results import plain

_NAME = "runs.jsonl"

#: What a job gives: a row for each moment at which something was measured.
Rows = list[dict[str, Any]]


def run_jobs(
    jobs: Sequence[Mapping[str, Any]],
    run: Callable[..., Rows],
    out: Path,
    *,
    n_workers: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Call ``run(**job)`` for every job that ``out`` does not record yet; all rows as one frame.

    A job is its arguments, ready for JSON; they begin each of its rows. ``run`` must be importable,
    as it is called in processes of their own if there are several workers.

    Raises
    ------
    InputError
        If ``n_workers`` is below 1.
    StoreError
        If ``out`` cannot be written.
    """
    n_workers = n_workers or min(len(jobs), os.cpu_count() or 1)
    if n_workers < 1:
        raise InputError(f"n_workers={n_workers} must be at least 1")
    identity = {"experiment": f"{run.__module__}.{run.__qualname__}"}
    log, lines = Log.open(out / _NAME, identity)
    done: dict[str, Rows] = {_key(line["job"]): line["rows"] for line in lines}
    missing = [job for job in jobs if _key(job) not in done]

    def record(job: Mapping[str, Any], rows: Rows) -> None:
        log.append({"job": job, "rows": rows})
        done[_key(job)] = plain(rows)

    with progress_bars(progress) as open_bar:
        advance = open_bar("runs")
        advance(len(jobs) - len(missing), len(jobs))
        if n_workers == 1:
            for job in missing:
                record(job, run(**job))
                advance(len(done), len(jobs))
        elif missing:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(n_workers, context, _share_cores, (n_workers,)) as pool:
                futures = {pool.submit(run, **job): job for job in missing}
                try:
                    for future in as_completed(futures):
                        record(futures[future], future.result())
                        advance(len(done), len(jobs))
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
    return pd.DataFrame([dict(job) | row for job in jobs for row in done[_key(job)]])


def _share_cores(n_workers: int) -> None:
    import torch  # noqa: PLC0415 - in the worker only

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // n_workers))


def _key(job: Mapping[str, Any]) -> str:
    return json.dumps(plain(job), sort_keys=True)
