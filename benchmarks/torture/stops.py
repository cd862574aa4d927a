"""Runs that are stopped by SIGKILL or a full disk, and started again."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import statistics
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from benchmarks.torture.cases import Case
from benchmarks.torture.steps import GROWING, Steps, counted, full, stepping
from benchmarks.torture.tally import Tally
from dimscope._log import Log
from dimscope.errors import DimscopeError


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    n_appended
        Lines that were on disk by its own account.
    how
        ``"done"``, ``"refused"`` with one of our errors, ``"killed"``, or a traceback.
    """

    n_appended: int
    how: str


class Stopped:
    """A case that is stopped again and again, each time in an empty folder.

    Attributes
    ----------
    case
        The case.
    result
        What it gives if it is left alone.
    seconds
        How long that takes.
    taken
        The steps by which it changes the disk.
    """

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self._run = case, folder / "run"
        with stepping(counted()) as steps:
            case.run(folder / "whole")
        self.result = case.result(folder / "whole")
        self.taken = steps.taken
        self.largest = max(path.stat().st_size for path in (folder / "whole").iterdir())
        self.seconds = statistics.median(self._timed(folder / f"timed-{n}") for n in range(3))

    def _timed(self, folder: Path) -> float:
        started = time.perf_counter()
        in_a_process(lambda: self.case.run(folder))
        return time.perf_counter() - started

    def stop(
        self,
        tally: Tally,
        what: str,
        prepare: Callable[[], None] = lambda: None,
        steps: Steps | None = None,
        after: float | None = None,
    ) -> bool:
        """Stop a run, judge what it left, start it again and judge the result.

        Returns
        -------
        bool
            Whether it was stopped before its end.
        """

        def act() -> None:
            prepare()
            with stepping(steps or counted()):
                self.case.run(self._run)

        ended = in_a_process(act, after)
        tally.n_tries += 1
        if ended.how not in ("done", "refused", "killed"):
            tally.add("raw tracebacks", f"{what}\n{ended.how}")
        tally.n_refused += ended.how == "refused"
        self._judge(ended, tally, what)
        shutil.rmtree(self._run, ignore_errors=True)
        return ended.how != "done"

    def _judge(self, ended: Ended, tally: Tally, what: str) -> None:
        case, run = self.case, self._run
        saved = tally.attempt(lambda: case.saved(run), what)
        if isinstance(saved, str) and not case.may_be_saved(saved, self.result):
            tally.add("mixed", f"{what}\n{saved}")
        if (run / case.journal).exists():
            n_lines = tally.attempt(lambda: case.n_recorded(run), what)
            if not isinstance(n_lines, int) or n_lines < ended.n_appended:
                tally.add("lost", f"{what}\n{n_lines} of {ended.n_appended} lines")
        again = tally.attempt(lambda: case.run(run), what)
        if isinstance(again, DimscopeError):
            tally.add("lost", f"{what}\nit does not go on: {again}")
            return
        result = tally.attempt(lambda: case.result(run), what)
        if isinstance(result, DimscopeError):
            tally.add("lost", f"{what}\n{result}")
        elif result is not None and result != self.result:
            tally.add("silently different", f"{what}\n{result}")


def random_kills(stopped: Stopped, n_kills: int, seed: int = 0) -> Tally:
    """SIGKILL at moments that are uniform in time; runs that were faster do not count."""
    tally, rng = Tally(name=f"{stopped.case.name}, SIGKILL at a random moment"), random.Random(seed)
    n_hits = 0
    while n_hits < n_kills:
        moment = rng.uniform(0, stopped.seconds)
        n_hits += stopped.stop(tally, f"after {moment:.3f} s", after=moment)
    tally.n_tries = n_hits
    return tally


def kills_at_steps(stopped: Stopped, every: int = 1) -> Tally:
    """SIGKILL at every step, or every few, by which a run changes the disk."""
    tally = Tally(name=f"{stopped.case.name}, SIGKILL while writing")
    for at in range(0, len(stopped.taken), every):
        steps = Steps(fails=lambda number, _name, at=at: number == at, error=_kill)
        stopped.stop(tally, f"at step {at}, {stopped.taken[at]}", steps=steps)
    return tally


def full_disks(stopped: Stopped, every: int = 1) -> Tally:
    """No room at every step that needs some, once or from there on; and files of limited size."""
    tally = Tally(name=f"{stopped.case.name}, full disk")
    growing = [at for at, name in enumerate(stopped.taken) if name in GROWING]
    for at in growing[::every]:
        for lasting in (False, True):
            what = f"full at step {at}, {stopped.taken[at]}, lasting: {lasting}"
            stopped.stop(tally, what, steps=full(at, lasting=lasting))
    for size in range(1, stopped.largest, max(1, stopped.largest * every // 20)):
        limit = (size, resource.RLIM_INFINITY)
        stopped.stop(
            tally,
            f"no file beyond {size} bytes",
            lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        )
    return tally


def in_a_process(act: Callable[[], None], seconds: float | None = None) -> Ended:
    """Run a function in a process of its own, which gets SIGKILL after some seconds."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            _in_child(act, writing)
        os._exit(0)
    os.close(writing)
    deadline = time.perf_counter() + (120.0 if seconds is None else seconds)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.perf_counter() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            break
        time.sleep(0.001)
    with os.fdopen(reading, "rb") as file:
        said = file.read().decode()
    n_appended = len(said) - len(said.lstrip("."))
    return Ended(n_appended=n_appended, how=said[n_appended:] or "killed")


def _in_child(act: Callable[[], None], writing: int) -> None:
    """Say on a pipe which lines are on disk, and how it ended."""
    append = Log.append

    def appended(log: Log, line: dict[str, object]) -> None:
        append(log, line)
        os.write(writing, b".")

    with mock.patch.object(Log, "append", appended):
        try:
            act()
        except DimscopeError:
            os.write(writing, b"refused")
        except BaseException:
            os.write(writing, traceback.format_exc().encode()[:30_000])
        else:
            os.write(writing, b"done")


def _kill() -> BaseException:
    os.kill(os.getpid(), signal.SIGKILL)
    return AssertionError("still alive")
