"""Figures of experiments over seeds."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dimscope.errors import InputError
from dimscope.plots import plot_study_conditions, plot_study_course, plot_study_sweep


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    rows = [
        {
            "name": f"lr {rate:g}, B = {size}",
            "seed": seed,
            "time": time,
            "learning_rate": rate,
            "batch_size": size,
            "two_nn": 10 - 100 * rate / size * time + 0.1 * rng.normal(),
            "predicted_two_nn": 10 - 100 * rate / size * time,
        }
        for rate in (0.1, 0.2)
        for size in (1, 8)
        for seed in range(4)
        for time in (0.0, 0.2, 0.4)
    ]
    return pd.DataFrame(rows)


def at_end(frame, rate, size):
    chosen = (frame["learning_rate"] == rate) & (frame["batch_size"] == size)
    return frame.loc[chosen & (frame["time"] == 0.4), "two_nn"]


def test_sweep_shows_means_with_their_intervals(frame):
    ax = plot_study_sweep(frame, "two_nn")
    (first, second) = ax.containers
    points, _, (bars,) = first.lines
    np.testing.assert_allclose(points.get_xdata(), [0.1, 0.2])
    np.testing.assert_allclose(points.get_ydata()[0], at_end(frame, 0.1, 1).mean())
    low, high = bars.get_segments()[0][:, 1]
    half = stats.t.ppf(0.975, 3) * at_end(frame, 0.1, 1).sem()
    assert high - low == pytest.approx(2 * half)
    np.testing.assert_allclose(second.lines[0].get_xdata(), [0.0125, 0.025])
    assert ax.get_xscale() == "log"
    assert ax.get_ylabel() == "TwoNN"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["B = 1", "B = 8", "predicted"]


def test_conditions_show_every_seed(frame):
    names = ["lr 0.2, B = 1", "lr 0.1, B = 8"]
    ax = plot_study_conditions(frame, "two_nn", names)
    assert [label.get_text() for label in ax.get_yticklabels()] == names
    np.testing.assert_allclose(ax.lines[0].get_xdata(), at_end(frame, 0.2, 1))
    assert ax.yaxis_inverted()


def test_course_runs_through_time(frame):
    frame.loc[frame["time"] == 0.2, "two_nn"] = np.nan  # as where a run knows no dimension
    ax = plot_study_course(frame, "two_nn", ["lr 0.2, B = 1"])
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [0.0, 0.4])
    np.testing.assert_allclose(ax.lines[0].get_ydata()[-1], at_end(frame, 0.2, 1).mean())


def test_bad_input(frame):
    with pytest.raises(InputError, match="no column width"):
        plot_study_sweep(frame, "width")
    with pytest.raises(InputError, match="no runs of lr 9"):
        plot_study_conditions(frame, "two_nn", ["lr 9"])
    with pytest.raises(InputError, match="no runs of lr 9"):
        plot_study_course(frame, "two_nn", ["lr 9"])
    twice = pd.concat([frame, frame.assign(name="another")])
    with pytest.raises(InputError, match="another have the same learning rate and batch size"):
        plot_study_sweep(twice, "two_nn")
    with pytest.raises(InputError, match="known for no run"):
        plot_study_sweep(frame.assign(two_nn=np.nan), "two_nn")
