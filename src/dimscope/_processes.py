"""Which process a folder belongs to, whether it has ended, and how one that is stopped ends."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

_STAT = re.compile(r".*\) (?P<state>\S)(?: \S+){18} (?P<started>\d+) ", re.DOTALL)
_STOPS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A process, so that another can tell whether it still runs.

    Attributes
    ----------
    host
        Name of the machine.
    pid
        Its number there, which the system gives to another process later.
    started
        When it started, in the system's own ticks; 0 where the system does not say.
    """

    host: str
    pid: int
    started: int

    @classmethod
    def this_process(cls) -> Self:
        """The process that asks."""
        return cls(host=_host(), pid=os.getpid(), started=_state(os.getpid())[1])

    def is_gone(self) -> bool:
        """Whether the process has surely ended. False for one of another machine."""
        if self.host != _host() or os.name == "nt":  # there, os.kill(pid, 0) ends the process
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:  # it runs under another user
            pass
        state, started = _state(self.pid)
        return state == "Z" or (0 not in (started, self.started) and started != self.started)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Stopped(SystemExit):
    """Raised in the main thread by SIGTERM and SIGHUP; its code is that of shells, 128 + signal.

    It is no `Exception`, as KeyboardInterrupt is none.
    """

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number
        super().__init__(self.exit_code)
        self.signal = signal.Signals(number).name


@contextmanager
def orderly_exit() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does, so that what it holds is removed.

    A handler that somebody else has set stays, as does a signal that is ignored (nohup). Nothing
    happens in threads other than the main one, which receives no signals, and in processes that
    multiprocessing made, whose pools would catch the exception and go on.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or multiprocessing.parent_process() is not None:
        yield
        return
    free = [number for number in _STOPS if signal.getsignal(number) is signal.SIG_DFL]
    stop = _handler(os.getpid())
    for number in free:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in free:
            if signal.getsignal(number) is stop:
                signal.signal(number, signal.SIG_DFL)


def _handler(pid: int) -> Callable[[int, FrameType | None], None]:
    is_stopping = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal is_stopping
        if os.getpid() != pid:  # a fork, which must not remove what is its parent's
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif not is_stopping:  # a second signal must not interrupt what the first one began
            is_stopping = True
            raise Stopped(number)

    return stop


def _host() -> str:
    return socket.gethostname()


def _state(pid: int) -> tuple[str, int]:
    """The state of a process and when it started, as Linux tells them; elsewhere "" and 0."""
    try:
        found = _STAT.match(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    return (found["state"], int(found["started"])) if found else ("", 0)
