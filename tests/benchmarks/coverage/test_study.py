"""A small run of the coverage study goes on where it was stopped, with the same draws."""

import pandas as pd

from benchmarks.coverage.study import main


def test_a_run_goes_on_with_the_draws_that_are_missing(tmp_path):
    cell = ["--only", "sphere:2:500", "--out"]
    main(["--draws", "0.002", *cell, str(tmp_path / "whole")])
    main(["--draws", "0.001", *cell, str(tmp_path / "parts")])
    main(["--draws", "0.002", *cell, str(tmp_path / "parts")])
    whole, parts = (pd.read_csv(tmp_path / name / "intervals.csv") for name in ("whole", "parts"))
    assert whole["draw"].unique().tolist() == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(whole, parts, check_exact=True)
