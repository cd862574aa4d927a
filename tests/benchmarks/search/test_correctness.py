"""Wrong neighbours and wrong distances are found, and right ones are not."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from benchmarks.search.correctness import Found, judge, truth_of, without_self

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
