"""Estimators of other packages in a profile: in the right panel of the plot and the report, in the
table and at the command line, by their own titles, with no edit of ours.
"""

from __future__ import annotations

import json
import re
import textwrap

import numpy as np
import pytest
import third_party

import dimscope as ds
from dimscope.plots import plot_profile
from dimscope.plots.rows import estimate_rows
from dimscope.profiling import Profile, make_settings, measure_layer
from dimscope.profiling.measured import rows_of
from dimscope.report import write_report
from dimscope.results import Subject

METHODS = ["two_nn", third_party.NAME, "participation_ratio", third_party.LINEAR_NAME]

NET = """
    import torch

    def build():
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4))

    def data():
        return torch.rand(120, 6, generator=torch.Generator().manual_seed(0))
"""

SHOW = """
    import json, re, sys
    import matplotlib
    matplotlib.use("Agg")
    import dimscope as ds
    from net import build, data

    folder, *methods = sys.argv[1:]
    profile = ds.profile(build(), data(), methods=methods, progress=False)
    profile = ds.Profile.load(profile.save(folder))
    axes = profile.plot()
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    dashes = [line.get_linestyle() for line in axes.get_lines()]
    page = profile.report(f"{folder}/report.html").read_text()

    def data_of(name):
        return json.loads(re.search(rf'<script [^>]*id="{name}-data">(.*?)</script>', page)[1])

    panels = {
        name: list(dict.fromkeys(trace["meta"]["method"] for trace in data_of(name)["data"]))
        for name in ("depth", "linear")
    }
    values = profile.values
    print(json.dumps({
        "legend": legend,
        "dashes": dashes,
        "panels": panels,
        "labels": data_of("table")["labels"],
        "families": dict(zip(values["method"], values["family"])),
        "known": bool(values["value"].notna().all()),
    }))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with a network and two packages of an estimator each."""
    folder = tmp_path_factory.mktemp("site")
    third_party.install(folder)
    third_party.install(
        folder,
        "box_shape",
        third_party.BOX_SHAPE,
        [f"{third_party.LINEAR_NAME} = box_shape:BoxShape"],
    )
    (folder / "net.py").write_text(textwrap.dedent(NET))
    return folder


@pytest.fixture(scope="module")
def shown(installed):
    code = f"import sys; sys.argv[1:] = {[str(installed / 'run'), *METHODS]}\n"
    done = third_party.run_python(installed, code + textwrap.dedent(SHOW))
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_each_has_its_title_and_the_look_of_its_family_in_the_plot(shown):
    titles = ["TwoNN", third_party.TITLE, "Participation ratio", third_party.LINEAR_TITLE]
    assert shown["legend"] == [titles[0], "TwoNN, calibrated (family=any)", *titles[1:]]
    assert shown["dashes"] == ["-", ":", "-", "--", "--"]
    assert shown["known"]


def test_each_is_in_the_panel_of_its_family_in_the_report(shown):
    assert shown["panels"]["depth"] == ["two_nn", "two_nn_calibrated", third_party.NAME]
    linear = ["ambient", "two_nn", "participation_ratio", third_party.LINEAR_NAME]
    assert shown["panels"]["linear"] == linear


def test_each_has_its_title_and_family_in_the_table(shown):
    assert shown["labels"][third_party.NAME] == third_party.TITLE
    assert shown["labels"][third_party.LINEAR_NAME] == third_party.LINEAR_TITLE
    assert shown["families"][third_party.NAME] == "intrinsic"
    assert shown["families"][third_party.LINEAR_NAME] == "linear"


def test_the_command_line_measures_with_them(installed):
    np.save(installed / "x.npy", np.random.default_rng(0).random((100, 2)))
    chosen = [part for method in METHODS for part in ("--method", method)]
    source = ["--model", f"{installed / 'net.py'}:build", "--data", f"{installed / 'net.py'}:data"]
    code = (
        "from dimscope.cli.main import run\n"
        f"assert run(['estimate', {str(installed / 'x.npy')!r}, *{chosen}]) == 0\n"
        f"assert run(['profile', *{source + chosen}]) == 0\n"
    )
    done = third_party.run_python(installed, code)
    assert done.returncode == 0, done.stderr
    first, *others = METHODS
    sentences, table = done.stdout.split("method  ")
    assert [line.count(" at N = 100") for line in sentences.splitlines() if line] == [1] * 2
    lines = [re.split("  +", line) for line in table.splitlines()]
    assert [line[0] for line in lines[1:5]] == METHODS
    assert lines[6] == ["layer", "depth", "features", first, f"{first}_calibrated", *others]
    assert all("-" not in line for line in lines[7:])


class Flat:
    """Another library's estimator that gives no scale and no error."""

    def fit(self, x):
        self.dimension_ = float(x.shape[1])


def test_an_estimator_of_another_library_is_drawn_as_intrinsic(tmp_path):
    x = np.random.default_rng(0).normal(size=(100, 3))
    methods = ["two_nn", ds.External(estimator=Flat(), label="lib.Flat"), "participation_ratio"]
    settings = make_settings(methods, metric="euclidean", n_repeats=1, rng=0)
    measured = measure_layer(x, settings, Subject(model="net", layer="fc"))
    profile = Profile.of(rows_of([measured]))
    lines = plot_profile(profile).get_lines()
    assert [line.get_linestyle() for line in lines] == ["-", "-", "--"]
    frame = estimate_rows(profile).set_index("method")
    assert (frame.loc["lib.Flat", "family"], frame.loc["lib.Flat", "label"]) == (
        "intrinsic", "lib.Flat",
    )  # fmt: skip
    page = write_report(profile, tmp_path / "report.html").read_text()
    assert '"method":"lib.Flat"' in page.partition('id="linear"')[0]
