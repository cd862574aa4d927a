"""Arguments of the wrong type name their parameter, everywhere."""

from __future__ import annotations

import inspect
from decimal import Decimal

import numpy as np
import pytest

import dimscope as ds
from dimscope import InputError, manifolds
from dimscope._parameters import check_types, checked_parameters
from dimscope.errors import InputTypeError
from dimscope.estimators import ESTIMATORS
from dimscope.tracking.schedule import AtSteps, LogThenEpochs

X = np.random.default_rng(0).normal(size=(200, 3))
GRAPH = ds.NeighborGraph.from_points(X, 20)


@checked_parameters
def told(n: int = 1, share: float | None = None, flag: bool = False, name: str = "a") -> tuple:
    return n, share, flag, name


@pytest.mark.parametrize("n", [3, np.int8(3), np.uint64(3)])
@pytest.mark.parametrize("share", [None, 1, 0.5, np.float32(0.5), np.int64(1)])
def test_numbers_of_all_kinds_are_numbers(n, share):
    assert told(n, share, np.True_) == (n, share, True, "a")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": "20"}, "n='20' must be a whole number, got str"),
        ({"n": 20.0}, "n=20.0 must be a whole number, got float: write 20"),
        ({"n": 20.5}, "n=20.5 must be a whole number, got float"),
        ({"n": float("nan")}, "n=nan must be a whole number, got float"),
        ({"n": float("inf")}, "n=inf must be a whole number, got float"),
        ({"n": True}, "n=True must be a whole number, got bool"),
        ({"n": np.True_}, "n=np.True_ must be a whole number, got bool"),
        ({"n": None}, "n=None must be a whole number, got NoneType"),
        ({"n": Decimal(3)}, r"n=Decimal\('3'\) must be a whole number"),
        ({"share": "0.5"}, "share='0.5' must be a number or None, got str"),
        ({"share": True}, "share=True must be a number or None, got bool"),
        ({"flag": 1}, "flag=1 must be True or False, got int"),
        ({"flag": "no"}, "flag='no' must be True or False, got str"),
        ({"name": 3}, "name=3 must be a string, got int"),
    ],
)
def test_a_wrong_type_names_the_parameter(given, message):
    with pytest.raises(InputTypeError, match=f"^{message}") as caught:
        told(**given)
    assert isinstance(caught.value, InputError | TypeError | ValueError)


def test_what_is_missing_or_unknown_is_python_s_to_say():
    with pytest.raises(TypeError, match="unexpected keyword argument 'm'"):
        told(m=3)


def test_types_that_are_not_looked_at_are_left_to_the_function():
    check_types({"a": "x", "b": 3}, {"a": "Sequence[int]", "b": "list[str] | int"}, __name__)
    check_types({"a": "x"}, {"a": "NoSuchName"}, __name__)


@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_every_parameter_of_every_estimator(name):
    kind = ESTIMATORS[name]
    for parameter, annotation in inspect.get_annotations(kind).items():
        if parameter in inspect.signature(kind).parameters and str(annotation) in ("int", "float"):
            for wrong in ("20", True, [20], None):
                with pytest.raises(InputTypeError, match=rf"^{parameter}=.* must be a "):
                    kind(**{parameter: wrong})
                with pytest.raises(InputTypeError, match=rf"^{parameter}=.* must be a "):
                    kind().set_params(**{parameter: wrong})
        if str(annotation) == "int":
            with pytest.raises(InputTypeError, match=rf"^{parameter}=20.0 .*: write 20"):
                kind(**{parameter: 20.0})


CALLS = {
    "n_neighbors": [
        lambda v: ds.NeighborGraph.from_points(X, v),
        lambda v: ds.NeighborGraph.from_distances(np.ones((3, 3)) - np.eye(3), v),
        lambda v: ds.smooth_local(ds.MADA().estimate_local(GRAPH), GRAPH, v),
        lambda v: ds.LevinaBickel(n_neighbors=v),
    ],
    "n_jobs": [
        lambda v: ds.estimate(X, n_jobs=v),
        lambda v: ds.NeighborGraph.from_points(X, 3, n_jobs=v),
        lambda v: ds.TwoNN().fit(X, n_jobs=v),
    ],
    "rng": [lambda v: ds.estimate(X, rng=v), lambda v: ds.scale_curve(X, rng=v)],
    "n2_max": [lambda v: ds.scale_curve(X, n2_max=v)],
    "n_samples": [
        lambda v: ds.make_manifold("M1_Sphere").sample(v, rng=0),
        lambda v: ds.profile(None, None, n_samples=v),
        lambda v: ds.Tracker(None, None, "never", n_samples=v),
    ],
    "n_repeats": [
        lambda v: ds.profile(None, None, n_repeats=v),
        lambda v: ds.Tracker(None, None, "never", n_repeats=v),
    ],
    "batch_size": [lambda v: ds.profile(None, None, batch_size=v)],
    "dimension": [lambda v: ds.make_manifold("sphere", dimension=v)],
    "every": [lambda v: LogThenEpochs(every=v)],
    "first": [lambda v: ds.Spectrum.from_points(X).power_law(v)],
}


@pytest.mark.parametrize(
    ("parameter", "call"), [(name, call) for name, calls in CALLS.items() for call in calls]
)
def test_whole_numbers_everywhere(parameter, call):
    for wrong in ("20", 20.0, True):
        with pytest.raises(InputTypeError, match=rf"^{parameter}={wrong!r} must be a whole number"):
            call(wrong)


def test_other_types_everywhere():
    with pytest.raises(InputTypeError, match=r"^tolerance='0.1' must be a number"):
        ds.scale_curve(X, tolerance="0.1")
    with pytest.raises(InputTypeError, match=r"^squared='no' must be True or False"):
        ds.NeighborGraph.from_distances(np.zeros((2, 2)), squared="no")
    with pytest.raises(InputTypeError, match=r"^standard_deviation='1' must be a number"):
        manifolds.sphere(2).with_noise("1")
    with pytest.raises(InputError, match=r"metric=5 is not known"):
        ds.estimate(X, metric=5)
    assert AtSteps(steps=(1, 2)).steps == (1, 2)
