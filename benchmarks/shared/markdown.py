"""Markdown tables, and the generated sections of pages in docs/."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

#: The text of a cell without a value.
MISSING = "–"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of these cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def marks(name: str) -> tuple[str, str]:
    """The two lines of a page between which its generated section of that name stands."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def write_section(page: Path, name: str, section: str) -> None:
    """Replace what stands between the two marks of a page."""
    begin, end = marks(name)
    text = page.read_text("utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{page} has no lines {begin} and {end} between which to write")
    page.write_text(pattern.sub(lambda _: f"{begin}\n{section}\n{end}", text), "utf-8")
