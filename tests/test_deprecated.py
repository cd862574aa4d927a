"""Old names: they work, and the warning names the new one at the line that uses the old."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import sys
import types
import warnings

import pytest
from sklearn.base import BaseEstimator, clone

from dimscope._deprecated import moved_names, renamed_parameters

SEED = r"seed= is deprecated: use rng=; dimscope 0\.3 will remove the old name"


@renamed_parameters(seed="rng", device="search_device")
def draw(n, *, rng=0, search_device=None):
    """Return its arguments."""
    return n, rng, search_device


@renamed_parameters(seed="rng")
class Plain(BaseEstimator):
    def __init__(self, n=1, rng=0):
        self.n, self.rng = n, rng

    @classmethod
    @renamed_parameters(seed="rng")
    def twice(cls, n, *, rng=0):
        return cls(2 * n, rng)


class Child(Plain):
    pass


@renamed_parameters(seed="rng")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Data(BaseEstimator):
    n: int = 1
    rng: int = 0


CALLS = {
    "function": lambda **names: draw(4, **names)[1],
    "class": lambda **names: Plain(4, **names).rng,
    "subclass": lambda **names: Child(4, **names).rng,
    "dataclass": lambda **names: Data(n=4, **names).rng,
    "classmethod": lambda **names: Plain.twice(4, **names).rng,
    "classmethod of a subclass": lambda **names: Child.twice(4, **names).rng,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_old_name_warns_and_does_as_the_new_one(call):
    with pytest.warns(DeprecationWarning, match=SEED) as caught:
        assert call(seed=3) == 3
    assert len(caught) == 1


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_new_name_and_the_default_do_not_warn(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert call(rng=3) == 3
        assert call() == 0


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_warning_points_to_the_caller(call):
    with pytest.warns(DeprecationWarning, match="seed=") as caught:
        call(seed=3)
    assert caught[0].filename == __file__
    assert caught[0].lineno == call.__code__.co_firstlineno


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_both_names_are_refused(call):
    with pytest.raises(TypeError, match="seed and rng are the same: give rng alone"):
        call(seed=3, rng=3)


def test_several_old_names_warn_one_by_one():
    with pytest.warns(DeprecationWarning, match="seed=|device=") as caught:
        assert draw(4, seed=3, device="cpu") == (4, 3, "cpu")
    assert sorted(str(one.message).split("=")[0] for one in caught) == ["device", "seed"]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_other_mistakes_are_pythons_own(call):
    with pytest.raises(TypeError, match="unexpected keyword argument 'sead'"):
        call(sead=3)


def test_signatures_show_the_new_names_only():
    assert list(inspect.signature(draw).parameters) == ["n", "rng", "search_device"]
    for cls in (Plain, Child, Data):
        assert list(inspect.signature(cls).parameters) == ["n", "rng"]
    assert list(inspect.signature(Plain.twice).parameters) == ["n", "rng"]
    assert (draw.__name__, draw.__doc__) == ("draw", "Return its arguments.")


@pytest.mark.parametrize("cls", [Plain, Child, Data])
def test_sklearn_clones_and_sets_the_new_names(cls):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy = clone(cls(n=4, rng=3))
        assert copy.get_params() == {"n": 4, "rng": 3}
        assert type(copy) is cls
        pickled = pickle.loads(pickle.dumps(copy))
    assert pickled.get_params() == {"n": 4, "rng": 3}


def test_a_dataclass_stays_one():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Data(n=4, rng=3) == dataclasses.replace(Data(n=4), rng=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Data().rng = 2
    with pytest.warns(DeprecationWarning, match=SEED):
        assert repr(Data(seed=3)) == repr(Data(rng=3))


def test_the_old_attribute_of_a_dataclass_reads_and_writes_the_new_one():
    @renamed_parameters(seed="rng")
    @dataclasses.dataclass
    class Changeable:
        rng: int = 0

    one = Changeable(rng=3)
    with pytest.warns(DeprecationWarning, match=r"\.seed is deprecated: use \.rng") as caught:
        assert one.seed == 3
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match=r"\.seed is deprecated: use \.rng") as caught:
        one.seed = 4
    assert caught[0].filename == __file__
    assert one == Changeable(rng=4)
    assert list(dataclasses.asdict(one)) == ["rng"]


def test_moved_names_are_found_and_warn_at_the_caller(monkeypatch):
    old, home = types.ModuleType("old_home"), types.ModuleType("new_home")
    home.thing = object()
    old.__getattr__ = moved_names("old_home", {"thing": "new_home"})
    monkeypatch.setitem(sys.modules, "new_home", home)
    with pytest.warns(DeprecationWarning, match=r"old_home\.thing .* new_home\.thing") as caught:
        assert old.thing is home.thing
    assert caught[0].filename == __file__
    with pytest.raises(AttributeError, match="module 'old_home' has no attribute 'other'"):
        _ = old.other
