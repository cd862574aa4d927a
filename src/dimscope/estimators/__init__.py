"""Estimators: small functions of a NeighborGraph or a Spectrum."""

from dimscope.estimators._base import (
    Estimator,
    NeighborEstimator,
    SpectrumEstimator,
    normal_interval,
)
from dimscope.estimators._estimate import apply_estimator, estimate, neighbors_needed
from dimscope.estimators._registry import ESTIMATORS, Method, make_estimator, make_estimators
from dimscope.estimators.binomial import Binomial
from dimscope.estimators.ca_pca import CAPCA
from dimscope.estimators.danco import DANCo
from dimscope.estimators.discrete import BID, I3D
from dimscope.estimators.fisher_s import FisherS
from dimscope.estimators.gride import Gride
from dimscope.estimators.hidalgo import Hidalgo, Mixture
from dimscope.estimators.levina_bickel import LevinaBickel
from dimscope.estimators.linear import EffectiveRank, ParticipationRatio, PCADimension
from dimscope.estimators.two_nn import TwoNN, TwoNNBayes, TwoNNMLE

__all__ = [
    "BID",
    "CAPCA",
    "ESTIMATORS",
    "I3D",
    "Binomial",
    "DANCo",
    "EffectiveRank",
    "Estimator",
    "FisherS",
    "Gride",
    "Hidalgo",
    "LevinaBickel",
    "Method",
    "Mixture",
    "NeighborEstimator",
    "PCADimension",
    "ParticipationRatio",
    "SpectrumEstimator",
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
