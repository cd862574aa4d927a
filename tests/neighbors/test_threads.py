"""Threads that share the work, and BLAS held to one thread beside them."""

from __future__ import annotations

import os

from threadpoolctl import threadpool_info, threadpool_limits

from dimscope.neighbors import thread_pool, threads_to_use


def blas_threads():
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


def test_as_many_as_asked_for_or_as_there_are_cores(monkeypatch):
    assert threads_to_use(3) == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 4, 5, 9}, raising=False)
    assert threads_to_use(None) == 4
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads_to_use(None) == 1


def test_products_take_one_thread_while_the_pool_is_open():
    with threadpool_limits(2, user_api="blas"):
        assert blas_threads() == {2}
        with thread_pool(2) as executor:
            assert executor.submit(blas_threads).result() == {1}
        assert blas_threads() == {2}
