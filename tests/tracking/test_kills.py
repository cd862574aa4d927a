"""SIGKILL at random moments; `benchmarks/training/tracker_kills.py` does more of the same."""

from benchmarks.training import tracker_kills


def test_a_killed_run_that_goes_on_has_the_ticks_of_one_left_alone(tmp_path):
    hits, sessions, ticks = tracker_kills.compare(tmp_path, n_kills=2, seed=3, longest=0.8)
    assert ticks == len(set(tracker_kills.SCHEDULE))
    assert sessions >= hits
