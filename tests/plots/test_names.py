"""What models, methods and layers are called in figures."""

import numpy as np
import pandas as pd
import pytest

from dimscope.plots.names import linear_methods, method_labels, run_label, shorten, subject_label
from dimscope.plots.rows import estimate_rows
from dimscope.profiling import Profile


def test_linear_is_what_the_estimator_says(profile):
    frame = profile.to_frame("estimate").assign(scale=np.nan)
    frame["method"] = frame["method"].replace({"gride": "skdim.DANCo"})
    rows = estimate_rows(Profile.from_frame(frame))
    assert linear_methods(rows) == {"participation_ratio", "pca_dimension"}
    assert method_labels(rows)["skdim.DANCo"] == "skdim.DANCo"


@pytest.mark.parametrize(
    ("sample", "replicate", "group", "label"),
    [
        ("data", 0, None, "net"),
        ("affine_d8", 0, None, "net, affine_d8"),
        ("affine_d8", 3, None, "net, affine_d8 3"),
        ("data", 0, "cats", "net, cats"),
        ("shuffled", 1, "cats", "net, shuffled 1, cats"),
        ("data", 0, pd.NA, "net"),
    ],
)
def test_a_control_and_a_class_are_named_beside_the_model(sample, replicate, group, label):
    row = {"model": "net", "sample": sample, "replicate": replicate, "group": group}
    assert subject_label(row) == label


def test_a_step_is_named_if_there_is_one():
    assert run_label(("net", None)) == "net"
    assert run_label(("net", 12_000)) == "net, step 12,000"


def test_a_long_name_is_cut_in_the_middle_to_its_width():
    assert len(shorten("a" * 50, 20)) == 20
    assert shorten("a" * 20, 20) == "a" * 20
