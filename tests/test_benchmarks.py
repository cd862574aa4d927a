"""The benchmark suite: what it is made of is right, and a small run of it ends in its tables."""

import json

import numpy as np
import pytest
from cases import CASES, HARD, TRAINED
from correctness import Found, judge, truth_of, without_self
from peers import PEERS, Peer
from publish import BEGIN, END, FIGURE, write
from scipy.spatial import cKDTree
from timing import TILE, Clocks, half_tiles, interleaved

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
