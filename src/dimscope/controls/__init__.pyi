"""Every name of the package, and where it lives; `__init__.py` resolves them from here."""

from .family import InputFamily as InputFamily
from .tangent_results import LayerTangents as LayerTangents, TangentSpectra as TangentSpectra
from .tangents import tangent_spectrum as tangent_spectrum, tangents_of as tangents_of
