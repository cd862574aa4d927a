"""What happens to a study that is stopped: by Ctrl-C, by a kill, by a run that fails.

Ctrl-C stops the main process; workers ignore it. The main process ends all workers at once and
raises KeyboardInterrupt, which the command line turns into one line and exit code 130
(`dimscope.cli.main`). SIGTERM and SIGHUP do the same, with exit code 143 or 129
(`dimscope._processes`). When the main process is killed, its workers notice and end. When a run
fails, the other runs in progress finish first; then the failure is raised.

In each case the runs that have ended are on disk (`dimscope.studies.jobs`), and those that Ctrl-C
or a kill stopped are lost. A study that is started again in the same folder repeats the lost runs
and goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait

from dimscope.neighbors import threads_to_use


@contextmanager
def workers(n: int) -> Iterator[ProcessPoolExecutor]:
    """Start processes that ignore Ctrl-C and end when this process ends, however it ends."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    in_main = threading.current_thread() is threading.main_thread()
    pool = ProcessPoolExecutor(n, context, _begin, (n,))
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_main else None
    try:
        for _ in range(n):  # each submission starts a process, which inherits the handler
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


def _begin(n_workers: int) -> None:
    import torch  # noqa: PLC0415 - in the worker only

    torch.set_num_threads(max(1, threads_to_use(None) // n_workers))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
