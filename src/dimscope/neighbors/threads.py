"""Threads that share the work; BLAS takes one thread in each of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


def threads_to_use(n_jobs: int | None) -> int:
    """Return ``n_jobs``, or the number of cores that this process may use if it is None."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return n_jobs or (len(affinity(0)) if affinity else os.cpu_count() or 1)


@contextmanager
def thread_pool(n_jobs: int | None) -> Iterator[Executor]:
    """Open a pool of threads, and hold BLAS to one thread while it is open.

    More threads of BLAS beside those of the pool would only wait.
    """
    with (
        ThreadPoolExecutor(threads_to_use(n_jobs)) as executor,
        threadpool_limits(1, user_api="blas"),
    ):
        yield executor
