"""Errors and summaries by hand, and rows that survive their file."""

import pytest

from benchmarks.accuracy.rows import TOO_SLOW, append, errors_by_set, read, summarise

TRUTH = {"a": 2.0, "b": 10.0, "c": 4.0, "d": 5.0}


def test_percentage_errors_by_hand(row):
    rows = [row(3.0, set="a"), row(1.5, set="a", seed=1), row(4.0, set="b"), row(set="c")]
    assert errors_by_set(rows, TRUTH) == pytest.approx({"a": 37.5, "b": 60.0})


def test_a_summary_weighs_sets_alike_and_tells_what_is_missing(row):
    rows = [
        *(row(2.2, set="a", seed=seed, seconds=1.0) for seed in range(3)),
        row(5.0, set="b", seconds=3.0),
        row(6.0, set="d", seconds=9.0),
        row(set="c", note=TOO_SLOW),
    ]
    found = summarise(rows, TRUTH, ["a", "b", "c"])
    assert (found.mean, found.median, found.worst) == pytest.approx((30.0, 30.0, 50.0))
    assert (found.worst_set, found.seconds, found.n_seeds) == ("b", pytest.approx(2.0), 1)
    assert found.everywhere == pytest.approx((10 + 50 + 20) / 3)
    assert (found.missing, found.slow) == (1, True)
    assert summarise([row(set="a")], TRUTH, ["a"]) is None


def test_rows_survive_the_file_and_the_last_of_each_counts(tmp_path, row):
    file = tmp_path / "accuracy.csv"
    rows = [row(1.25), row(None, seed=1, note='a, quoted "note"'), row(2.5)]
    assert read(file) == []
    for each in rows:
        append(file, each)
    assert read(file) == [rows[2], rows[1]]
