"""Where the benchmarks read and write: this checkout, its documentation and kept results."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: Where long runs keep what they have measured, so that they go on where they were stopped.
OUTPUT = ROOT / "benchmarks-output"
#: The Python of DADApy's environment, which needs an older NumPy than ours.
DADAPY_PYTHON = ROOT / ".venv-dadapy/bin/python"
