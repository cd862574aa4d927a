"""Expansion and compression: found where they are, and not where they are not."""

import numpy as np
import pytest

from dimscope import phases
from dimscope.errors import InputError
from dimscope.phases import find_phases
from dimscope.profiling import Profile

HUMP = np.array([10.0, 14.0, 19.0, 25.0, 24.0, 17.0, 12.0, 8.0])
NAMES = list("abcdefgh")


def test_the_hunchback_is_expansion_then_compression():
    found = find_phases(NAMES, HUMP, 0.03 * HUMP)
    assert found.verdict == "expansion, compression"
    up, down = found.phases
    assert (up.start, up.end, down.start, down.end) == ("a", "d", "d", "h")
    assert up.ratio == pytest.approx(2.5)
    assert down.ratio == pytest.approx(8 / 25)
    assert up.ratio_interval[0] < 2.5 < up.ratio_interval[1]
    assert up.end_interval in {("d", "d"), ("d", "e")}
    assert up.start_interval == ("a", "a")


@pytest.mark.statistical
def test_the_interval_of_a_ratio_is_that_of_its_two_ends():
    values = np.array([5.0, 10.0, 20.0, 40.0])  # far apart: the fit passes through every point
    (phase,) = find_phases([0, 1, 2, 3], values, 0.02 * values, max_phases=1).phases
    half_width = np.log(phase.ratio_interval[1] / phase.ratio_interval[0]) / 2
    assert half_width == pytest.approx(1.96 * np.hypot(0.02, 0.02), rel=0.12)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("truth", "verdict"),
    [
        (np.full(12, 10.0), "flat"),
        (np.linspace(5, 15, 12), "expansion"),
        (np.repeat([20.0, 8.0], 6), "compression"),
        (np.array([9.0, 7, 5, 4, 5, 7, 9, 11]), "compression, expansion"),
    ],
)
def test_verdicts_hold_in_nearly_all_of_many_noisy_curves(truth, verdict):
    rng = np.random.default_rng(0)
    right = 0
    for seed in range(30):
        values = truth * np.exp(0.05 * rng.standard_normal(len(truth)))
        found = find_phases(range(len(truth)), values, 0.05 * values, rng=seed)
        right += found.verdict == verdict
    assert right >= 27


def test_large_error_bars_and_scatter_make_it_flat():
    assert find_phases(NAMES, HUMP, 0.6 * HUMP).verdict == "flat"
    assert find_phases(NAMES, HUMP, 0.03 * HUMP, scatter=0.6).verdict == "flat"
    assert str(find_phases(NAMES, HUMP, 0.6 * HUMP)) == "curve: flat within its error bars"


def test_units_and_direction_change_only_what_they_should():
    one = find_phases(NAMES, HUMP, 0.03 * HUMP)
    other = find_phases(NAMES, 7 * HUMP, 7 * 0.03 * HUMP)
    mirrored = find_phases(NAMES[::-1], HUMP[::-1], 0.03 * HUMP[::-1])
    assert [p.ratio for p in other.phases] == pytest.approx([p.ratio for p in one.phases])
    assert mirrored.verdict == "expansion, compression"
    assert mirrored.phases[0].ratio == pytest.approx(1 / one.phases[1].ratio)


def test_points_without_an_error_bar_are_left_out_and_counted():
    stderrs = 0.03 * HUMP
    stderrs[1] = np.nan
    found = find_phases(NAMES, HUMP, stderrs)
    assert (found.n_points, found.n_left_out) == (7, 1)
    assert found.notes == ("Points without a value or an error bar were left out.",)
    with pytest.raises(InputError, match="3 points have a value and an error bar"):
        find_phases(NAMES, np.where(np.arange(8) < 4, HUMP, np.nan), stderrs)


@pytest.mark.parametrize("option", [{"alpha": 0}, {"scatter": -1}, {"max_phases": 0}])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(InputError, match="must be 0 or more"):
        find_phases(NAMES, HUMP, 0.03 * HUMP, **option)


@pytest.fixture
def profile() -> Profile:
    """A network of eight layers whose hunchback grows while the last layer is compressed."""
    rows = []
    for place, step in enumerate([0, 1, 10, 100, 1000]):
        values = 10 * (HUMP / 10) ** (place / 4)
        for index, (layer, value) in enumerate(zip(NAMES, values, strict=True)):
            row = {"model": "net", "step": step, "layer": layer, "layer_index": index}
            row |= {"relative_depth": index / 7, "n_features": 50, "n_blocks": 1}
            row |= {"n_samples": 1000, "n_duplicates": 0, "curve": "estimate", "method": "two_nn"}
            rows.append(row | {"value": value, "stderr": 0.02 * value})
    return Profile.from_rows(rows, {})


def test_depth_at_the_first_step_is_flat_and_at_the_last_a_hunchback(profile):
    assert phases.through_depth(profile, step=0).verdict == "flat"
    last = phases.through_depth(profile)
    assert last.curve == "through depth, step 1,000"
    assert last.verdict == "expansion, compression"


def test_layers_have_phases_through_training(profile):
    assert phases.through_training(profile, "h").verdict == "compression"
    middle = phases.through_training(profile, "d")
    assert middle.verdict == "expansion"
    assert (middle.phases[0].start, middle.phases[0].end) == (0, 1000)


def test_unknown_layers_methods_and_models_are_refused(profile):
    with pytest.raises(InputError, match="layer 'x': choose from a, b"):
        phases.through_training(profile, "x")
    with pytest.raises(InputError, match="method 'gride': choose from two_nn"):
        phases.through_depth(profile, "gride")
    with pytest.raises(InputError, match="model 'x': choose from net"):
        phases.through_depth(profile, model="x")


def test_controls_are_not_taken_for_the_data():
    def row(layer, value, **columns):
        return {
            "model": "net", "layer": str(layer), "layer_index": layer, "n_features": 100,
            "curve": "estimate", "method": "two_nn", "n_samples": 500, "value": value,
            "stderr": 0.02 * value, **columns,
        }  # fmt: skip

    hump = [row(i, value) for i, value in enumerate([10.0, 20.0, 30.0, 20.0, 10.0])]
    control = [row(i, 5.0 + 20 * (i % 2), sample="affine_d8") for i in range(5)]
    both = phases.through_depth(Profile.from_rows([*hump, *control], {}))
    assert both == phases.through_depth(Profile.from_rows(hump, {}))
    assert both.n_points == 5
