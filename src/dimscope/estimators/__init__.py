"""Estimators: small functions of a NeighborGraph or a Spectrum."""

from dimscope.estimators._shared.base import (
    Estimator,
    NeighborEstimator,
    SpectrumEstimator,
    apply_estimator,
)
from dimscope.estimators.abid import ABID
from dimscope.estimators.abide import ABIDE, adaptive_neighbors
from dimscope.estimators.arrays import estimate
from dimscope.estimators.binomial import Binomial
from dimscope.estimators.ca_pca import CAPCA
from dimscope.estimators.consensus import Consensus
from dimscope.estimators.correlation import CorrelationDimension, CorrelationIntegral
from dimscope.estimators.danco import DANCo
from dimscope.estimators.discrete import BID, I3D
from dimscope.estimators.ess import ESS
from dimscope.estimators.external import External
from dimscope.estimators.fisher_s import FisherS
from dimscope.estimators.geodesic import Geodesic
from dimscope.estimators.graph_length import KNNGraphDimension, MSTDimension
from dimscope.estimators.gride import Gride
from dimscope.estimators.hidalgo import Hidalgo, Mixture
from dimscope.estimators.levina_bickel import LevinaBickel
from dimscope.estimators.linear import EffectiveRank, ParticipationRatio, PCADimension, StableRank
from dimscope.estimators.local import local_by_row, smooth_local
from dimscope.estimators.local_pca import LocalPCA
from dimscope.estimators.mada import MADA
from dimscope.estimators.mind_ml import MiNDMLi, MiNDMLk
from dimscope.estimators.mom import MOM
from dimscope.estimators.registry import (
    ESTIMATORS,
    Method,
    make_estimator,
    make_estimators,
    quantity_of,
)
from dimscope.estimators.scale_curves import decimation, scale_curve
from dimscope.estimators.tle import TLE
from dimscope.estimators.two_nn import TwoNN, TwoNNBayes, TwoNNMLE
from dimscope.measurement import ErrorBar, block_error, block_levels, neighbors_needed

__all__ = [
    "ABID",
    "ABIDE",
    "BID",
    "CAPCA",
    "ESS",
    "ESTIMATORS",
    "I3D",
    "MADA",
    "MOM",
    "TLE",
    "Binomial",
    "Consensus",
    "CorrelationDimension",
    "CorrelationIntegral",
    "DANCo",
    "EffectiveRank",
    "ErrorBar",
    "Estimator",
    "External",
    "FisherS",
    "Geodesic",
    "Gride",
    "Hidalgo",
    "KNNGraphDimension",
    "LevinaBickel",
    "LocalPCA",
    "MSTDimension",
    "Method",
    "MiNDMLi",
    "MiNDMLk",
    "Mixture",
    "NeighborEstimator",
    "PCADimension",
    "ParticipationRatio",
    "SpectrumEstimator",
    "StableRank",
    "TwoNN",
    "TwoNNBayes",
    "TwoNNMLE",
    "adaptive_neighbors",
    "apply_estimator",
    "block_error",
    "block_levels",
    "decimation",
    "estimate",
    "local_by_row",
    "make_estimator",
    "make_estimators",
    "neighbors_needed",
    "quantity_of",
    "scale_curve",
    "smooth_local",
]
