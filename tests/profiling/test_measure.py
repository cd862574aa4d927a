"""One layer's rows: error bars, curves, and layers that cannot be measured."""

import numpy as np
import pandas as pd
import pytest

from dimscope.estimators import TwoNN
from dimscope.neighbors import NeighborGraph
from dimscope.profiling import DEFAULT_METHODS, Profile, make_settings, measure_layer
from dimscope.profiling.measured import rows_of
from dimscope.results import Subject

SETTINGS = make_settings(DEFAULT_METHODS, metric="euclidean", n_repeats=3, rng=0)


def frame_of(x: np.ndarray, settings=SETTINGS) -> pd.DataFrame:
    subject = Subject(model="net", layer="fc")
    return Profile.of(rows_of([measure_layer(x, settings, subject)])).to_frame()


@pytest.fixture(scope="module")
def torus() -> np.ndarray:
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, (1200, 3))
    return np.hstack([np.cos(angles), np.sin(angles)])


def test_estimate_rows_equal_the_estimators_own_answer(torus):
    frame = frame_of(torus)
    estimates = frame[frame["curve"] == "estimate"].set_index("method")
    assert list(estimates.index) == list(DEFAULT_METHODS)
    own = TwoNN().estimate(NeighborGraph.from_points(torus, 2))
    assert estimates.loc["two_nn", "value"] == pytest.approx(own.value, rel=1e-12)
    assert estimates.loc["two_nn", "n_samples"] == 1200
    assert (estimates["n_features"] == 6).all()


def test_decimation_halves_the_points_in_disjoint_blocks(torus):
    frame = frame_of(torus)
    rows = frame[(frame["curve"] == "decimation") & (frame["method"] == "two_nn")]
    assert rows["n_samples"].tolist() == [600, 300, 150]
    assert rows["n_blocks"].tolist() == [3 * 2, 3 * 4, 3 * 8]
    assert rows["value"].between(2.5, 3.5).all()


@pytest.mark.statistical
def test_the_error_bar_is_the_true_scatter():
    """Over fresh samples, TwoNN's own error bars match the scatter of the estimates."""
    settings = make_settings("two_nn", metric="euclidean", n_repeats=1, rng=0, curves=())
    values, errors = [], []
    for seed in range(60):
        angles = np.random.default_rng(seed).uniform(0, 2 * np.pi, (600, 2))
        frame = frame_of(np.hstack([np.cos(angles), np.sin(angles)]), settings)
        row = frame[frame["curve"] == "estimate"].iloc[0]
        values.append(row["value"])
        errors.append(row["stderr"])
    # 60 draws know their scatter to 9 %
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(values, ddof=1), rel=0.25)


def test_more_points_shrink_the_error_bar(torus):
    few, many = frame_of(torus[:300]), frame_of(torus)
    assert many["stderr"].iloc[0] < few["stderr"].iloc[0]


@pytest.mark.statistical
def test_scale_curve_doubles_the_rank_up_to_a_tenth_of_the_points(torus):
    frame = frame_of(torus)
    scale = frame[frame["curve"] == "scale"]
    assert scale["rank"].tolist() == [2, 4, 8, 16, 32, 64, 128]
    assert scale["scale"].is_monotonic_increasing
    # at 64 neighbours and more the torus is no longer flat
    assert scale["value"].iloc[:5].between(2.7, 3.3).all()


def test_spectrum_shares_fall_and_stay_below_one(torus):
    frame = frame_of(torus)
    spectrum = frame[frame["curve"] == "spectrum"]
    assert spectrum["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert spectrum["value"].sum() == pytest.approx(1)
    assert spectrum["value"].is_monotonic_decreasing


def test_same_seed_same_rows_and_other_seed_other_blocks(torus):
    first, again = frame_of(torus), frame_of(torus)
    pd.testing.assert_frame_equal(first, again)
    other = make_settings(DEFAULT_METHODS, metric="euclidean", n_repeats=3, rng=1)
    moved = frame_of(torus, other)
    estimates, decimation = first["curve"] == "estimate", first["curve"] == "decimation"
    assert first.loc[estimates, "value"].equals(moved.loc[estimates, "value"])
    assert not first.loc[decimation, "value"].equals(moved.loc[decimation, "value"])


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.ones((100, 4)), "all 100 rows are equal"),
        (np.where(np.eye(100, 4), np.nan, 1.0), "4 of 100 rows hold NaN or infinite values"),
        (np.array([[0.0], [1.0]]), "distinct points"),
    ],
)
def test_a_layer_that_cannot_be_measured_says_why(x, reason):
    frame = frame_of(x)
    rows = frame[(frame["curve"] == "estimate") & (frame["method"] == "two_nn")]
    assert rows["value"].isna().all()
    assert reason in rows["notes"].item()


def test_duplicates_are_counted_and_noted(torus):
    frame = frame_of(np.vstack([torus, torus[:800]]))
    row = frame[(frame["curve"] == "estimate") & (frame["method"] == "two_nn")].iloc[0]
    assert row["n_duplicates"] == 800
    assert row["n_samples"] == 1200
    assert "800 of 2000 rows (40%)" in row["notes"]
    assert row["value"] == pytest.approx(3, rel=0.1)
