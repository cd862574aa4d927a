"""The sets that are held out can be made by their names."""

from benchmarks.accuracy.samples import dimensions, manifold
from dimscope.manifolds import HELD_OUT


def test_every_set_that_is_held_out_can_be_made():
    known = dimensions(list(HELD_OUT))
    assert set(known) == set(HELD_OUT)
    assert manifold("swiss_roll").name == "swiss_roll"
