"""Checks that any estimator, ours or a third party's, can run against itself; no pytest needed."""

from dimscope.testing.run import Check, check_estimator, estimator_checks

__all__ = ["Check", "check_estimator", "estimator_checks"]
