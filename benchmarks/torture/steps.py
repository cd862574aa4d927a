"""Every step by which dimscope changes the disk, counted; at one of them something happens."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dimscope import _files

CHANGING = ("open", "write", "fsync", "ftruncate", "replace", "unlink")
GROWING = ("open", "write", "fsync")  # these need room on the disk


class Killed(BaseException):
    """Stands for SIGKILL within a process: no later step changes the disk, nor does a clean-up."""


@dataclass(kw_only=True)
class Steps:
    """Stands in for the module `os` in `dimscope._files`.

    Attributes
    ----------
    fails
        Whether a step fails, by its number and name. Half of a write that fails is written.
    error
        What it fails with.
    taken
        The names of the steps so far.
    """

    fails: Callable[[int, str], bool]
    error: Callable[[], BaseException]
    taken: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        function = getattr(os, name)
        if name not in CHANGING:
            return function

        def step(*args: Any) -> Any:
            if name == "unlink" and not os.path.exists(args[0]):  # noqa: PTH110
                return function(*args)  # changes nothing
            number = len(self.taken)
            self.taken.append(name)
            if not self.fails(number, name):
                return function(*args)
            if name == "write" and not any(map(self.fails, range(number), self.taken)):
                os.write(args[0], args[1][: len(args[1]) // 2])
            raise self.error()

        return step


@contextmanager
def stepping(steps: Steps) -> Iterator[Steps]:
    """Take the steps of dimscope's files through ``steps``."""
    usual = _files.os
    _files.os = steps  # type: ignore[assignment]
    try:
        yield steps
    finally:
        _files.os = usual


def counted() -> Steps:
    """Steps that all succeed."""
    return Steps(fails=lambda _number, _name: False, error=Killed)


def killed(at: int) -> Steps:
    """The process is killed at step ``at``."""
    return Steps(fails=lambda number, _name: number >= at, error=Killed)


def full(at: int, *, lasting: bool) -> Steps:
    """The disk is full at step ``at``, and stays so if that is lasting."""
    return Steps(
        fails=lambda number, name: name in GROWING and (number == at or (lasting and number > at)),
        error=lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    )
