"""Estimators: small functions of a NeighborGraph or a Spectrum."""

from dimscope.estimators._shared.base import (
    Estimator,
    NeighborEstimator,
    SpectrumEstimator,
    apply_estimator,
)
from dimscope.estimators._shared.notes import graph_notes
from dimscope.estimators.abid import ABID
from dimscope.estimators.abide import ABIDE, adaptive_neighbors
from dimscope.estimators.alpha_req import AlphaReQ
from dimscope.estimators.bid import BID
from dimscope.estimators.binomial import Binomial
from dimscope.estimators.ca_pca import CAPCA
from dimscope.estimators.consensus import Consensus
from dimscope.estimators.correlation_dimension import CorrelationDimension
from dimscope.estimators.correlation_integral import CorrelationIntegral
from dimscope.estimators.danco import DANCo
from dimscope.estimators.effective_rank import EffectiveRank
from dimscope.estimators.ess import ESS
from dimscope.estimators.estimating import estimate
from dimscope.estimators.external import External
from dimscope.estimators.fisher_s import FisherS
from dimscope.estimators.geodesic import Geodesic
from dimscope.estimators.gride import Gride
from dimscope.estimators.hidalgo import Hidalgo, Mixture
from dimscope.estimators.i3d import I3D
from dimscope.estimators.knn_graph_dimension import KNNGraphDimension
from dimscope.estimators.levina_bickel import LevinaBickel
from dimscope.estimators.local import local_by_row, smooth_local
from dimscope.estimators.local_pca import LocalPCA
from dimscope.estimators.mada import MADA
from dimscope.estimators.mind_mli import MiNDMLi
from dimscope.estimators.mind_mlk import MiNDMLk
from dimscope.estimators.mom import MOM
from dimscope.estimators.mst_dimension import MSTDimension
from dimscope.estimators.participation_ratio import ParticipationRatio
from dimscope.estimators.pca_dimension import PCADimension
from dimscope.estimators.rankme import RankMe
from dimscope.estimators.registry import (
    ESTIMATORS,
    Method,
    make_estimator,
    make_estimators,
    quantity_of,
)
from dimscope.estimators.scale_curves import decimation, scale_curve
from dimscope.estimators.stable_rank import StableRank
from dimscope.estimators.tle import TLE
from dimscope.estimators.two_nn import TwoNN
from dimscope.estimators.two_nn_bayes import TwoNNBayes
from dimscope.estimators.two_nn_mle import TwoNNMLE
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
    "AlphaReQ",
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
    "RankMe",
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
    "graph_notes",
    "local_by_row",
    "make_estimator",
    "make_estimators",
    "neighbors_needed",
    "quantity_of",
    "scale_curve",
    "smooth_local",
]
