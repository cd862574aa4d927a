"""Every model, step and layer has its own colour."""

from dimscope.plots.colors import layer_colors, run_colors
from dimscope.plots.rows import runs_of


def test_every_run_has_its_colour_and_every_layer_another(build):
    runs = [run for run, _ in runs_of(build("A", "B", steps=(0, 50)).to_frame("estimate"))]
    assert runs == [("A", 0), ("A", 50), ("B", 0), ("B", 50)]
    assert len(set(run_colors(runs).values())) == 4
    assert len(set(layer_colors(40))) == 40
