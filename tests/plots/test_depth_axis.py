"""Where layers stand on the horizontal axis."""

import numpy as np
from hypothesis import given, strategies as st

from dimscope.plots.depth_axis import depth_axis, spread
from dimscope.profiling import Profile


@given(st.lists(st.integers(0, 8), min_size=1, max_size=20))
def test_spread_keeps_the_order_and_separates_ties(numerators):
    depths = np.sort(numerators) / 8
    positions = spread(depths)
    assert np.all(np.diff(positions) > 0)
    assert np.all(positions >= depths)
    later = np.searchsorted(depths, depths, side="right")
    inner = later < len(depths)
    assert np.all(positions[inner] < depths[later[inner]])


def test_layers_that_models_share_stand_by_name_in_order(profile):
    axis = depth_axis(profile.to_frame("estimate"))
    names = list(dict.fromkeys(profile.frame["layer"]))
    assert [name for _, name in axis.ticks] == names
    assert axis.place(profile.to_frame("estimate").drop_duplicates("layer")) == list(range(12))


def test_networks_of_other_layers_stand_by_relative_depth(build):
    other = build("B", layers=("input", "conv1", "conv2", "fc2"))
    frame = Profile.join(build("A"), other).to_frame("estimate")
    axis = depth_axis(frame)
    assert axis.ticks == ()
    assert axis.positions["A", "conv2"] == axis.positions["B", "conv2"] == 2 / 8
    assert 1 / 8 < axis.positions["A", "pool1"] < 2 / 8


def test_many_layers_are_not_all_named(build):
    assert len(depth_axis(build("A").to_frame("estimate"), max_ticks=5).ticks) == 4
