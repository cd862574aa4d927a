"""Estimators by name: the one place that lists them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeGuard, cast

from dimscope.errors import InputError
from dimscope.estimators._shared.base import Estimator
from dimscope.estimators.abid import ABID
from dimscope.estimators.abide import ABIDE
from dimscope.estimators.binomial import Binomial
from dimscope.estimators.ca_pca import CAPCA
from dimscope.estimators.consensus import Consensus
from dimscope.estimators.correlation import CorrelationDimension, CorrelationIntegral
from dimscope.estimators.danco import DANCo
from dimscope.estimators.discrete import BID, I3D
from dimscope.estimators.ess import ESS
from dimscope.estimators.external import External, is_external
from dimscope.estimators.fisher_s import FisherS
from dimscope.estimators.geodesic import Geodesic
from dimscope.estimators.graph_length import KNNGraphDimension, MSTDimension
from dimscope.estimators.gride import Gride
from dimscope.estimators.hidalgo import Hidalgo
from dimscope.estimators.levina_bickel import LevinaBickel
from dimscope.estimators.linear import EffectiveRank, ParticipationRatio, PCADimension, StableRank
from dimscope.estimators.local_pca import LocalPCA
from dimscope.estimators.mada import MADA
from dimscope.estimators.mind_ml import MiNDMLi, MiNDMLk
from dimscope.estimators.mom import MOM
from dimscope.estimators.tle import TLE
from dimscope.estimators.two_nn import TwoNN, TwoNNBayes, TwoNNMLE
from dimscope.results import Quantity

ESTIMATORS: Mapping[str, Callable[[], Estimator]] = {
    cls.name: cls
    for cls in (
        TwoNN,
        TwoNNMLE,
        TwoNNBayes,
        Gride,
        LevinaBickel,
        MOM,
        MADA,
        MiNDMLk,
        MiNDMLi,
        CorrelationIntegral,
        CorrelationDimension,
        LocalPCA,
        ABID,
        TLE,
        ESS,
        MSTDimension,
        KNNGraphDimension,
        Geodesic,
        Binomial,
        ABIDE,
        I3D,
        BID,
        DANCo,
        Hidalgo,
        CAPCA,
        FisherS,
        Consensus,
        ParticipationRatio,
        PCADimension,
        StableRank,
        EffectiveRank,
    )
}


class Fittable(Protocol):
    """An estimator of another library, such as scikit-dimension's, which `External` runs."""

    def fit(self, x: Any, /) -> Any:
        """Leave the dimension of ``x`` in ``dimension_``."""


Method = str | Estimator | Fittable | type[Estimator] | type[Fittable]


def make_estimator(method: Method) -> Estimator:
    """The estimator of that name or class with its defaults; an estimator passes through.

    Another library's is made an `External`.

    Raises
    ------
    InputError
        If the name is not known.
    """
    made = method() if isinstance(method, type) and is_external(method) else method
    if isinstance(made, Estimator):
        return made
    if is_external(made):
        return External(estimator=made)
    if not isinstance(made, str) or made not in ESTIMATORS:
        near = difflib.get_close_matches(str(made), ESTIMATORS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"unknown method {made!r}: choose from {', '.join(ESTIMATORS)}{hint}")
    return ESTIMATORS[made]()


def make_estimators(methods: Method | Sequence[Method]) -> dict[str, Estimator]:
    """Estimators by name, in the order given.

    Raises
    ------
    InputError
        If there is none, a name is not known, or one occurs twice.
    """
    listed = [methods] if is_one_method(methods) else list(cast("Sequence[Method]", methods))
    if not listed:
        raise InputError(f"no method given: choose from {', '.join(ESTIMATORS)}")
    made: dict[str, Estimator] = {}
    for estimator in map(make_estimator, listed):
        if estimator.name in made:
            raise InputError(f"method {estimator.name!r} is given twice: give each method once")
        made[estimator.name] = estimator
    return made


def is_one_method(methods: Method | Sequence[Method]) -> TypeGuard[Method]:
    """Whether this is a method, in place of a sequence of methods."""
    return isinstance(methods, str | type) or is_external(methods)


def quantity_of(method: str) -> Quantity:
    """What the method of that name measures; another library's is taken to be intrinsic."""
    if method in ESTIMATORS:
        return make_estimator(method).quantity
    return Quantity.of(method, "intrinsic", title=method if "." in method else "")
