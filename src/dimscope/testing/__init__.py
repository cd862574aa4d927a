"""Checks that any estimator, store or engine can run, ours or a third party's; no pytest needed."""

from dimscope.testing.checks import Check
from dimscope.testing.engines import check_engine, engine_checks
from dimscope.testing.estimators import check_estimator, estimator_checks
from dimscope.testing.stores import check_store, store_checks

__all__ = [
    "Check",
    "check_engine",
    "check_estimator",
    "check_store",
    "engine_checks",
    "estimator_checks",
    "store_checks",
]
