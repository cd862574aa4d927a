"""What the study of training shows where some steps are not measured, and how it keeps weights."""

from __future__ import annotations

import numpy as np

from benchmarks.belief import tangents_through_training as study
from benchmarks.belief.training import EPOCH, STEPS


def row(step, value, **of):
    return {"seed": 0, "step": step, "value": value, "stderr": None} | of


def test_steps_begin_untrained_and_end_with_whole_epochs():
    assert [STEPS[0], STEPS[-1]] == [0, 5 * EPOCH]
    assert sorted(set(STEPS)) == STEPS
    assert EPOCH * 128 >= 50_000 > (EPOCH - 1) * 128


def test_a_course_has_a_value_or_nan_at_every_step():
    of = {"method": "two_nn", "sample": "data", "layer": "fc3"}
    rows = [row(EPOCH, 9.5, **of), row(0, None, **of), row(EPOCH, 1.0, **of | {"layer": "pool1"})]
    found = study.course(rows, 0, "two_nn", "data", "fc3")
    assert found[STEPS.index(EPOCH)] == 9.5
    assert np.isnan(np.delete(found, STEPS.index(EPOCH))).all()
    text = study.as_table([*rows, row(0, 0.1, method="accuracy")], 0)
    assert "| TwoNN, test images | fc3 | – |" in text
    assert "| test accuracy |  | 0.100 |" in text
