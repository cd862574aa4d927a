"""dimscope: the geometry of what a neural network has learned, and how far to believe it.

Importing dimscope loads neither torch nor matplotlib: each name below is resolved on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from dimscope import (
        manifolds as manifolds,
        phases as phases,
        studies as studies,
        training as training,
    )
    from dimscope.capture import LayerInfo as LayerInfo, layer_names as layer_names
    from dimscope.data import NamedData as NamedData, load_data as load_data
    from dimscope.errors import DimscopeError as DimscopeError, InputError as InputError
    from dimscope.estimators import (
        ABID as ABID,
        ABIDE as ABIDE,
        BID as BID,
        CAPCA as CAPCA,
        ESS as ESS,
        I3D as I3D,
        MADA as MADA,
        MOM as MOM,
        TLE as TLE,
        Binomial as Binomial,
        Consensus as Consensus,
        CorrelationDimension as CorrelationDimension,
        CorrelationIntegral as CorrelationIntegral,
        DANCo as DANCo,
        EffectiveRank as EffectiveRank,
        External as External,
        FisherS as FisherS,
        Geodesic as Geodesic,
        Gride as Gride,
        Hidalgo as Hidalgo,
        KNNGraphDimension as KNNGraphDimension,
        LevinaBickel as LevinaBickel,
        LocalPCA as LocalPCA,
        MiNDMLi as MiNDMLi,
        MiNDMLk as MiNDMLk,
        MSTDimension as MSTDimension,
        ParticipationRatio as ParticipationRatio,
        PCADimension as PCADimension,
        StableRank as StableRank,
        TwoNN as TwoNN,
        TwoNNBayes as TwoNNBayes,
        TwoNNMLE as TwoNNMLE,
        adaptive_neighbors as adaptive_neighbors,
        estimate as estimate,
        local_by_row as local_by_row,
        scale_curve as scale_curve,
        smooth_local as smooth_local,
    )
    from dimscope.manifolds import Manifold as Manifold, make_manifold as make_manifold
    from dimscope.models import load_model as load_model
    from dimscope.neighbors import NeighborGraph as NeighborGraph
    from dimscope.profiling import profile as profile
    from dimscope.results import (
        DimensionEstimate as DimensionEstimate,
        LocalEstimate as LocalEstimate,
        Profile as Profile,
        ScaleCurve as ScaleCurve,
    )
    from dimscope.scales import Plateau as Plateau, ScaleCurves as ScaleCurves
    from dimscope.spectra import Spectrum as Spectrum
    from dimscope.training import (
        DimensionLoss as DimensionLoss,
        DimensionMetric as DimensionMetric,
        Tracker as Tracker,
    )

_NAMES = {
    "capture": "LayerInfo layer_names",
    "data": "NamedData load_data",
    "errors": "DimscopeError InputError",
    "estimators": "ABID ABIDE BID Binomial CAPCA Consensus CorrelationDimension "
    "CorrelationIntegral DANCo ESS EffectiveRank External FisherS Geodesic Gride "
    "Hidalgo I3D KNNGraphDimension LevinaBickel LocalPCA MADA MOM MSTDimension "
    "MiNDMLi MiNDMLk PCADimension ParticipationRatio StableRank TLE TwoNN "
    "TwoNNBayes TwoNNMLE estimate adaptive_neighbors local_by_row scale_curve "
    "smooth_local",
    "manifolds": "Manifold make_manifold",
    "models": "load_model",
    "neighbors": "NeighborGraph",
    "profiling": "profile",
    "results": "DimensionEstimate LocalEstimate Profile ScaleCurve",
    "scales": "Plateau ScaleCurves",
    "spectra": "Spectrum",
    "training": "DimensionLoss DimensionMetric Tracker",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}
_MODULES = {"manifolds", "phases", "studies", "training"}

__all__ = ["__version__", *sorted({*_HOMES, *_MODULES})]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"dimscope.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'dimscope' has no attribute {name!r}")
    return getattr(import_module(f"dimscope.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
