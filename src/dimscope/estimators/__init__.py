"""Estimators: small functions of a NeighborGraph or a Spectrum."""

from dimscope.estimators._base import (
    Estimator,
    NeighborEstimator,
    SpectrumEstimator,
    normal_interval,
)
from dimscope.estimators._estimate import apply_estimator, estimate, neighbors_needed
from dimscope.estimators._registry import ESTIMATORS, Method, make_estimator, make_estimators
from dimscope.estimators.correlation import CorrelationDimension, CorrelationIntegral
from dimscope.estimators.gride import Gride
from dimscope.estimators.levina_bickel import LevinaBickel
from dimscope.estimators.linear import EffectiveRank, ParticipationRatio, PCADimension, StableRank
from dimscope.estimators.mada import MADA
from dimscope.estimators.mind_ml import MiNDMLi, MiNDMLk
from dimscope.estimators.mom import MOM
from dimscope.estimators.two_nn import TwoNN, TwoNNBayes, TwoNNMLE

__all__ = [
    "ESTIMATORS",
    "MADA",
    "MOM",
    "CorrelationDimension",
    "CorrelationIntegral",
    "EffectiveRank",
    "Estimator",
    "Gride",
    "LevinaBickel",
    "Method",
    "MiNDMLi",
    "MiNDMLk",
    "NeighborEstimator",
    "PCADimension",
    "ParticipationRatio",
    "SpectrumEstimator",
    "StableRank",
    "TwoNN",
    "TwoNNBayes",
    "TwoNNMLE",
    "apply_estimator",
    "estimate",
    "make_estimator",
    "make_estimators",
    "neighbors_needed",
    "normal_interval",
]
