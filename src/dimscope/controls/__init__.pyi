"""Every name of the package, and where it lives; `__init__.py` resolves them from here."""

from .choice import (
    ControlChoice as ControlChoice,
    controls_for as controls_for,
    matched as matched,
)
from .control import Control as Control
from .family import InputFamily as InputFamily
from .inputs import (
    batch_size_of as batch_size_of,
    controls_of as controls_of,
    count_controls as count_controls,
    drawn as drawn,
    received as received,
)
from .picture import picture_directions as picture_directions, picture_family as picture_family
from .smooth import smooth_maps as smooth_maps, torus_maps as torus_maps
from .surrogate_ratio import SurrogateRatio as SurrogateRatio, surrogate_ratio as surrogate_ratio
from .surrogates import surrogate as surrogate, surrogate_draws as surrogate_draws
from .tangent_results import LayerTangents as LayerTangents, TangentSpectra as TangentSpectra
from .tangents import tangent_spectrum as tangent_spectrum, tangents_of as tangents_of
