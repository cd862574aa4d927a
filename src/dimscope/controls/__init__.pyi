"""Every name of the package, and where it lives; `__init__.py` resolves them from here."""

from .family import InputFamily as InputFamily
