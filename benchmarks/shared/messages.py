"""What a benchmark says while it runs."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Print a line on stderr at once: stdout carries the results."""
    print(line, file=sys.stderr, flush=True)
