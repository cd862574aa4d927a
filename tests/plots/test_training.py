"""Figures of training: what is drawn is what was measured."""

import numpy as np
import pytest

from dimscope.errors import InputError
from dimscope.plots import (
    animate_profile,
    plot_phase_portrait,
    plot_step_heatmap,
    plot_training,
)
from dimscope.profiling import Profile

STEPS = (0, 1, 8, 64, 512)
PLOTS = [plot_step_heatmap, plot_training, plot_phase_portrait, animate_profile]


@pytest.fixture
def trained(build) -> Profile:
    profile = build("net", steps=STEPS, curves=False)
    ticks = [
        {"model": "net", "step": s, "epoch": 0, "seconds": 1.0, "training_seconds": 9.0}
        | ({} if s == 0 else {"loss": 2.0 / s, "accuracy": i / 5})
        for i, s in enumerate(STEPS)
    ]
    return Profile.from_rows(profile.to_records(), {}, ticks)


def values_of(profile, layer, method="two_nn"):
    frame = profile.to_frame("estimate")
    rows = frame[(frame["layer"] == layer) & (frame["method"] == method)].sort_values("step")
    return rows["value"].to_numpy()


def test_the_heat_map_has_a_cell_for_every_layer_and_step(trained):
    ax = plot_step_heatmap(trained, "gride")
    cells = np.asarray(ax.collections[0].get_array()).reshape(12, 5)
    layers = [tick.get_text() for tick in ax.get_yticklabels()]
    assert layers[:3] == ["input", "conv1", "pool1"]
    for row, layer in enumerate(layers):
        np.testing.assert_array_equal(cells[row], values_of(trained, layer, "gride"))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "8", "64", "512"]
    assert ax.figure.axes[1].get_ylabel() == "dimension (Gride)"


def test_an_unknown_value_is_a_blank_cell(trained, unknown):
    ax = plot_step_heatmap(unknown(trained, "pool2", "two_nn"))
    cells = np.ma.masked_invalid(np.asarray(ax.collections[0].get_array())).reshape(12, 5)
    assert cells.mask[4].all()
    assert cells.mask.sum() == 5


def test_layers_stand_against_steps_with_loss_and_accuracy_at_the_right(trained):
    ax = plot_training(trained, layers=["conv4", "fc2"])
    lines = ax.get_lines()
    np.testing.assert_array_equal(lines[0].get_xdata(), STEPS)
    np.testing.assert_array_equal(lines[0].get_ydata(), values_of(trained, "conv4"))
    np.testing.assert_array_equal(lines[1].get_ydata(), values_of(trained, "fc2"))
    assert ax.get_xscale() == "symlog"
    loss, accuracy = ax.figure.axes[1].get_lines()
    np.testing.assert_array_equal(loss.get_xdata(), STEPS[1:])
    np.testing.assert_array_equal(loss.get_ydata(), [2.0 / step for step in STEPS[1:]])
    np.testing.assert_allclose(accuracy.get_ydata(), [0.2, 0.4, 0.6, 0.8])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["conv4", "fc2", "loss", "accuracy"]


def test_metrics_can_be_chosen_or_left_out(trained):
    assert len(plot_training(trained, metrics=[]).figure.axes) == 1
    assert len(plot_training(trained, metrics=["loss"]).figure.axes[1].get_lines()) == 1


def test_the_portrait_sets_dimension_against_accuracy_from_hollow_to_full(trained):
    ax = plot_phase_portrait(trained, layers=["fc2"])
    path, start, end = ax.get_lines()[-3:]
    np.testing.assert_allclose(path.get_xdata(), [0.2, 0.4, 0.6, 0.8])
    np.testing.assert_array_equal(path.get_ydata(), values_of(trained, "fc2")[1:])
    assert start.get_markerfacecolor() == "white"
    assert end.get_xdata()[0] == 0.8
    assert ax.get_xlabel() == "accuracy"


def test_the_film_has_a_frame_for_every_step_on_fixed_axes(trained):
    film = animate_profile(trained, "two_nn")
    ax = film._fig.axes[0]
    limits = set()
    frames = list(film.new_frame_seq())
    assert frames == list(STEPS)
    for step in frames:
        film._func(step)
        limits.add(ax.get_ylim())
        shown = ax.get_lines()[0].get_ydata()
        frame = trained.to_frame("estimate")
        rows = frame[(frame["step"] == step) & (frame["method"] == "two_nn")]
        np.testing.assert_array_equal(shown, rows["value"])
        assert ax.get_title(loc="right") == f"step {step}"
    assert len(limits) == 1
    film._draw_was_started = True  # it is not shown, and need not warn that it was not


@pytest.mark.parametrize("plot", PLOTS)
def test_what_is_not_there_is_refused(trained, build, plot):
    with pytest.raises(InputError, match="no training steps"):
        plot(build("net", curves=False))
    with pytest.raises(InputError, match="choose from net"):
        plot(trained, model="other")
    with pytest.raises(InputError, match="choose from two_nn"):
        plot(trained, "box")


def test_unknown_layers_and_metrics_are_refused(trained, build):
    with pytest.raises(InputError, match="layer 'x': choose from input"):
        plot_training(trained, layers=["x"])
    with pytest.raises(InputError, match="metric 'f1': choose from loss, accuracy"):
        plot_phase_portrait(trained, metric="f1")
    with pytest.raises(InputError, match=r"metric 'accuracy': choose from none; give metrics"):
        plot_phase_portrait(build("net", steps=STEPS, curves=False))


@pytest.mark.parametrize("plot", [plot_training, plot_phase_portrait, plot_step_heatmap])
def test_axes_that_are_given_are_used(trained, plot):
    from matplotlib import pyplot

    ax = pyplot.subplots(layout="constrained")[1]
    assert plot(trained, ax=ax) is ax
