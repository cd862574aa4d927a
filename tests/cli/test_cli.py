"""The command line as a person meets it: tables, JSON, one line for an error, exit codes."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import textwrap
from functools import partial

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import dimscope as ds
from dimscope.cli.main import cli, run

NET = """
    import torch
    from torch import nn

    def build():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                             nn.Linear(36, 10))

    def broken():
        class Broken(nn.Module):
            def forward(self, x):
                raise RuntimeError("no such luck")
        return Broken()

    def data():
        return torch.rand(200, 1, 8, 8, generator=torch.Generator().manual_seed(0))

    def empty():
        return torch.utils.data.DataLoader([])
"""


@pytest.fixture
def net(tmp_path) -> str:
    path = tmp_path / "net.py"
    path.write_text(textwrap.dedent(NET))
    return str(path)


@pytest.fixture
def sphere(tmp_path) -> str:
    x = np.random.default_rng(0).normal(size=(800, 3))
    path = tmp_path / "sphere.npy"
    np.save(path, x / np.linalg.norm(x, axis=1, keepdims=True))
    return str(path)


def invoke(capsys, *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_estimate_prints_a_table(capsys, sphere):
    code, out, err = invoke(capsys, "estimate", sphere, "--method", "two_nn", "--method", "gride")
    assert (code, err) == (0, "")
    *sentences, _, header, _, _ = out.splitlines()
    rows = out.splitlines()[-2:]
    assert all(" at N = 800" in sentence for sentence in sentences)
    columns = ["method", "dimension", "95 % interval", "calibrated", "95 % interval", "scale", "N"]
    assert re.split("  +", header) == columns
    assert [row.split()[0] for row in rows] == ["two_nn", "gride"]
    assert float(rows[0].split()[1]) == pytest.approx(2, rel=0.1)


def test_estimate_json_has_every_field_of_an_estimate(capsys, sphere):
    code, out, _ = invoke(
        capsys, "estimate", sphere, "--json", "--method", "two_nn", "--method", "effective_rank"
    )
    document = json.loads(out)
    assert code == 0
    assert (document["schema"], document["n_samples"], document["n_features"]) == (2, 800, 3)
    fields = {*ds.DimensionEstimate.__dataclass_fields__, "resolvable", "calibrated", "believed"}
    assert [set(estimate) for estimate in document["estimates"]] == [fields, fields]
    two_nn, rank = document["estimates"]
    assert two_nn["parameters"] == {"discard_fraction": 0.1, "n1": 1, "n2": 2}
    assert (two_nn["error_kind"], rank["error_kind"]) == ("theory", "blocks")
    assert rank["stderr"] > 0
    assert rank["ceiling"] is rank["problem"] is rank["calibrated"] is rank["resolvable"] is None
    assert two_nn["resolvable"] is True
    own = two_nn["calibrated"]
    assert (own["family"], own["raw"]) == ("any", two_nn["value"])
    assert own["low"] < 2 < own["high"]
    assert rank["scale"] is None


BAD_ARRAYS = {
    "nan": (np.where(np.eye(50, 3), np.nan, 1.0), "3 of 50 rows hold NaN or infinite values"),
    "inf": (np.full((50, 3), np.inf), "50 of 50 rows hold NaN or infinite values"),
    "one-dimensional": (np.arange(50.0), "x.reshape(-1, 1)"),
    "too few": (np.eye(2), "2 neighbours need at least 3 distinct points, got 2"),
    "constant": (np.ones((50, 3)), "all 50 rows are equal"),
    "empty": (np.ones((0, 3)), "the array is empty"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_a_bad_array_is_one_line_and_exit_2(capsys, tmp_path, case):
    array, reason = BAD_ARRAYS[case]
    np.save(tmp_path / "x.npy", array)
    code, out, err = invoke(capsys, "estimate", str(tmp_path / "x.npy"))
    assert (code, out) == (2, "")
    assert reason in err
    assert len(err.splitlines()) == 1


def test_an_unreadable_file_is_one_line_and_exit_2(capsys, tmp_path):
    (tmp_path / "x.npy").write_bytes(b"not an array")
    for path in (tmp_path / "x.npy", tmp_path / "none.npy", tmp_path / "x.docx", tmp_path):
        code, out, err = invoke(capsys, "estimate", str(path))
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert path.name in err


def test_forty_percent_duplicates_are_counted_and_said(capsys, tmp_path):
    x = np.random.default_rng(0).normal(size=(600, 4))
    np.save(tmp_path / "x.npy", np.vstack([x, x[:400]]))
    code, out, err = invoke(capsys, "estimate", str(tmp_path / "x.npy"), "--json")
    estimate = json.loads(out)["estimates"][0]
    assert code == 0
    assert (estimate["n_duplicates"], estimate["n_samples"]) == (400, 600)
    assert estimate["value"] == pytest.approx(4, rel=0.15)
    assert "40%" in estimate["notes"][0]["text"]
    assert err == ""


@pytest.mark.parametrize(("options", "n_left"), [([], 600), (["--near-copies", "keep"], 660)])
def test_near_copies_are_counted_and_said(capsys, tmp_path, options, n_left):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 4))
    np.save(tmp_path / "x.npy", np.vstack([x, x[:60] + 1e-6 * rng.normal(size=(60, 4))]))
    code, out, _ = invoke(capsys, "estimate", str(tmp_path / "x.npy"), "--json", *options)
    estimate = json.loads(out)["estimates"][0]
    assert code == 0
    assert (estimate["n_near_copies"], estimate["n_samples"]) == (60, n_left)
    assert [note["code"] for note in estimate["notes"]] == ["near_copies"]
    _, _, err = invoke(capsys, "estimate", str(tmp_path / "x.npy"), *options)
    assert "60 of 660 rows nearly repeat another row" in err


def test_a_usage_error_is_exit_2(capsys, sphere):
    assert invoke(capsys, "estimate")[0] == 2
    assert invoke(capsys, "nonsense")[0] == 2
    code, _, err = invoke(capsys, "estimate", sphere, "--method", "twonn")
    assert code == 2
    assert "did you mean two_nn?" in err


def test_layers_lists_shapes_and_what_auto_takes(capsys, net):
    code, out, _ = invoke(capsys, "layers", "--model", f"{net}:build", "--data", f"{net}:data")
    assert code == 0
    rows = {line.split()[0]: line.split() for line in out.splitlines()[1:]}
    assert rows["0"] == ["0", "Conv2d", "4", "x", "6", "x", "6", "BCHW", "144", "0.50"]
    assert rows["4"][-1] == "*"


def test_profile_prints_saves_and_reports(capsys, net, tmp_path):
    run_folder = str(tmp_path / "run")
    source = ("--model", f"{net}:build", "--data", f"{net}:data")
    code, out, err = invoke(
        capsys, "profile", *source, "--out", run_folder, "--label", "net", "--n-samples", "150"
    )
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "net, N = 150"
    assert lines[1].split()[:4] == ["layer", "depth", "features", "two_nn"]
    assert [line.split()[0] for line in lines[2:5]] == ["input", "2", "4"]
    statement, evidence = lines[lines.index("What can be believed") + 1 :][:2]
    assert statement.startswith("- net: TwoNN ")
    assert evidence.startswith("  [TwoNN, N = 150. Data: input ")
    assert run_folder in err
    page, picture = tmp_path / "page.html", tmp_path / "plot.png"
    code, out, _ = invoke(capsys, "report", run_folder, "--out", str(page), "--plot", str(picture))
    assert (code, out.split()) == (0, [str(page), str(picture)])
    assert page.stat().st_size > 1_000_000
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_profile_json_holds_every_row(capsys, net):
    code, out, _ = invoke(
        capsys, "profile", "--model", f"{net}:build", "--data", f"{net}:data", "--json"
    )
    document = json.loads(out)
    assert (code, document["schema"]) == (0, 2)
    assert {row["curve"] for row in document["rows"]} >= {"estimate", "decimation", "scale"}
    assert list(document["provenance"]) == ["net.py:build"]
    assert all(verdict["statement"] and verdict["evidence"] for verdict in document["verdicts"])
    assert document["verdicts"][0]["rule"] == "rise_beyond_controls"


def test_dry_run_shows_the_cost_and_runs_nothing_else(capsys, net, monkeypatch):
    monkeypatch.setattr("dimscope.profiling.profile", lambda *_, **__: pytest.fail("measured"))
    source = ("--model", f"{net}:build", "--data", f"{net}:data", "--dry-run")
    code, out, _ = invoke(capsys, "profile", *source, "--memory", "60KB")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:4]] == ["input", "2", "4"]
    assert "on disk" in out
    assert "N = 200" in out
    document = json.loads(invoke(capsys, "profile", *source, "--json")[1])
    assert document["disk_bytes"] == 0
    assert document["memory_bytes"] == 4 * 200 * (64 + 36 + 10)


def test_controls_are_further_tables_and_rows(capsys, net, tmp_path):
    source = ("--model", f"{net}:build", "--data", f"{net}:data", "--layers", "4")
    code, out, err = invoke(capsys, "profile", *source, "--controls", "--out", str(tmp_path / "r"))
    assert code == 0, err
    titles = [line for line in out.splitlines() if line.endswith("N = 200")]
    assert titles[0] == "net.py:build, N = 200"
    assert len(titles) == 3
    assert all(title.startswith("net.py:build, ") for title in titles)
    headers = [line for line in out.splitlines() if line.startswith("layer ")]
    assert ["tangent_rank" in header for header in headers] == [False, True, True]
    loaded = ds.Profile.load(tmp_path / "r")
    assert loaded.provenance["net.py:build"]["controls_asked"] == "matched"
    assert loaded.values["sample"].nunique() == 3


def test_dry_run_tells_the_cost_of_controls(capsys, net):
    source = ("--model", f"{net}:build", "--data", f"{net}:data", "--dry-run")
    assert "controls" not in invoke(capsys, "profile", *source)[1]
    assert "\n2 controls: about" in invoke(capsys, "profile", *source, "--controls")[1]
    document = json.loads(invoke(capsys, "profile", *source, "--controls", "full", "--json")[1])
    assert document["n_controls"] == 60
    assert document["control_seconds"] > 0
    assert invoke(capsys, "profile", *source, "--controls", "some")[0] == 2


@pytest.mark.parametrize("command", ["estimate", "scale"])
def test_the_old_name_of_the_search_device_works_and_says_so(capsys, sphere, command):
    code, new, err = invoke(capsys, command, sphere, "--search-device", "cpu", "--json")
    assert (code, "--device" in err) == (0, False)
    code, old, err = invoke(capsys, command, sphere, "--device", "cpu", "--json")
    assert (code, old) == (0, new)
    assert "--device is called --search-device now" in err
    code, _, err = invoke(capsys, command, sphere, "--search-device", "abacus")
    assert (code, "the device 'abacus' cannot be used" in err) == (2, True)
    assert " --device " not in invoke(capsys, command, "--help")[1]


def searched_on(monkeypatch, capsys, *arguments):
    """Threads and device of the search that a command asked for; nothing is measured."""
    asked = {}

    def measured(*_, **options):
        asked.update(options)
        raise ds.InputError("that was all")

    monkeypatch.setattr("dimscope.neighbors.resources.checked_device", lambda name: name)
    monkeypatch.setattr("dimscope.profiling.profile", measured)
    monkeypatch.setattr("dimscope.tracking.track_checkpoints", measured)
    monkeypatch.setattr("dimscope.estimators.estimate", measured)
    monkeypatch.setattr("dimscope.cli.scale.scale_curve", measured)
    code, _, err = invoke(capsys, *arguments)
    assert (code, "that was all" in err) == (2, True), err
    return asked["n_jobs"], asked["search_device"]


@pytest.mark.parametrize("command", ["profile", "track"])
def test_neighbours_are_searched_where_the_network_runs_or_where_it_is_said(
    capsys, net, tmp_path, monkeypatch, command
):
    (tmp_path / "step1.pt").touch()
    source = [command, "--model", f"{net}:build", "--data", f"{net}:data"]
    source += ["--out", str(tmp_path / "run")]
    source += ["--checkpoints", str(tmp_path / "*.pt")] if command == "track" else []
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, _: self)  # as if there were a GPU
    ask = partial(searched_on, monkeypatch, capsys, *source)
    assert ask() == (None, None)
    assert ask("--device", "cuda:1") == (None, "cuda:1")
    assert ask("--device", "cuda:1", "--search-device", "cpu") == (None, "cpu")
    assert ask("--search-device", "cuda:0", "--n-jobs", "2") == (2, "cuda:0")


@pytest.mark.parametrize("command", ["estimate", "scale"])
def test_an_array_is_searched_without_torch_unless_a_device_is_named(
    capsys, sphere, monkeypatch, command
):
    ask = partial(searched_on, monkeypatch, capsys, command, sphere)
    assert ask() == (None, None)
    assert ask("--search-device", "cuda:1", "--n-jobs", "3") == (3, "cuda:1")


def test_the_seed_is_that_of_the_blocks_of_points(capsys, sphere):
    def error_of(*options):
        method = ("--method", "effective_rank", "--json")
        out = invoke(capsys, "estimate", sphere, *method, *options)[1]
        return json.loads(out)["estimates"][0]["stderr"]

    assert error_of() == error_of("--seed", "0") != error_of("--seed", "1")


def test_a_method_that_fails_says_why_and_costs_the_others_nothing(capsys, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(12, 3)))
    path = str(tmp_path / "x.npy")
    code, out, err = invoke(capsys, "estimate", path, "--method", "two_nn", "--method", "mom")
    assert code == 0
    two_nn, mom = (line.split() for line in out.splitlines()[-2:])
    assert (two_nn[0], mom[:2]) == ("two_nn", ["mom", "-"])
    assert float(two_nn[1]) > 0
    assert re.search(r"^dimscope: mom: .*neighbours", err, flags=re.M)
    document = json.loads(
        invoke(capsys, "estimate", path, "--method", "two_nn", "--method", "mom", "--json")[1]
    )
    assert document["estimates"][1]["problem"] in err


FAILURES = {
    "unknown layer": (2, ["--layers", "inputt"], "input"),
    "model that fails": (1, ["--model", "{net}:broken"], "no such luck"),
    "empty loader": (2, ["--data", "{net}:empty"], "empty"),
    "unknown model": (2, ["--model", "efficientnet_lite"], "efficientnet_lite0"),
    "unknown data": (2, ["--data", "cifar"], "cifar10"),
    "missing weights": (2, ["--weights", "nowhere.pt"], "nowhere.pt"),
    "missing function": (2, ["--model", "{net}:nothing"], "nothing"),
    "too many samples": (2, ["--n-samples", "1000"], "200"),
    "unknown device": (2, ["--device", "abacus"], "abacus"),
    "bad size": (2, ["--memory", "lots"], "lots"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_every_failure_is_one_line_with_its_exit_code(capsys, net, case):
    expected, options, reason = FAILURES[case]
    base = {"--model": "{net}:build", "--data": "{net}:data"} | {options[0]: options[1]}
    arguments = [part.format(net=net) for pair in base.items() for part in pair]
    code, out, err = invoke(capsys, "profile", *arguments)
    assert (code, out) == (expected, "")
    errors = [line for line in err.splitlines() if line.startswith("dimscope: error:")]
    assert len(errors) == 1
    assert reason in errors[0]


def test_report_of_nothing_is_exit_2(capsys, tmp_path):
    code, _, err = invoke(capsys, "report", str(tmp_path))
    assert code == 2
    assert "no readable profile" in err


def test_doctor_measures_a_known_dimension(capsys):
    code, out, _ = invoke(capsys, "doctor", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["check"]["right"] is True
    assert document["packages"]["torch"] == torch.__version__


def test_reproduce_says_what_is_not_shown_and_goes_on(capsys, tmp_path, monkeypatch):
    """So short a training shows no compression: exit code 1, with everything written."""
    monkeypatch.setattr("dimscope.studies.recipes.recanatesi.noise.linear_network._N_TICKS", 1)
    how = ("reproduce", "recanatesi/noise_clusters", "--out", str(tmp_path), "--n-seeds", "3")
    how += ("--training-time", "0.05", "--workers", "1")
    code, out, err = invoke(capsys, *how)
    assert code == 1
    assert "cannot tell: compression grows with label noise" in out
    assert "lr 0.004, full batch, label noise 0.5, N = 800" in out
    assert "runs.csv and figures written" in err
    assert (tmp_path / "sweep-orthogonal_ratio.png").stat().st_size > 5000
    document = json.loads(invoke(capsys, *how, "--json")[1])
    assert [claim["n_seeds"] for claim in document["claims"]] == [3] * 8
    assert document["rows"][0]["orthogonal_ratio"] == 1.0
    assert document["recipe"]["settings"]["n_seeds"] == 3
    alias = ("reproduce", "sgd_noise_clusters", *how[2:])
    assert json.loads(invoke(capsys, "reproduce", "--json", *alias[1:])[1]) == document
    assert invoke(capsys, "reproduce", "nothing", "--out", str(tmp_path))[0] == 2
    assert invoke(capsys, *how[:4], "--n-seeds", "1")[0] == 2


def test_reproduce_lists_its_recipes(capsys):
    code, out, _ = invoke(capsys, "reproduce", "--list")
    assert code == 0
    assert re.search(r"^recanatesi/noise_clusters +Recanatesi et al\. \(2019\)", out, re.MULTILINE)
    recipes = json.loads(invoke(capsys, "reproduce", "--list", "--json")[1])["recipes"]
    flags = {r["name"]: [option["flag"] for option in r["options"]] for r in recipes}
    assert "--device" in flags["recanatesi/noise_fashion"]
    assert "--device" not in flags["recanatesi/noise_clusters"]
    code, _, err = invoke(capsys, "reproduce")
    assert code == 2
    assert "give the NAME of a recipe, or --list" in err


def test_reproduce_stopped_is_exit_130(capsys, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dimscope.studies.registry.run_jobs", interrupt)
    how = ("reproduce", "recanatesi/noise_clusters", "--out", str(tmp_path))
    code, _, err = invoke(capsys, *how)
    assert code == 130
    assert "goes on from here when it is started again" in err


def test_help_names_every_command_and_loads_no_torch():
    result = CliRunner().invoke(cli, ["--help"])
    assert all(name in result.output for name in ("estimate", "layers", "profile", "report"))
    code = "import sys, dimscope.cli.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_interrupting_is_exit_130(capsys, monkeypatch, sphere):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dimscope.estimators.estimate", interrupt)
    code, out, err = invoke(capsys, "estimate", sphere)
    assert (code, out) == (130, "")
    assert "interrupted" in err


@pytest.mark.parametrize(("name", "expected"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_has_the_exit_code_of_shells(capsys, monkeypatch, sphere, name, expected):
    def stop(*_, **__):
        os.kill(os.getpid(), getattr(signal, name))

    monkeypatch.setattr("dimscope.estimators.estimate", stop)
    code, out, err = invoke(capsys, "estimate", sphere)
    assert (code, out) == (expected, "")
    assert f"stopped by {name}" in err


def test_progress_shows_only_on_a_terminal(net):
    """stderr on a pseudo-terminal carries a bar; stdout stays the table."""
    command = [sys.executable, "-m", "dimscope.cli.main", "profile"]
    command += ["--model", f"{net}:build", "--data", f"{net}:data"]
    ours, theirs = pty.openpty()
    done = subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode(errors="replace")
    assert "layers measured" in shown
    assert "layers measured" not in done.stdout.decode()
    quiet = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "layers measured" not in quiet.stderr


def test_scale_prints_curves_and_what_they_say(capsys, sphere, tmp_path):
    picture = tmp_path / "scale.png"
    code, out, err = invoke(capsys, "scale", sphere, "--plot", str(picture))
    assert code == 0
    assert picture.stat().st_size > 0
    assert err == f"dimscope: plot written to {picture}\n"
    header, *rows, verdict = out.splitlines()
    assert header.split() == ["method", "n2", "points", "distance", "dimension"]
    assert {row.split()[0] for row in rows} == {"gride", "two_nn", "correlation_dimension"}
    assert all(row.startswith("gride") for row in rows if row.endswith("plateau"))
    assert " on the plateau from scale " in verdict


def test_scale_json_has_every_field(capsys, sphere):
    code, out, err = invoke(capsys, "scale", sphere, "--json", "--n2-max", "64")
    document = json.loads(out)
    assert (code, err, document["schema"]) == (0, "", 2)
    assert set(document) == {"schema", *ds.ScaleCurves.__dataclass_fields__}
    assert document["plateau"]["value"] == pytest.approx(2, rel=0.05)
    assert max(row["n2"] for row in document["curves"]) == 64


def test_scale_refuses_a_tolerance_out_of_range(capsys, sphere):
    code, _, err = invoke(capsys, "scale", sphere, "--tolerance", "2")
    assert code == 2
    assert "tolerance=2.0 must lie between 0 and 1" in err
