"""What is known to be wrong is refused before a network or data are loaded."""

from __future__ import annotations

import pytest

from dimscope.cli.main import run

FAR = ["--model", "hf:nobody/needs-a-download", "--data", "cifar10"]  # neither is at hand

OPTIONS = {
    "metric": (["--metric", "manhattan"], "manhattan"),
    "method": (["--method", "twonn"], "two_nn"),
    "pooling": (["--pooling", "mean"], "unknown pooling 'mean'"),
    "axes": (["--axes", "layers.*=XY"], "XY"),
    "repeats": (["--n-repeats", "0"], "0"),
    "batch size": (["--batch-size", "0"], "0"),
    "memory": (["--memory", "lots"], "lots"),
    "disk": (["--disk", "lots"], "lots"),
    "threads": (["--n-jobs", "0"], "0"),
    "search device": (["--search-device", "abacus"], "abacus"),
    "device": (["--device", "abacus"], "abacus"),
    "network": (["--model", "efficientnet"], "efficientnet_lite0"),
    "network of no library": (["--model", "huggingface:gpt2"], "unknown model"),
    "file of a network": (["--model", "nowhere.py:build"], "nowhere.py"),
    "weights": (["--weights", "nowhere.pt"], "nowhere.pt"),
    "type of weights": (["--weights", "net.h5"], "net.h5"),
    "weights twice": (["--weights", "nowhere.pt", "--untrained"], "choose one"),
    "data": (["--data", "cifar"], "did you mean cifar10"),
    "file of data": (["--data", "nowhere.py:data"], "nowhere.py"),
    "split": (["--split", "validation"], "no split 'validation'; choose train or test"),
    "class": (["--class", "unicorn"], "no class 'unicorn'"),
    "samples": (["--n-samples", "10001"], "cifar10 has 10000 samples to draw from"),
    "samples of a bundled set": (["--data", "digits", "--n-samples", "1798"], "1797"),
    "class of a bundled set": (["--data", "digits", "--class", "ten"], "no class 'ten'"),
    "file of an array": (["--data", "npz:nowhere.npz"], "nowhere.npz"),
}


@pytest.fixture(autouse=True)
def _nothing_can_be_loaded(tmp_path, monkeypatch):
    def loaded(*_args, **_options):
        raise AssertionError("something was loaded")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIMSCOPE_DATA", str(tmp_path))
    monkeypatch.setattr("dimscope.models.load._build", loaded)
    monkeypatch.setattr("dimscope.data.load.load_benchmark", loaded)
    monkeypatch.setattr("dimscope.io.arrays.read_array", loaded)


@pytest.mark.parametrize("case", OPTIONS)
@pytest.mark.parametrize("command", ["profile", "track"])
def test_an_option_is_refused_before_anything_is_loaded(capsys, tmp_path, command, case):
    options, reason = OPTIONS[case]
    (tmp_path / "step1.pt").touch()
    arguments = [command, *FAR, "--out", str(tmp_path / "run"), *options]
    arguments += ["--checkpoints", str(tmp_path / "*.pt")] if command == "track" else []
    assert run(arguments) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("case", ["device", "network", "data", "samples", "split"])
def test_the_list_of_layers_refuses_it_too(capsys, case):
    options, reason = OPTIONS[case]
    assert run(["layers", *FAR, *options]) == 2
    assert reason in capsys.readouterr().err


def test_what_is_right_is_loaded():
    with pytest.raises(AssertionError, match="something was loaded"):
        run(["profile", *FAR])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--eval-data", "cifar"], "did you mean cifar10"),
        (["--eval-data", "digits", "--split", "train"], "no split 'train'"),
    ],
)
def test_data_to_evaluate_are_refused_before_anything_is_loaded(capsys, tmp_path, options, reason):
    (tmp_path / "step1.pt").touch()
    checkpoints = ["--checkpoints", str(tmp_path / "*.pt"), "--out", str(tmp_path / "run")]
    assert run(["track", *FAR, *checkpoints, *options]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("command", ["estimate", "scale"])
@pytest.mark.parametrize(
    "options", [["--metric", "manhattan"], ["--search-device", "abacus"], ["--n-jobs", "0"]]
)
def test_the_file_of_an_array_is_not_read(capsys, command, options):
    assert run([command, "nowhere.npy", *options]) == 2
    assert options[1] in capsys.readouterr().err


def test_the_file_of_an_array_is_not_read_for_an_unknown_method(capsys):
    assert run(["estimate", "nowhere.npy", "--method", "twonn"]) == 2
    assert "two_nn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--n-seeds", "1"], "n_seeds"),
        (["--workers", "0"], "n_workers=0 must be at least 1"),
        (["--device", "abacus"], "abacus"),
        (["--training-time", "0"], "training_time"),
    ],
)
def test_a_recipe_refuses_its_options_before_data_are_loaded(
    capsys, tmp_path, options, reason, monkeypatch
):
    out = str(tmp_path / "run")
    assert run(["reproduce", "recanatesi/noise_fashion", "--out", out, *options]) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "run" / "runs.jsonl").exists()
