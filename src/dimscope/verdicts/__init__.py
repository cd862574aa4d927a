"""What the tables of a measurement allow to be said, in words, each with its figures.

The rules are pure functions of `dimscope.results.Tables`; a verdict is a row of the table
``verdicts``.
"""

from __future__ import annotations

from dimscope.verdicts.comparison import LEVEL, MARGIN, SCATTER
from dimscope.verdicts.judging import RULES, judged, verdicts_of, without_verdicts
from dimscope.verdicts.words import SpokenVerdict, spoken_verdicts

__all__ = [
    "LEVEL",
    "MARGIN",
    "RULES",
    "SCATTER",
    "SpokenVerdict",
    "judged",
    "spoken_verdicts",
    "verdicts_of",
    "without_verdicts",
]
