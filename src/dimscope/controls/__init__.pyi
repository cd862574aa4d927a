"""Every name of the package, and where it lives; `__init__.py` resolves them from here."""

from .family import InputFamily as InputFamily
from .surrogate_ratio import (
    SurrogateRatio as SurrogateRatio,
    surrogate_ratio as surrogate_ratio,
)
from .surrogates import surrogate as surrogate, surrogate_draws as surrogate_draws
