"""Jobs: the independent runs of a recipe, in several processes, each recorded when it ends."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from dimscope._files import remove_file
from dimscope._folder_lock import hold_folder
from dimscope._log import Log, naming_line, read_log
from dimscope._processes import orderly_exit
from dimscope._progress import progress_bars
from dimscope.errors import DimscopeError, InputError, TrainingError
from dimscope.neighbors import threads_to_use
from dimscope.results import plain
from dimscope.studies.checkpoint import Checkpoint
from dimscope.studies.interruption import workers

_NAME = "runs.jsonl"
_STATES = "checkpoints"

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
        Version of the recipe's numbers.
    settings
        What all runs of the folder have in common.
    earlier
        First lines that other versions of dimscope wrote in records of the same numbers.
    """

    recipe: str
    version: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    earlier: tuple[Mapping[str, Any], ...] = ()

    @property
    def head(self) -> dict[str, Any]:
        """The first line of a record."""
        settings = {"settings": plain(dict(self.settings))} if self.settings else {}
        return {"recipe": self.recipe, "version": self.version} | settings


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a folder records.

    Attributes
    ----------
    head
        The first line: recipe, version and settings.
    rows
        Rows of every run that has ended, by the text of its job.
    seconds
        Processor seconds that the runs took, as far as they are recorded.
    """

    head: Mapping[str, Any]
    rows: Mapping[str, Rows]
    seconds: float

    def frame(self, jobs: Sequence[Job]) -> pd.DataFrame:
        """The rows of those of ``jobs`` that have ended; each begins with its job's arguments."""
        return pd.DataFrame(
            [dict(job) | row for job in jobs for row in self.rows.get(_key(job), ())]
        )

    def missing(self, jobs: Sequence[Job]) -> list[Job]:
        """The jobs that have not ended yet."""
        return [job for job in jobs if _key(job) not in self.rows]


def read_record(out: Path) -> Record:
    """Read the record of a folder, without changing it; it is empty if there is none.

    Raises
    ------
    InputError
        If the file is no record of runs.
    StoreError
        If it cannot be read, or a line is damaged.
    """
    path = out / _NAME
    lines = read_log(path)
    return _record(path, lines[0] if lines else {}, lines[1:])


def _record(path: Path, head: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Record:
    rows: dict[str, Rows] = {}
    seconds = 0.0
    for number, line in enumerate(lines, start=2):
        with naming_line(path, number):
            rows[_key(line["job"])] = [dict(row) for row in line["rows"]]
            seconds += line.get("seconds", 0.0)
    return Record(head=head, rows=rows, seconds=seconds)


def run_jobs(  # noqa: PLR0913 - what, where, and how it is to be run
    jobs: Sequence[Job],
    run: Callable[..., Rows],
    out: Path,
    identity: Identity,
    *,
    keeps_state: bool = False,
    n_workers: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Call ``run(**job)`` for every job that ``out`` does not record yet.

    Every job that ends is recorded, with the processor seconds that it took, also if another job
    fails. The first failure is raised when no job runs any more.

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
    keeps_state
        Call ``run(**job, checkpoint=checkpoint)`` instead, with the `Checkpoint` of the run; it is
        removed when the run is recorded.
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
    states = out / _STATES if keeps_state else None
    with hold_folder(out), orderly_exit():
        path = out / _NAME
        log, lines = Log.open(path, _recorded_head(path, identity))
        record = _record(path, log.identity, lines)
        missing = record.missing(jobs)
        rows = dict(record.rows)
        with progress_bars(progress) as open_bar:
            advance = open_bar("runs")
            n_done = len(jobs) - len(missing)
            advance(n_done, len(jobs))
            work = partial(_timed, run, states)
            with closing(_results(missing, work, min(n_workers, len(missing)))) as results:
                for job, ended in results:
                    log.append({"job": job, **ended})
                    rows[_key(job)] = plain(ended["rows"])
                    if states is not None:
                        remove_file(_state_of(job, states))
                    n_done += 1
                    advance(n_done, len(jobs))
        if states is not None and states.exists() and not any(states.iterdir()):
            states.rmdir()
        return Record(head=record.head, rows=rows, seconds=record.seconds).frame(jobs)


def _timed(run: Callable[..., Rows], states: Path | None, job: Job) -> dict[str, Any]:
    """Do a run, or what is left of it; return its rows and the processor seconds that it took."""
    if states is None:
        started = time.process_time()
        rows = run(**job)
        return {"rows": rows, "seconds": round(time.process_time() - started, 2)}
    states.mkdir(exist_ok=True)
    checkpoint = Checkpoint.at(_state_of(job, states))
    rows = run(**job, checkpoint=checkpoint)
    return {"rows": rows, "seconds": round(checkpoint.seconds, 2)}


def _state_of(job: Job, states: Path) -> Path:
    return states / hashlib.sha256(_key(job).encode()).hexdigest()[:16]


def _recorded_head(path: Path, identity: Identity) -> Mapping[str, Any]:
    """The first line of the record: the one on disk if it is of ``identity``, or a new one."""
    recorded = next(iter(read_log(path)), identity.head)
    if recorded in (identity.head, *identity.earlier):
        return recorded
    is_ours = {**recorded, "settings": None} == {**identity.head, "settings": None}
    theirs, ours = dict(recorded.get("settings", {})), identity.head.get("settings", {})
    differing = [key for key in theirs | ours if theirs.get(key) != ours.get(key)]
    if is_ours and differing:
        said = ", ".join(f"{key}={theirs.get(key)!r} (now {ours.get(key)!r})" for key in differing)
        raise InputError(
            f"{path} records runs with {said}: give these settings again, or another folder"
        )
    said = ", ".join(f"{key} {value}" for key, value in recorded.items() if key != "settings")
    raise InputError(
        f"{path} records runs of {said or 'something else'}, not of recipe {identity.recipe}, "
        f"version {identity.version}: give another folder, or remove it"
    )


def _results(
    jobs: Sequence[Job], work: Callable[[Job], dict[str, Any]], n_workers: int
) -> Generator[tuple[Job, dict[str, Any]]]:
    """Yield every job with what it gave when it ends."""
    if n_workers <= 1:
        for job in jobs:
            yield job, _checked(job, partial(work, job))
        return
    failure: DimscopeError | None = None
    with workers(n_workers) as pool:
        waiting = list(reversed(jobs))
        running: dict[Future[dict[str, Any]], Job] = {}
        while running or (waiting and failure is None):
            while waiting and failure is None and len(running) < n_workers:
                job = waiting.pop()
                running[pool.submit(work, job)] = job
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                try:
                    ended = _checked(job, future.result)
                except DimscopeError as error:
                    failure = failure or error
                else:
                    yield job, ended
    if failure is not None:
        raise failure


def _checked(job: Job, result: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return result()
    except DimscopeError:
        raise
    except Exception as error:
        raise TrainingError(f"the run of {_key(job)} failed: {error or type(error)}") from error


def _key(job: Job) -> str:
    return json.dumps(plain(job), sort_keys=True)
