"""The benchmark suite: what it is made of is right, and a small run of it ends in its tables."""

import json
import sys
from pathlib import Path

import accuracy
import accuracy_peers
import accuracy_report
import costs
import numpy as np
import pytest
import skdim
from accuracy_report import RANKED, ranked
from accuracy_results import TOO_SLOW, Method, Row, append, errors_by_set, read, summarise
from cases import CASES, HARD, TRAINED
from correctness import Found, judge, truth_of, without_self
from peers import PEERS, Peer
from publish import BEGIN, END, FIGURE, write
from scipy.spatial import cKDTree
from timing import TILE, Clocks, half_tiles, interleaved

import dimscope
from dimscope.manifolds import HELD_OUT, make_manifold
from neighbors import main

N, K = 60, 3


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)


@pytest.fixture
def found(points):
    distances, indices = cKDTree(points.astype(np.float64)).query(points, K + 1)
    return Found(distances[:, 1:], indices[:, 1:])


@pytest.fixture
def truth(points):
    return truth_of(points, np.arange(0, N, 2))


@pytest.mark.parametrize("n", [1, TILE, 2 * TILE + 5])
def test_half_product_has_each_pair_once_but_on_the_diagonal(n):
    counts = np.zeros((n, n), dtype=int)
    for rows, columns in half_tiles(n):
        counts[rows, columns] += 1
    assert counts.max() == 1
    assert (counts + counts.T > 0).all()
    m = -(-n // TILE)
    assert len(list(half_tiles(n))) == m * (m + 1) // 2


def test_ratio_divides_each_clock_by_its_own():
    assert Clocks(cpu=3.0, wall=8.0).over(Clocks(cpu=2.0, wall=4.0)) == Clocks(1.5, 2.0)


def test_rounds_interleave_and_each_call_has_its_own_number():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    best = interleaved(calls, {"a": 3, "b": 1, "c": 2})
    assert order == ["a", "b", "c", "a", "c", "a"]
    assert set(best) == set("abc")


def test_judge_finds_nothing_wrong_with_the_truth(found, truth):
    wrong, error = judge(found, truth)
    assert wrong == 0
    assert error < 1e-15


def test_judge_flags_one_wrong_neighbour(found, truth, points):
    indices = found.indices.copy()
    indices[4, 1] = np.linalg.norm(points - points[4], axis=1).argmax()
    assert judge(Found(found.distances, indices), truth).wrong == pytest.approx(
        1 / (K * len(truth.rows))
    )


@pytest.mark.parametrize("entry", ["the point itself", "none", "another again"])
def test_judge_flags_what_is_no_neighbour(found, truth, entry):
    indices = found.indices.copy()
    indices[4, 1] = {"the point itself": 4, "none": -1, "another again": indices[4, 0]}[entry]
    assert judge(Found(found.distances, indices), truth).wrong == pytest.approx(
        1 / (K * len(truth.rows))
    )


def test_judge_measures_the_error_of_first_and_second_distance_only(found, truth):
    distances = found.distances.copy()
    distances[2, 1] *= 1.25
    distances[6, 2] *= 2
    assert judge(Found(distances, found.indices), truth).error == pytest.approx(0.25)
    distances[2, 1] = np.nan
    assert judge(Found(distances, found.indices), truth).error == np.inf


def test_judge_takes_any_of_equally_far_points_and_knows_zero():
    x = np.array([[0.0], [1.0], [-1.0], [0.0]], dtype=np.float32)
    truth = truth_of(x, np.array([0]))
    for tied in (1, 2):
        found = Found(np.array([[0.0, 1.0]]), np.array([[3, tied]]))
        assert judge(found, truth) == (0.0, 0.0)
    assert judge(Found(np.array([[1e-9, 1.0]]), np.array([[3, 1]])), truth).error == np.inf


def test_self_is_left_out_wherever_it_is_listed():
    indices = np.array([[0, 1, 2], [2, 1, 0], [0, 1, 3]])
    distances = np.array([[0.0, 1, 2], [3, 4, 5], [6, 7, 8]])
    found = without_self(distances, indices)
    assert found.indices.tolist() == [[1, 2], [2, 0], [0, 1]]
    assert found.distances.tolist() == [[1, 2], [3, 5], [6, 7]]


@pytest.mark.parametrize("case", [c for c in CASES if c.group != TRAINED], ids=lambda c: c.name)
def test_points_are_finite_float32_of_the_stated_size(case):
    small = case.shrunk()
    x = small.points()
    assert x.shape == (small.n, small.d)
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert np.isfinite(x).all()


def test_duplicates_are_exact_and_near_duplicates_are_not():
    cases = {case.name: case.shrunk() for case in CASES if case.group == HARD}
    assert len(np.unique(cases["duplicates"].points(), axis=0)) == cases["duplicates"].n * 0.99
    assert len(np.unique(cases["few-ulps"].points(), axis=0)) == cases["few-ulps"].n


def test_a_small_run_is_kept_published_and_not_repeated(tmp_path, capsys):
    chosen = ["--cases", "gaussian-100", "benign", "offset", "--peers", "scikit-learn"]
    arguments = ["--quick", "--rounds", "1", "--out", str(tmp_path), *chosen]
    main(arguments)
    output = capsys.readouterr().out
    assert "| offset 1e4 | 1,600, 64, 10 |" in output
    results = json.loads((tmp_path / "neighbors-quick.json").read_text("utf-8"))
    offset = results["cases"]["offset"]
    assert offset["found_by"] == "tiles"
    assert offset["methods"]["dimscope"]["wrong"] == 0
    assert offset["methods"]["dimscope"]["error"] < 1e-12
    seconds, ratio = (offset["methods"]["scikit-learn"][key]["cpu"] for key in ("seconds", "ratio"))
    assert ratio == pytest.approx(seconds / offset["unit"]["cpu"])

    main(arguments)
    again = capsys.readouterr()
    assert again.out == output
    assert "offset: kept" in again.err

    docs = tmp_path / "docs"
    docs.mkdir()
    page = docs / "benchmarks.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    write(results, docs)
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "| offset 1e4 |" in text
    assert "old" not in text
    assert (docs / FIGURE).read_bytes().startswith(b"\x89PNG")


def test_results_of_another_version_are_not_mixed_with_these(tmp_path, capsys):
    file = tmp_path / "neighbors-quick.json"
    file.write_text(json.dumps({"machine": {}, "cases": {"offset": {}}}), "utf-8")
    main(["--quick", "--rounds", "1", "--out", str(tmp_path), "--cases", "benign", "--peers"])
    assert "started anew" in capsys.readouterr().err
    assert list(json.loads(file.read_text("utf-8"))["cases"]) == ["benign"]


def test_a_library_that_is_not_installed_is_left_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Peer, "version", property(lambda peer: None))
    arguments = ["--quick", "--rounds", "1", "--out", str(tmp_path), "--cases", "benign"]
    main([*arguments, "--peers", PEERS[1].name])
    captured = capsys.readouterr()
    assert f"{PEERS[1].name} is not installed: left out" in captured.err
    assert PEERS[1].title not in captured.out


def row(value=None, *, method="two_nn", name="M9_Affine", seed=0, n=100, seconds=1.0, note=""):
    return Row(
        library="dimscope",
        version="1",
        method=method,
        set=name,
        n=n,
        seed=seed,
        value=value,
        seconds=seconds,
        note=note,
    )


TRUTH = {"a": 2.0, "b": 10.0, "c": 4.0, "d": 5.0}


def test_percentage_errors_by_hand():
    rows = [row(3.0, name="a"), row(1.5, name="a", seed=1), row(4.0, name="b"), row(name="c")]
    assert errors_by_set(rows, TRUTH) == pytest.approx({"a": 37.5, "b": 60.0})


def test_a_summary_weighs_sets_alike_and_tells_what_is_missing():
    rows = [
        *(row(2.2, name="a", seed=seed, seconds=1.0) for seed in range(3)),
        row(5.0, name="b", seconds=3.0),
        row(6.0, name="d", seconds=9.0),
        row(name="c", note=TOO_SLOW),
    ]
    found = summarise(rows, TRUTH, ["a", "b", "c"])
    assert (found.mean, found.median, found.worst) == pytest.approx((30.0, 30.0, 50.0))
    assert (found.worst_set, found.seconds, found.n_seeds) == ("b", pytest.approx(2.0), 1)
    assert found.everywhere == pytest.approx((10 + 50 + 20) / 3)
    assert (found.missing, found.slow) == (1, True)
    assert summarise([row(name="a")], TRUTH, ["a"]) is None


def test_rows_survive_the_file_and_the_last_of_each_counts(tmp_path):
    file = tmp_path / "accuracy.csv"
    rows = [row(1.25), row(None, seed=1, note='a, quoted "note"'), row(2.5)]
    assert read(file) == []
    for each in rows:
        append(file, each)
    assert read(file) == [rows[2], rows[1]]


def test_methods_are_ranked_by_mean_those_with_gaps_last():
    near = [row(21.0, method="near"), row(4.1, method="near", name="M4_Nonlinear")]
    far = [row(30.0, method="far"), row(8.0, method="far", name="M4_Nonlinear")]
    gap = [row(20.0, method="gap")]
    truth = {"M9_Affine": 20.0, "M4_Nonlinear": 4.0}
    found = ranked([*gap, *far, *near], truth, 100, ["M9_Affine", "M4_Nonlinear"])
    assert [method.name for method, _ in found] == ["near", "far", "gap"]


def test_the_ranked_sets_are_those_of_scikit_dimension():
    truth = skdim.datasets.BenchmarkManifolds().truth
    assert set(RANKED) == set(truth.index)
    assert accuracy.dimensions(RANKED) == truth["Intrinsic Dimension"].to_dict()


def test_every_set_that_is_held_out_can_be_made():
    known = accuracy.dimensions(list(HELD_OUT))
    assert set(known) == set(HELD_OUT)
    assert accuracy.manifold("swiss_roll").name == "swiss_roll"


def test_a_slow_method_is_not_tried_again_and_a_dear_one_not_repeated(tmp_path):
    kept = [row(name=name, note=TOO_SLOW, method="slow") for name in "abc"]
    kept += [row(1.0, name="a", seconds=9.0, method="dear")]
    progress = accuracy.Progress(kept, tmp_path / "f.csv", repeat_below=5.0)
    slow, dear, new = (Method("dimscope", name) for name in ("slow", "dear", "new"))
    assert not progress.lacks(slow, accuracy.Sample("d", 100, 0))
    assert not progress.lacks(slow, accuracy.Sample("d", 200, 0))
    assert progress.lacks(slow, accuracy.Sample("d", 50, 0))
    assert not progress.lacks(dear, accuracy.Sample("a", 100, 0))
    assert progress.lacks(dear, accuracy.Sample("d", 100, 0))
    assert not progress.lacks(dear, accuracy.Sample("d", 100, 1))
    assert progress.lacks(new, accuracy.Sample("a", 100, 1))


def test_a_small_accuracy_run_is_kept_published_and_not_repeated(tmp_path, capsys):
    docs = tmp_path / "docs"
    docs.mkdir()
    marks = accuracy_report.BEGIN, accuracy_report.END
    (docs / "accuracy.md").write_text(f"before\n{marks[0]}\nold\n{marks[1]}\nafter\n", "utf-8")
    arguments = ["--n-samples", "300", "--seeds", "1", "--sets", *RANKED[:2], "--out"]
    arguments += [str(tmp_path), "--docs", str(docs), "--only", "dimscope/two_nn", "dimscope/abid"]
    accuracy.main([*arguments, "--write"])
    rows = read(tmp_path / "accuracy.csv")
    assert len(rows) == 4
    x = make_manifold(RANKED[0]).sample(300, 0)
    assert rows[0].value == dimscope.TwoNN().fit(x).dimension_
    text = (docs / "accuracy.md").read_text("utf-8")
    assert "| **`two_nn`** | dimscope |" in text
    assert "old" not in text
    assert text.endswith("after\n")
    before = (tmp_path / "accuracy.csv").read_text("utf-8")
    accuracy.main(arguments)
    assert (tmp_path / "accuracy.csv").read_text("utf-8") == before
    capsys.readouterr()


def test_what_a_library_raises_or_cannot_say_is_a_note():
    def fails(x):
        raise ValueError("no such thing")

    x = np.zeros((3, 2))
    assert accuracy_peers.answer(fails, x, 60.0)["note"] == "ValueError: no such thing"
    assert accuracy_peers.answer(lambda x: np.nan, x, 60.0)["value"] is None
    assert accuracy_peers.answer(lambda x: 2.5, x, 60.0)["value"] == 2.5


def test_a_call_beyond_its_limit_is_too_slow_and_the_next_one_is_answered(tmp_path, monkeypatch):
    """A process of scikit-dimension itself, stopped in its first call by a limit it cannot keep."""
    monkeypatch.setitem(accuracy_peers.PYTHONS, "scikit-dimension", Path(sys.executable))
    sample = accuracy.Sample("M9_Affine", 2_000, 0)
    workers = accuracy.Workers(limit=0.5)
    try:
        slow = workers.row(Method("scikit-dimension", "PH"), sample, sample.file(tmp_path))
        assert (slow.value, slow.note) == (None, TOO_SLOW)
        workers.limit = 60.0
        known = workers.row(Method("scikit-dimension", "lPCA"), sample, sample.file(tmp_path))
        assert known.value == 20
    finally:
        workers.stop()


def test_costs_name_the_estimators_and_their_search():
    x = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    table = costs.cost_table(x, ["two_nn", "abid", "participation_ratio"], rounds=1)
    assert "| `two_nn` | 2 |" in table
    assert "| `abid` | 50 |" in table
    assert "participation_ratio" not in table
