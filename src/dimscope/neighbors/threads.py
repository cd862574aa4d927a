"""Threads that share work, each with products of one thread only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


def threads_to_use(n_jobs: int | None) -> int:
    """The cores that this process may use, unless told."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return n_jobs or (len(affinity(0)) if affinity else os.cpu_count() or 1)


@contextmanager
def thread_pool(n_jobs: int | None) -> Iterator[Executor]:
    """Threads to give parts of the work to.

    While they run, a product takes one thread: threads of BLAS beside them would only wait.
    """
    with (
        ThreadPoolExecutor(threads_to_use(n_jobs)) as executor,
        threadpool_limits(1, user_api="blas"),
    ):
        yield executor
