"""Jobs: the independent runs of a recipe, in several processes, each recorded when it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from dimscope._folder_lock import hold_folder
from dimscope._log import Log, naming_line, read_log
from dimscope._processes import orderly_exit
from dimscope._progress import progress_bars
from dimscope.errors import DimscopeError, InputError, TrainingError
from dimscope.neighbors import threads_to_use
from dimscope.results import plain
from dimscope.studies.interruption import workers

_NAME = "runs.jsonl"

#: What a job returns: a row for each moment at which something was measured.
Rows = list[dict[str, Any]]
Job = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which runs a folder records. Only runs of the same identity are read back.

    dimscope's own version is not part of it, so that a release does not lose hours of work.

    Attributes
    ----------
    recipe
        Name of the recipe.
    version
        Version of the recipe's numbers: raise it when the same job no longer gives the same rows.
    earlier
        First lines that other versions of dimscope wrote in records of the same numbers.
    """

    recipe: str
    version: int
    earlier: tuple[Mapping[str, Any], ...] = ()

    @property
    def head(self) -> dict[str, Any]:
        """The first line of a record."""
        return {"recipe": self.recipe, "version": self.version}


def run_jobs(  # noqa: PLR0913 - what, where, and how it is to be run
    jobs: Sequence[Job],
    run: Callable[..., Rows],
    out: Path,
    identity: Identity,
    *,
    n_workers: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Call ``run(**job)`` for every job that ``out`` does not record yet.

    Every job that ends is recorded, also if another job fails. The first failure is raised when no
    job runs any more.

    Parameters
    ----------
    jobs
        The arguments of each job, ready for JSON.
    run
        Returns the rows of a job. It must be importable, because several workers call it in
        processes of their own.
    out
        Folder of the record.
    identity
        Which runs the folder records.
    n_workers
        Number of processes; by default one for each core.
    progress
        Show progress on stderr when that is a terminal.

    Returns
    -------
    pandas.DataFrame
        The rows of all jobs; each begins with the arguments of its job.

    Raises
    ------
    InputError
        If ``n_workers`` is below 1, or ``out`` is the record of another recipe or version of it.
    TrainingError
        If a job fails.
    StoreError
        If ``out`` cannot be written, another process uses it, or a line of its record is damaged.
    """
    if n_workers is None:
        n_workers = threads_to_use(None)
    if n_workers < 1:
        raise InputError(f"n_workers={n_workers} must be at least 1")
    with hold_folder(out), orderly_exit():
        return _run_missing(jobs, run, out, identity, n_workers, progress=progress)


def _run_missing(  # noqa: PLR0913 - as `run_jobs`
    jobs: Sequence[Job],
    run: Callable[..., Rows],
    out: Path,
    identity: Identity,
    n_workers: int,
    *,
    progress: bool,
) -> pd.DataFrame:
    log, lines = Log.open(out / _NAME, _recorded_head(out / _NAME, identity))
    done: dict[str, Rows] = {}
    for number, line in enumerate(lines, start=2):
        with naming_line(log.path, number):
            done[_key(line["job"])] = [dict(row) for row in line["rows"]]
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


def _recorded_head(path: Path, identity: Identity) -> Mapping[str, Any]:
    """The first line of the record: the one on disk if it is of ``identity``, or a new one."""
    recorded = next(iter(read_log(path)), identity.head)
    if recorded in (identity.head, *identity.earlier):
        return recorded
    said = ", ".join(f"{key} {value}" for key, value in recorded.items())
    raise InputError(
        f"{path} records runs of {said or 'something else'}, not of recipe {identity.recipe}, "
        f"version {identity.version}: give another folder, or remove it"
    )


def _results(
    jobs: Sequence[Job], run: Callable[..., Rows], n_workers: int
) -> Generator[tuple[Job, Rows]]:
    """Yield every job with its rows when it ends."""
    if n_workers <= 1:
        for job in jobs:
            yield job, _checked(job, partial(run, **job))
        return
    failure: DimscopeError | None = None
    with workers(n_workers) as pool:
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


def _key(job: Job) -> str:
    return json.dumps(plain(job), sort_keys=True)
