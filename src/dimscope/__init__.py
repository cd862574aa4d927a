"""dimscope: the geometry of what a neural network has learned, and how far to believe it.

Importing dimscope loads neither torch nor matplotlib: each name below is resolved on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from dimscope.capture import LayerInfo as LayerInfo
    from dimscope.capture import layer_names as layer_names
    from dimscope.data import load_data as load_data
    from dimscope.errors import DimscopeError as DimscopeError
    from dimscope.errors import InputError as InputError
    from dimscope.estimators import EffectiveRank as EffectiveRank
    from dimscope.estimators import Gride as Gride
    from dimscope.estimators import LevinaBickel as LevinaBickel
    from dimscope.estimators import ParticipationRatio as ParticipationRatio
    from dimscope.estimators import PCADimension as PCADimension
    from dimscope.estimators import TwoNN as TwoNN
    from dimscope.estimators import TwoNNBayes as TwoNNBayes
    from dimscope.estimators import TwoNNMLE as TwoNNMLE
    from dimscope.estimators import estimate as estimate
    from dimscope.models import load_model as load_model
    from dimscope.neighbors import NeighborGraph as NeighborGraph
    from dimscope.profiling import profile as profile
    from dimscope.results import DimensionEstimate as DimensionEstimate
    from dimscope.results import LocalEstimate as LocalEstimate
    from dimscope.results import Profile as Profile
    from dimscope.results import ScaleCurve as ScaleCurve
    from dimscope.spectra import Spectrum as Spectrum

_HOMES = {
    "layer_names": "capture",
    "LayerInfo": "capture",
    "load_data": "data",
    "load_model": "models",
    "estimate": "estimators",
    "TwoNN": "estimators",
    "TwoNNMLE": "estimators",
    "TwoNNBayes": "estimators",
    "Gride": "estimators",
    "LevinaBickel": "estimators",
    "ParticipationRatio": "estimators",
    "PCADimension": "estimators",
    "EffectiveRank": "estimators",
    "NeighborGraph": "neighbors",
    "profile": "profiling",
    "DimensionEstimate": "results",
    "LocalEstimate": "results",
    "Profile": "results",
    "ScaleCurve": "results",
    "Spectrum": "spectra",
    "DimscopeError": "errors",
    "InputError": "errors",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dimscope' has no attribute {name!r}")
    return getattr(import_module(f"dimscope.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
