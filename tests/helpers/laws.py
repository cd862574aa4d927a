"""Samples against the laws that they should follow."""

from __future__ import annotations

import scipy.stats


def p_value(values, law):
    """How probable a larger distance between the sample and the law is (Kolmogorov-Smirnov)."""
    return scipy.stats.kstest(values, law.cdf).pvalue
