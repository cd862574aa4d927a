"""Ticks sent to loggers."""

from __future__ import annotations

from training_loops import QUICK, noisy_net

import dimscope as ds


class Recorder:
    def __init__(self):
        self.scalars, self.figures = {}, []


class MetricsLogger(Recorder):
    def log_metrics(self, metrics, step):
        self.scalars[step] = metrics


class SummaryWriter(Recorder):
    def add_scalar(self, name, value, step):
        self.scalars.setdefault(step, {})[name] = value

    def add_figure(self, name, figure, step):
        self.figures.append((name, len(figure.axes[0].get_lines()), step))


def test_loggers_get_the_estimates_and_a_figure(data, tmp_path):
    loggers = [MetricsLogger(), SummaryWriter()]
    with ds.Tracker(
        noisy_net(), data[0], tmp_path, schedule=[2], loggers=loggers, **QUICK
    ) as tracker:
        tracker.step(at=2)
    rows = tracker.to_frame()
    expected = {f"dimscope/two_nn/{r.layer}": r.value for r in rows.itertuples()}
    assert [logger.scalars for logger in loggers] == [{2: expected}] * 2
    assert loggers[1].figures == [("dimscope/profile", 1, 2)]
