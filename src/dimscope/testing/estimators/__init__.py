"""The checks of estimators: contract, invariance, sets of known dimension, bad input."""

from dimscope.testing.estimators.suite import check_estimator, estimator_checks

__all__ = ["check_estimator", "estimator_checks"]
