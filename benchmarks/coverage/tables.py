"""The tables of docs/coverage.md from the draws that `study.py` made."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from benchmarks.shared.markdown import write_section

COLUMNS = ("set", "dimension", "n_samples", "draw", "method", "value", "stderr", "low", "high")


def summary(draws: pd.DataFrame) -> pd.DataFrame:
    """A row for each cell and method: bias, stderr over scatter, and coverage with its error.

    ``coverage`` is the share of intervals that hold the dimension of the set, ``own_coverage`` of
    those that hold the method's own mean over the draws.
    """
    known = draws.dropna(subset=["value"])
    key = ["method", "set", "dimension", "n_samples"]
    rows = []
    for names, cell in known.groupby(key, sort=False):
        truth, n = float(names[2]), len(cell)
        mean, scatter = cell["value"].mean(), cell["value"].std(ddof=1)
        held = cell["stderr"].notna().all() and n > 1
        rows.append(
            dict(zip(key, names, strict=True))
            | {
                "n_draws": n,
                "bias": mean / truth - 1,
                "ratio": cell["stderr"].mean() / scatter if held and scatter > 0 else math.nan,
                "coverage": covered(cell, truth) if held else math.nan,
                "own_coverage": covered(cell, mean) if held else math.nan,
            }
        )
    return pd.DataFrame(rows)


def covered(cell: pd.DataFrame, truth: float) -> float:
    """The share of a cell's intervals that hold ``truth``."""
    return float(((cell["low"] <= truth) & (truth <= cell["high"])).mean())


def binomial_error(share: float, n: int) -> float:
    """The standard error of a share of n; of one that is 0 or 1, that of half a draw off it."""
    inner = min(max(share, 0.5 / n), 1 - 0.5 / n)
    return math.sqrt(inner * (1 - inner) / n)


def shown(row: pd.Series, coverage: str) -> str:
    """One cell as text."""
    if math.isnan(row["ratio"]):
        return f"{row['bias']:+.1%}, no error"
    share = row[coverage]
    error = binomial_error(share, int(row["n_draws"]))
    return f"{row['bias']:+.1%}, {row['ratio']:.2f}, {share:.1%} ± {error:.1%}"


def table(found: pd.DataFrame, coverage: str) -> list[str]:
    """One method: a row for each set and dimension, a column for each number of points."""
    sizes = sorted(found["n_samples"].unique())
    lines = [
        "| set | d | " + " | ".join(f"N = {n:,}" for n in sizes) + " |",
        "|---" * (2 + len(sizes)) + "|",
    ]
    for (name, d), rows in found.groupby(["set", "dimension"], sort=False):
        by_size = {row["n_samples"]: shown(row, coverage) for _, row in rows.iterrows()}
        cells = " | ".join(by_size.get(n, "") for n in sizes)
        lines.append(f"| {name} | {d} | {cells} |")
    return lines


def tables(draws: pd.DataFrame, cheap: list[str]) -> str:
    """All methods; those that are not among ``cheap`` against their own mean."""
    found = summary(draws)
    lines: list[str] = []
    for method, rows in found.groupby("method", sort=False):
        coverage = "coverage" if method in cheap else "own_coverage"
        lines += [f"### `{method}`", "", *table(rows, coverage), ""]
    counts = found.groupby("n_samples")["n_draws"].agg(["min", "max"])
    lines += [
        f"N = {n:,}: {low:,} to {high:,} draws a cell." for n, (low, high) in counts.iterrows()
    ]
    return "\n".join(lines)


def write(draws: pd.DataFrame, document: Path, cheap: list[str]) -> None:
    """Put the tables between the marks of the document."""
    write_section(document, "tables", tables(draws, cheap))
