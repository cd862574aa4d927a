"""The synthetic profile of the plots' tests."""

import runpy
from pathlib import Path

_plots = runpy.run_path(str(Path(__file__).parents[1] / "plots" / "conftest.py"))
build, unknown, profile = (_plots[name] for name in ("build", "unknown", "profile"))
