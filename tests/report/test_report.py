"""The page holds what was measured, needs no network, and is written as a whole or not at all."""

import json
import re
import sys

import numpy as np
import pytest
from synthetic_profiles import with_controls, with_tangents

from dimscope.errors import InputError, MissingDependencyError, StoreError
from dimscope.profiling import Profile
from dimscope.report import write_report

SECTIONS = ["depth", "linear", "scale", "decimation", "spectrum"]


def page_of(profile, path, **options):
    """The page without Plotly's own source."""
    from plotly.offline import get_plotlyjs

    text = write_report(profile, path / "report.html", **options).read_text(encoding="utf-8")
    assert get_plotlyjs() in text
    return text.replace(get_plotlyjs(), "")


def data_of(page, name):
    """What the page holds for a figure or the table."""
    return json.loads(re.search(rf'<script [^>]*id="{name}-data">(.*?)</script>', page)[1])


def lines_of(page, name, **meta):
    return [
        trace
        for trace in data_of(page, name)["data"]
        if trace.get("fill") is None and meta.items() <= trace["meta"].items()
    ]


@pytest.fixture(scope="module")
def page(profile, tmp_path_factory):
    return page_of(profile, tmp_path_factory.mktemp("page"))


def test_the_page_shows_every_section(page):
    assert re.findall(r'data-figure="(\w+)"', page) == SECTIONS
    assert "2 models · 12 layers · 5 methods · N = 2,000 points" in page
    assert "Dimension of VGG, trained and VGG, untrained" in page


def test_the_first_screen_is_what_can_be_believed_with_its_evidence(page):
    box = re.search(r'<aside class="card verdicts">(.*?)</aside>', page)[1]
    assert page.index('class="card verdicts"') < page.index('<article class="card">')
    assert re.findall(r"<h4>(.*?)</h4>", box) == ["VGG, trained", "VGG, untrained"]
    verdicts = re.findall(r"<li>(.*?) <span>(.*?)</span></li>", box)
    assert len(verdicts) == box.count("<li>") > 2
    assert verdicts[0][0].startswith("TwoNN rises by x 2.92 from input to conv4; no control was")
    assert verdicts[0][1] == (
        "TwoNN, N = 2000. Data: input 13.00 ± 0.29, conv4 38.00 ± 0.84 (x 2.923 ± 0.091)."
    )


def test_the_page_needs_no_network(page):
    assert not re.search(r"https?:|<link|\bsrc=|@import|url\(", page)
    assert "default-src 'none'" in page


def test_the_same_profile_gives_the_same_bytes(profile, tmp_path):
    first = write_report(profile, tmp_path / "a.html").read_bytes()
    assert write_report(profile, tmp_path / "b.html").read_bytes() == first


def test_the_hunchback_holds_the_estimates_and_unknown_is_null(profile, page):
    (line,) = lines_of(page, "depth", run="VGG, trained", method="gride")
    frame = profile.to_frame("estimate")
    rows = frame[(frame["model"] == "VGG, trained") & (frame["method"] == "gride")]
    expected = [None if np.isnan(value) else value for value in rows["value"]]
    assert line["y"] == expected
    assert line["y"][4] is None
    assert line["text"][4] == ""
    assert "Gride: 35.34 ± 0.78" in line["text"][6]
    assert "N = 2,000, ambient dimension 16,384" in line["text"][6]


def test_a_band_is_broken_where_a_value_is_unknown(page):
    bands = [trace for trace in data_of(page, "depth")["data"] if trace.get("fill")]
    band = next(trace for trace in bands if trace["meta"]["method"] == "gride")
    assert [i for i, x in enumerate(band["x"]) if x is None] == [8, 23]


def test_a_figure_opens_as_its_buttons_say(page):
    visible = [trace["meta"] for trace in data_of(page, "depth")["data"] if trace["visible"]]
    assert {meta["method"] for meta in visible} == {"two_nn"}
    pressed = re.findall(r'data-value="(\w+)"[^>]*aria-pressed="true"', page)
    assert pressed[0] == "two_nn"


def test_linear_and_ambient_dimensions_stand_beside_the_intrinsic(page):
    methods = [trace["meta"]["method"] for trace in lines_of(page, "linear", model="VGG, trained")]
    assert methods == ["ambient", "two_nn", "participation_ratio", "pca_dimension"]


def test_curves_hold_every_layer_of_every_model(page):
    for model in ("VGG, trained", "VGG, untrained"):
        assert len(lines_of(page, "scale", model=model, against="rank")) == 12
        assert len(lines_of(page, "scale", model=model, against="scale")) == 12
        assert len(lines_of(page, "decimation", model=model)) == 12
        assert len(lines_of(page, "spectrum", model=model)) == 12
    (line,) = lines_of(page, "decimation", model="VGG, trained", layer="conv4")
    assert line["x"] == [250, 500, 1000, 2000]
    assert all(bar > 0 for bar in line["error_y"]["array"])


def test_the_table_holds_every_estimate_with_every_column(profile, page):
    table = data_of(page, "table")
    estimates = Profile.from_frame(profile.to_frame("estimate"))
    assert table["columns"] == list(profile.frame.columns)
    assert table["rows"] == [list(record.values()) for record in estimates.to_records()]
    assert table["shown"][:4] == ["model", "layer", "method", "value"]
    assert "ceiling" not in table["shown"]
    assert table["provenance"] == profile.provenance


def test_provenance_is_named_by_its_path(page):
    assert "<th scope='row'>settings.n_samples</th><td>2000</td>" in page


def test_missing_curves_leave_a_sentence(build, tmp_path):
    page = page_of(build("A", curves=False), tmp_path)
    assert re.findall(r'data-figure="(\w+)"', page) == ["depth", "linear"]
    assert page.count('<p class="missing">There ') == 3


def test_linear_dimensions_alone_make_a_report(build, tmp_path):
    frame = build("A", curves=False).to_frame()
    only = Profile.from_frame(frame[frame["method"] == "participation_ratio"])
    page = page_of(only, tmp_path)
    assert re.findall(r'data-figure="(\w+)"', page) == ["depth"]


def test_training_steps_are_told_apart_and_details_show_the_last(build, tmp_path):
    page = page_of(build("A", steps=(0, 50)), tmp_path)
    assert {trace["meta"]["run"] for trace in lines_of(page, "depth")} == {
        "A, step 0",
        "A, step 50",
    }
    assert all("step 50" in text for text in lines_of(page, "scale")[0]["text"])


def test_names_and_notes_are_never_markup(profile, tmp_path):
    evil = "</script><script>alert(1)</script>\"'&<img src=x>"
    frame = profile.to_frame().replace({"layer": {"conv4": evil}, "model": {"VGG, trained": evil}})
    frame["notes"] = evil
    hostile = Profile.from_frame(frame, {evil: {evil: evil}})
    page = page_of(hostile, tmp_path, title=evil)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script") == page.count("</script>") == len(SECTIONS) + 1 + 2
    hover = lines_of(page, "depth", method="two_nn")[0]["text"][6]
    assert "&lt;script&gt;alert(1)" in hover
    assert "<script" not in hover
    assert all("<" not in name for name in data_of(page, "depth")["layout"]["xaxis"]["ticktext"])


def test_directories_are_made_and_an_old_report_is_replaced(profile, tmp_path):
    path = tmp_path / "deep" / "report.html"
    path.parent.mkdir()
    path.write_text("old")
    assert write_report(profile, path, title="New & old") == path
    assert "<h1>New &amp; old</h1>" in path.read_text(encoding="utf-8")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_what_cannot_be_written_is_said_and_leaves_nothing_behind(profile, tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError, match="cannot write the report to"):
        write_report(profile, tmp_path / "taken")
    assert [file.name for file in tmp_path.iterdir()] == ["taken"]
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write the report to"):
        write_report(profile, tmp_path / "file" / "report.html")


def test_an_empty_profile_is_refused(tmp_path):
    with pytest.raises(InputError, match="no estimate rows"):
        write_report(Profile.from_rows([], {}), tmp_path / "report.html")


def test_without_plotly_the_message_names_the_extra(profile, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(MissingDependencyError, match=r"dimscope\[report\]"):
        write_report(profile, tmp_path / "report.html")


def test_of_many_layers_a_dozen_are_shown_first(build, tmp_path):
    copies = [
        build("A").frame.assign(layer=lambda rows, i=i: rows["layer"] + f".{i}") for i in range(3)
    ]
    profile = Profile.join(*(Profile.from_frame(frame) for frame in copies))
    page = page_of(profile, tmp_path)
    for name in ("decimation", "spectrum"):
        lines = lines_of(page, name)
        assert (len(lines), sum(line["visible"] for line in lines)) == (36, 12)


def test_controls_lie_behind_the_data_and_have_buttons_of_their_own(tmp_path):
    page = page_of(with_controls().add(with_controls("twin")), tmp_path)
    lines = lines_of(page, "depth", method="two_nn")
    assert [line["meta"]["run"] for line in lines] == [
        "net, affine_d8, 3 draws",
        "twin, affine_d8, 3 draws",
        "net",
        "twin",
    ]
    assert [line["line"].get("dash") for line in lines] == ["dash", "dash", None, None]
    assert len({line["line"]["color"] for line in lines}) == 4
    assert "Grey, dashed lines are controls" in page
    assert {line["meta"]["model"] for line in lines_of(page, "linear")} == {"net", "twin"}


def test_tangent_spectra_are_in_the_table_and_not_in_the_figure(tmp_path):
    page = page_of(with_tangents(), tmp_path)
    assert {line["meta"]["method"] for line in lines_of(page, "depth")} == {"two_nn"}
    methods = data_of(page, "table")["columns"].index("method")
    assert "tangent_rank" in {row[methods] for row in data_of(page, "table")["rows"]}


def test_calibrated_values_are_dotted_and_open_intervals_end_at_the_top(build, tmp_path):
    frame = build("net", curves=False).to_frame("estimate").assign(n_samples=200, ceiling=26.0)
    profile = Profile.from_frame(frame).calibrated()
    page = page_of(profile, tmp_path)
    traces = data_of(page, "depth")["data"]
    (raw,) = lines_of(page, "depth", method="two_nn")
    (dotted,) = lines_of(page, "depth", method="two_nn_calibrated")
    assert dotted["line"]["dash"] == "dot"
    assert raw["line"]["color"] == dotted["line"]["color"]
    assert raw["visible"] is dotted["visible"] is True
    hollow = [symbol.endswith("-open") for symbol in raw["marker"]["symbol"]]
    assert hollow == [value is not None and value > 26 for value in raw["y"]]
    top = max(max(filter(None, trace["y"])) for trace in traces)
    assert top < 120  # not 300, where the curves end
    assert any("95 %: above" in text for text in dotted["text"])
