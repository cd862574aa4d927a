"""Sentences and cautions follow from the numbers."""

import numpy as np
import pytest
from synthetic_profiles import with_controls, with_tangents

from dimscope.plots.rows import estimate_rows
from dimscope.profiling import Profile
from dimscope.report.cautions import cautions, notes
from dimscope.report.summary import primary_method, summarise


def one_model(values, stderr=0.5, **columns):
    rows = [
        {
            "model": "net",
            "layer": f"layer{i}",
            "layer_index": i,
            "relative_depth": i / len(values),
            "n_features": 100,
            "curve": "estimate",
            "method": "two_nn",
            "n_samples": 1000,
            "n_blocks": 1,
            "value": value,
            "stderr": stderr,
            "n_duplicates": 0,
        }
        | columns
        for i, value in enumerate(values)
    ]
    return Profile.from_rows(rows, {})


def decimated(values):
    estimate = one_model([values[-1]], stderr=0.5).frame.to_dict("records")
    blocks = [
        estimate[0] | {"curve": "decimation", "n_samples": 250 * 2**i, "value": value}
        for i, value in enumerate(values[:-1])
    ]
    return Profile.from_rows([*estimate, *blocks], {})


def test_the_peak_and_its_ratio_come_from_the_data(profile):
    trained, untrained = summarise(profile)
    assert (trained.first.layer, trained.peak.layer, trained.last.layer) == (
        "input",
        "conv4",
        "fc2",
    )
    assert trained.ratio == pytest.approx(38 / 13)
    assert trained.sentence == (
        "TwoNN on 2,000 points gives 13.00 ± 0.29 at input, the first layer measured, a peak of "
        "38.00 ± 0.84 at conv4 (2.92 times the first), and 6.20 ± 0.14 at fc2, the last."
    )
    assert untrained.ratio < trained.ratio


@pytest.mark.parametrize(
    ("values", "phrase"),
    [
        ([20.0, 10.0, 5.0], "the first layer measured and the largest, and 5.00 ± 0.50 at layer2"),
        ([5.0, 10.0, 20.0], "its largest, 20.00 ± 0.50 at layer2, the last (4.00 times"),
        ([np.nan, 10.0, 5.0], "gives unknown at layer0, the first layer measured, a peak of 10.00"),
    ],
)
def test_the_sentence_fits_the_course(values, phrase):
    (summary,) = summarise(one_model(values))
    assert phrase in summary.sentence
    assert "None" not in summary.sentence


def test_a_first_layer_that_is_unknown_has_no_ratio():
    (summary,) = summarise(one_model([np.nan, 10.0, 5.0]))
    assert summary.ratio is None


def test_a_dimension_that_rises_with_n_is_a_lower_bound():
    (caution,) = cautions(decimated([10.0, 12.0, 14.0]))
    assert caution.startswith("net: in 1 of 1 layers TwoNN rises with the number of points")
    assert cautions(decimated([14.0, 14.2, 14.0])) == []


def test_unknown_values_duplicates_and_notes_are_told():
    profile = one_model([10.0, np.nan, 9.0], n_duplicates=12, notes="Careful.")
    unknown, duplicates = cautions(profile)
    assert unknown.startswith("1 of 3 estimates have no value")
    assert duplicates == "Duplicates were left out in 3 layers, at most 12 points in one."
    assert notes(profile) == [("Careful.", 3)]
    frame = profile.to_frame().assign(notes=["Low by 12 %.", "Low by 3.5 %.", "Careful."])
    assert notes(Profile.from_frame(frame)) == [("Low by 12 %.", 2), ("Careful.", 1)]


def test_near_copies_are_told():
    (nearly,) = cautions(one_model([10.0, 9.5, 9.0], n_near_copies=7))
    assert nearly.startswith("Rows that nearly repeat another were found in 3 layers, at most 7 in")


def test_the_primary_method_is_nonlinear_where_one_is_known(profile):
    frame = estimate_rows(profile).sort_values("method", ascending=False)
    assert primary_method(frame[frame["method"].isin(["participation_ratio", "gride"])]) == "gride"
    assert primary_method(frame[frame["method"] == "pca_dimension"]) == "pca_dimension"


def test_sentences_and_cautions_are_about_the_data_not_about_controls():
    whole = with_controls()
    frame = whole.to_frame()
    data = Profile.from_frame(frame[frame["sample"] == "data"])
    assert summarise(whole) == summarise(data)
    assert cautions(whole) == cautions(data)
    ill = frame["sample"] != "data"
    frame.loc[ill, ["n_duplicates", "notes"]] = [40, "Only the control has this."]
    frame.loc[ill, "value"] = np.nan
    assert cautions(Profile.from_frame(frame)) == cautions(data)
    assert notes(Profile.from_frame(frame)) == notes(data)


def test_controls_alone_have_no_summary():
    frame = with_tangents().to_frame()
    assert summarise(Profile.from_frame(frame[frame["sample"] != "data"])) == []
