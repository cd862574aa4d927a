"""What an estimator is: a dataclass of parameters, a pure `estimate`, a `fit` that keeps it."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle
import re
from typing import Any, get_args

import numpy as np

from dimscope.errors import InputError
from dimscope.estimators import Estimator, NeighborEstimator, apply_estimator
from dimscope.neighbors import NeighborGraph
from dimscope.results import ErrorKind, Family, LocalEstimate, Note
from dimscope.spectra import Spectrum
from dimscope.testing.checks import require
from dimscope.testing.estimators._subject import (
    answer,
    cloud,
    estimate_from,
    require_close,
    require_sound,
    statistic,
)


def check_parameters_are_keyword_only_fields(estimator: Estimator) -> None:
    """It is a dataclass of keyword-only fields, all with defaults, and has a name."""
    require(dataclasses.is_dataclass(estimator), "the class is not a dataclass")
    fields = dataclasses.fields(estimator)  # type: ignore[arg-type]
    require(all(f.kw_only for f in fields), "all fields must be keyword-only")
    require(
        list(estimator.get_params()) == [f.name for f in fields],
        f"get_params gives {list(estimator.get_params())}, the fields are "
        f"{[f.name for f in fields]}",
    )
    require(isinstance(estimator.name, str) and bool(estimator.name), "it has no name")


def check_parameters_are_set_by_name(estimator: Estimator) -> None:
    """`set_params` takes what `get_params` gives, returns self and refuses unknown names."""
    parameters = estimator.get_params()
    require(estimator.set_params(**parameters) is estimator, "set_params must return self")
    require(estimator.get_params() == parameters, "set_params(**get_params()) changed something")
    try:
        estimator.set_params(no_such_parameter=1)
    except InputError as error:
        require("no_such_parameter" in str(error), f"{error} does not name what is unknown")
    else:
        raise AssertionError("set_params takes parameters that do not exist")


def check_says_what_it_is(estimator: Estimator) -> None:
    """Its title is text, its family and kind of error exist, and its error range has two ends."""
    title, family, kind = estimator.title, estimator.family, estimator.error_kind
    require(isinstance(title, str), f"title is {title!r}: give the name for people as text")
    require(
        family in get_args(Family),
        f"family is {family!r}: choose one of {', '.join(get_args(Family))}",
    )
    require(
        kind in get_args(ErrorKind),
        f"error_kind is {kind!r}: choose one of {', '.join(get_args(ErrorKind))}",
    )
    ends = estimator.block_error_range
    require(
        ends is None or (len(ends) == 2 and 0 < ends[0] <= ends[1]),
        f"block_error_range is {ends!r}: give the smallest and the largest ratio, or None",
    )


def check_settings_are_told(estimator: Estimator) -> None:
    """Equal estimators measure the same quantity; another parameter makes another quantity."""
    made = type(estimator)(**estimator.get_params())
    require(isinstance(made.setting, str), f"setting is {made.setting!r}: it must be text")
    require(
        made.quantity == estimator.quantity,
        f"an equal estimator measures {made.quantity} instead of {estimator.quantity}",
    )
    for name in estimator.get_params():
        other = copy.deepcopy(estimator)
        setattr(other, name, _Unlike())  # `set_params` refuses it
        require(
            other.quantity != estimator.quantity, f"another {name!r} leaves the setting as it is"
        )


def check_copies_are_equal(estimator: Estimator) -> None:
    """A new one of its parameters equals it and is not fitted; copies equal it and keep the fit."""
    estimator.fit(cloud(estimator))
    made = type(estimator)(**estimator.get_params())
    require(made == estimator, "type(e)(**e.get_params()) does not equal e")
    require(not hasattr(made, "dimension_"), "a new estimator has a dimension_ before any fit")
    for how, other in (
        ("deep", copy.deepcopy(estimator)),
        ("pickled", pickle.loads(pickle.dumps(estimator))),
    ):
        require(other == estimator, f"a {how} copy differs")
        require(
            vars(other).keys() == vars(estimator).keys(),
            f"a {how} copy has other attributes: it must keep the fit",
        )


def check_estimate_is_pure(estimator: Estimator) -> None:
    """`estimate` changes neither the estimator nor the statistic, and repeats itself."""
    before = copy.deepcopy(vars(estimator))
    known = statistic(estimator, cloud(estimator), more_neighbors=3)
    held = _numbers(known)
    first = estimate_from(estimator, known)
    require(vars(estimator) == before, f"estimate changed {before} to {vars(estimator)}")
    other = statistic(estimator, cloud(estimator, seed=1))
    estimate_from(estimator, other)
    again = estimate_from(estimator, known)
    require(again == first, f"two estimates of one statistic differ: {first}, then {again}")
    require(
        all(np.array_equal(a, b) for a, b in zip(held, _numbers(known), strict=True)),
        "estimate wrote into the statistic, which others share",
    )


def check_no_hidden_randomness(estimator: Estimator) -> None:
    """Two equal estimators agree to the bit, and NumPy's global generator is left alone."""
    x = cloud(estimator)
    state = np.random.get_state()  # noqa: NPY002 - the generator that must not be used
    first = answer(estimator, x)
    after = np.random.get_state()  # noqa: NPY002
    require(
        all(np.array_equal(a, b) for a, b in zip(state, after, strict=True)),
        "estimate drew from NumPy's global generator: draw from an rng of its own",
    )
    second = answer(type(estimator)(**estimator.get_params()), x)
    require(second == first, f"an equal estimator gives {second} instead of {first}")


def check_estimate_says_all(estimator: Estimator) -> None:
    """The estimate is sound and frozen, names its method and parameters, and survives JSON."""
    x = cloud(estimator)
    found = answer(estimator, x)
    require_sound(found, len(x))
    require(found.value is not None, f"no value for ordinary points: {found.notes}")
    require(found.method == estimator.name, f"method is {found.method!r}, not {estimator.name!r}")
    missing = estimator.get_params().keys() - found.parameters.keys()
    require(not missing, f"the parameters {sorted(missing)} are not in the estimate")
    fields = found.to_dict()
    require(json.loads(json.dumps(fields, allow_nan=False)) == fields, "to_dict changes in JSON")
    try:
        found.value = 1.0  # type: ignore[misc]
    except dataclasses.FrozenInstanceError:
        return
    raise AssertionError("the estimate can be changed: it must be frozen")


def check_errors_say_where_they_come_from(estimator: Estimator) -> None:
    """An estimate has the `error_kind` of its class if it has a stderr, and no kind otherwise."""
    found = answer(estimator, cloud(estimator))
    own = None if estimator.error_kind == "blocks" else estimator.error_kind
    require(
        found.error_kind == own and (found.stderr is None) == (own is None),
        f"stderr is {found.stderr} with error_kind {found.error_kind!r}, and the class has "
        f"error_kind {estimator.error_kind!r}: with an error of its own, both must be 'theory' or "
        "'posterior'; without, the class says 'blocks' and the estimate None",
    )


def check_notes_have_codes(estimator: Estimator) -> None:
    """Notes are `dimscope.results.Note`s, whose codes are words in lower case."""
    x = cloud(estimator)
    copies = np.concatenate([x, x[:60]])
    for note in (*answer(estimator, x).notes, *answer(estimator, copies).notes):
        require(
            isinstance(note, Note),
            f"the note {note!r} has no code: make it with dimscope.results.Note(code, text)",
        )
        require(
            re.fullmatch("[a-z][a-z0-9_]*", note.code) is not None,
            f"the code {note.code!r} of a note must be a word in lower case",
        )


def check_fit_keeps_the_estimate(estimator: Estimator) -> None:
    """`fit` returns self, ignores y, and keeps the estimate in attributes that end in ``_``."""
    x = cloud(estimator)
    before = dict(vars(estimator))
    found = answer(estimator, x)
    require(estimator.fit(x, np.zeros(len(x))) is estimator, "fit must return self")
    kept: Any = estimator
    if estimator.error_kind == "blocks":  # fit adds an error from blocks, and a note on it
        require(kept.estimate_.value == found.value, f"fit gives {kept.estimate_}, not {found}")
    else:  # fit adds what N can resolve
        alone = dataclasses.replace(kept.estimate_, ceiling=found.ceiling)
        require(alone == found, f"estimate_ is {kept.estimate_}, estimate gives {found}")
    require(kept.dimension_ == found.value, "dimension_ is not the estimate's value")
    require(kept.n_features_in_ == x.shape[1], f"n_features_in_ is {kept.n_features_in_}")
    added = vars(estimator).keys() - before.keys()
    require(all(name.endswith("_") for name in added), f"fit sets {sorted(added)}")
    require(
        all(vars(estimator)[name] == value for name, value in before.items()),
        "fit changes parameters",
    )


def check_only_its_statistic_is_taken(estimator: Estimator) -> None:
    """It refuses the other family's statistic and too few neighbours with an InputError."""
    x = cloud(estimator)
    of_neighbors = isinstance(estimator, NeighborEstimator)
    wrong = Spectrum.from_points(x) if of_neighbors else NeighborGraph.from_points(x, 2)
    _require_input_error(lambda: apply_estimator(estimator, wrong), "the other family's statistic")
    if isinstance(estimator, NeighborEstimator) and estimator.n_neighbors_needed > 1:
        short = NeighborGraph.from_points(x, estimator.n_neighbors_needed - 1)
        _require_input_error(lambda: estimator.estimate(short), "a graph of too few neighbours")


def check_more_neighbors_change_nothing(estimator: NeighborEstimator) -> None:
    """A graph with more neighbours than are needed gives the same value, to 1e-9."""
    x = cloud(estimator)
    found = estimate_from(estimator, statistic(estimator, x, more_neighbors=20))
    wanted = answer(estimator, x)
    require_close(found.value or 0.0, wanted.value or 0.0, 1e-9, "with 20 neighbours more")
    require(found.notes == wanted.notes, f"with more neighbours the notes change to {found.notes}")


def check_given_distances_agree(estimator: NeighborEstimator) -> None:
    """A graph from given distances has the same value to 1e-12, or is refused."""
    x = cloud(estimator)
    everything = NeighborGraph.from_points(x, len(x) - 1)
    distances = np.zeros((len(x), len(x)))
    np.put_along_axis(distances, everything.indices, everything.distances, axis=1)
    given = NeighborGraph.from_distances(distances, estimator.n_neighbors_needed)
    try:
        found = estimator.estimate(given)
    except InputError as error:
        require("points" in str(error), f"{error} does not say that the points are needed")
        return
    wanted = answer(estimator, x)
    require_close(found.value or 0.0, wanted.value or 0.0, 1e-12, "from given distances")


def check_local_estimates(estimator: NeighborEstimator) -> None:
    """`estimate_local`, if it exists, gives a dimension or nan for each point, and is pure."""
    local = getattr(estimator, "estimate_local", None)
    if local is None:
        return
    x = cloud(estimator)
    graph = NeighborGraph.from_points(x, estimator.n_neighbors_needed)
    before = dict(vars(estimator))
    found = local(graph)
    require(isinstance(found, LocalEstimate), f"it gave a {type(found).__name__}")
    require(found.values.shape == (len(x),), f"values of shape {found.values.shape}")
    known = found.values[~np.isnan(found.values)]
    require(len(known) > 0, "no point has a dimension")
    require(bool((known > 0).all()), f"a value of {known.min():g}: unknown is nan, never 0")
    require(vars(estimator) == before, "estimate_local changed the estimator")


def check_is_documented(estimator: Estimator) -> None:
    """The docstrings name a source with its year, every parameter, and the cost."""
    text = inspect.getdoc(type(estimator)) or ""
    module = inspect.getmodule(type(estimator))
    source = text + ((module.__doc__ or "") if module else "")
    require(re.search(r"\b(19|20)\d\d\b", source) is not None, "no source with its year")
    require("Cost:" in text, "the class does not say what it costs ('Cost: ...')")
    missing = [name for name in estimator.get_params() if name not in text]
    require(not missing, f"the parameters {missing} are not described")


class _Unlike:
    """Equal to no parameter."""


def _require_input_error(call: Any, what: str) -> None:
    try:
        call()
    except InputError:
        return
    raise AssertionError(f"{what} must be refused with an InputError")


def _numbers(known: NeighborGraph | Spectrum) -> list[np.ndarray]:
    if isinstance(known, NeighborGraph):
        return [known.distances.copy(), known.indices.copy(), known.original_rows.copy()]
    return [known.eigenvalues.copy(), known.matrix.copy()]
