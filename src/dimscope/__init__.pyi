"""Every name of the facade, and where it lives; `__init__.py` resolves them from here."""

from . import (
    losses as losses,
    manifolds as manifolds,
    noise as noise,
    phases as phases,
    studies as studies,
    tracking as tracking,
    training as training,
)
from .calibration import (
    ResponseCurve as ResponseCurve,
    calibrate as calibrate,
    response_curve as response_curve,
    samples_needed as samples_needed,
)
from .capture import LayerInfo as LayerInfo, layer_names as layer_names
from .controls import (
    surrogate as surrogate,
    surrogate_ratio as surrogate_ratio,
    tangent_spectrum as tangent_spectrum,
)
from .data import NamedData as NamedData, load_data as load_data
from .errors import DimscopeError as DimscopeError, InputError as InputError
from .estimators import (
    ABID as ABID,
    ABIDE as ABIDE,
    BID as BID,
    CAPCA as CAPCA,
    ESS as ESS,
    I3D as I3D,
    MADA as MADA,
    MOM as MOM,
    TLE as TLE,
    AlphaReQ as AlphaReQ,
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
    RankMe as RankMe,
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
from .losses import DimensionLoss as DimensionLoss, DimensionMetric as DimensionMetric
from .manifolds import Manifold as Manifold, make_manifold as make_manifold
from .models import load_model as load_model
from .neighbors import NeighborGraph as NeighborGraph, TimeWindow as TimeWindow
from .profiling import Profile as Profile, profile as profile
from .results import (
    DimensionEstimate as DimensionEstimate,
    LocalEstimate as LocalEstimate,
    Plateau as Plateau,
    ScaleCurve as ScaleCurve,
    ScaleCurves as ScaleCurves,
)
from .spectra import Spectrum as Spectrum
from .tracking import Tracker as Tracker

__version__: str
