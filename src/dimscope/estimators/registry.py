"""Estimators by name: the one place that lists them, with those that other packages offer."""

from __future__ import annotations

import difflib
import functools
import importlib
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeGuard, cast

from dimscope.errors import InputError
from dimscope.estimators._shared.base import Estimator
from dimscope.estimators.external import External, is_external
from dimscope.results import Quantity, raw_method

#: Packages that have estimators name them in this group of entry points.
ENTRY_POINTS = "dimscope.estimators"

#: Our own: the name, which is also that of the module, and the class.
_OURS: Mapping[str, str] = {
    "two_nn": "TwoNN",
    "two_nn_mle": "TwoNNMLE",
    "two_nn_bayes": "TwoNNBayes",
    "gride": "Gride",
    "levina_bickel": "LevinaBickel",
    "mom": "MOM",
    "mada": "MADA",
    "mind_mlk": "MiNDMLk",
    "mind_mli": "MiNDMLi",
    "correlation_integral": "CorrelationIntegral",
    "correlation_dimension": "CorrelationDimension",
    "local_pca": "LocalPCA",
    "abid": "ABID",
    "tle": "TLE",
    "ess": "ESS",
    "mst_dimension": "MSTDimension",
    "knn_graph_dimension": "KNNGraphDimension",
    "geodesic": "Geodesic",
    "binomial": "Binomial",
    "abide": "ABIDE",
    "i3d": "I3D",
    "bid": "BID",
    "danco": "DANCo",
    "hidalgo": "Hidalgo",
    "ca_pca": "CAPCA",
    "fisher_s": "FisherS",
    "consensus": "Consensus",
    "participation_ratio": "ParticipationRatio",
    "pca_dimension": "PCADimension",
    "stable_rank": "StableRank",
    "effective_rank": "EffectiveRank",
    "rankme": "RankMe",
    "alpha_req": "AlphaReQ",
}


class _Registry(Mapping[str, type[Estimator]]):
    """Our own estimators, then those of other packages, which are only looked for when needed."""

    def __getitem__(self, name: str) -> type[Estimator]:
        if name in _OURS:
            module = importlib.import_module(f"dimscope.estimators.{name}")
            return cast("type[Estimator]", getattr(module, _OURS[name]))
        return _of_other_packages()[name]

    def __iter__(self) -> Iterator[str]:
        yield from _OURS
        yield from _of_other_packages()

    def __len__(self) -> int:
        return len(_OURS) + len(_of_other_packages())

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {cls.__name__}' for name, cls in self.items())}}}"


#: The classes of all estimators by name: ours, and those in the entry points of other packages.
ESTIMATORS: Mapping[str, type[Estimator]] = _Registry()


@functools.cache
def _of_other_packages() -> Mapping[str, type[Estimator]]:
    """Load what the entry points of installed packages name; warn of each that cannot be used."""
    found: dict[str, type[Estimator]] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        if entry.name in _OURS or entry.name in found:
            _warn(entry, "another estimator has that name already")
            continue
        try:
            loaded = entry.load()
        except Exception as error:  # whatever importing another package raises
            _warn(entry, f"{type(error).__name__}: {error}")
            continue
        if not (isinstance(loaded, type) and issubclass(loaded, Estimator)):
            _warn(entry, "it is no class derived from NeighborEstimator or SpectrumEstimator")
        elif getattr(loaded, "name", None) != entry.name:
            own = getattr(loaded, "name", None)
            _warn(entry, f"its class has the name {own!r}: give both one name")
        else:
            found[entry.name] = loaded
    return found


def _warn(entry: EntryPoint, fault: str) -> None:
    package = f"the package {entry.dist.name}" if entry.dist else "another package"
    warnings.warn(
        f"the estimator {entry.name!r} of {package} ({entry.value}) cannot be used: {fault}",
        RuntimeWarning,
        stacklevel=2,
    )


class Fittable(Protocol):
    """An estimator of another library, such as scikit-dimension's, which `External` runs."""

    def fit(self, x: Any, /) -> Any:
        """Leave the dimension of ``x`` in ``dimension_``."""


Method = str | Estimator | Fittable | type[Estimator] | type[Fittable]


def make_estimator(method: Method) -> Estimator:
    """The estimator of that name or class with its defaults; an estimator passes through.

    An estimator of another library becomes an `External`.

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

    A method that is given with several settings has the changed parameters in its keys, such as
    ``"gride(n1=4)"`` beside ``"gride"``.

    Raises
    ------
    InputError
        If there is none, a name is not known, or one occurs twice with the same setting.

    Examples
    --------
    >>> from dimscope import Gride
    >>> list(make_estimators(["two_nn", Gride(n1=1), Gride(n1=4)]))
    ['two_nn', 'gride(n1=1)', 'gride(n1=4)']
    """
    listed = [methods] if is_one_method(methods) else list(cast("Sequence[Method]", methods))
    if not listed:
        raise InputError(f"no method given: choose from {', '.join(ESTIMATORS)}")
    estimators = [make_estimator(method) for method in listed]
    settings_of = Counter(estimator.name for estimator in estimators)
    made: dict[str, Estimator] = {}
    for estimator in estimators:
        name = estimator.name
        key = estimator.quantity.key if settings_of[name] > 1 else name
        if key in made:
            raise InputError(
                f"method {key!r} is given twice: give each method once, or with other settings"
            )
        made[key] = estimator
    return made


def is_one_method(methods: Method | Sequence[Method]) -> TypeGuard[Method]:
    """Whether this is a method, in place of a sequence of methods."""
    return isinstance(methods, str | type) or is_external(methods)


def quantity_of(method: str) -> Quantity:
    """What the method of that name measures; another library's is taken to be intrinsic.

    A method that calibrates the values of another has the family in its setting, not in its name.
    """
    if (raw := raw_method(method)) is not None:
        return quantity_of(raw).calibrated()
    if method in ESTIMATORS:
        return make_estimator(method).quantity
    return Quantity.of(method, "intrinsic", title=method if "." in method else "")
