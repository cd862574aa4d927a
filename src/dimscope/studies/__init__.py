"""The papers' experiments as recipes, judged by tests over seeds, and their published numbers."""

from __future__ import annotations

from dimscope.studies.claims import Claim, decreases, vanishes
from dimscope.studies.conditions import Condition
from dimscope.studies.ends import last_moments
from dimscope.studies.published import published
from dimscope.studies.sgd_noise import STUDIES, Study, get_study, run_study

__all__ = [
    "STUDIES",
    "Claim",
    "Condition",
    "Study",
    "decreases",
    "get_study",
    "last_moments",
    "published",
    "run_study",
    "vanishes",
]
