"""Progress on stderr, shown only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

#: Called with the amount done and the total; the total is None if it is not known.
Advance = Callable[[float, float | None], None]


@contextmanager
def progress_bars(shown: bool) -> Iterator[Callable[[str], Advance]]:
    """Yield a function that opens a bar with a title, and returns the function that moves it."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not (shown and sys.stderr.isatty()),
    )

    def open_bar(title: str) -> Advance:
        task = bars.add_task(title, total=None)
        return lambda done, total: bars.update(task, completed=done, total=total)

    with bars:
        yield open_bar


@contextmanager
def live_line(shown: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that replaces a line on stderr; other output is not redirected."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _: None
        return
    with Live(
        console=Console(stderr=True),
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
        vertical_overflow="crop",
    ) as live:
        yield lambda line: live.update(Text(line, no_wrap=True, overflow="ellipsis"), refresh=True)
