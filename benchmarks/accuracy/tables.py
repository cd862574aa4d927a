"""The accuracy of all methods as Markdown tables, a section of docs/accuracy.md, and a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.accuracy.rows import (
    OURS,
    Method,
    Row,
    Summary,
    by_method,
    errors_by_set,
    summarise,
)
from benchmarks.shared.markdown import MISSING, table, write_section
from dimscope.manifolds import BENCHMARK, HELD_OUT

#: Those of the sets that scikit-dimension's BenchmarkManifolds makes, by which methods are ranked.
RANKED = tuple(
    name for name in BENCHMARK if name not in {"M0_Sinusoid", "M13_Curve", "M14_Rozza", "M15_Rozza"}
)
FIGURE = "images/accuracy.png"
SECTION = "accuracy"
_SHOWN_N = 2_500  # of the figure and of the table by set, where there are rows of it
_LEADING = 8

Truth = Mapping[str, float]


def as_markdown(rows: Sequence[Row], truth: Truth) -> str:
    parts = [_versions(rows)]
    for n in sorted({row.n for row in rows}):
        for title, sets in (("", RANKED), (", sets held out", tuple(HELD_OUT))):
            found = ranked(rows, truth, n, sets)
            if found:
                parts += [f"### N = {n:,}{title}", summary_table(found, len(sets))]
    n = shown_n(rows)
    if n is not None:
        parts += [
            f"### By set, N = {n:,}",
            f"The mean estimate of the {_LEADING} methods of the least mean error. Sets marked * "
            "are beside the 24.",
            set_table(rows, truth, n),
        ]
    return "\n\n".join(parts)


def ranked(
    rows: Sequence[Row], truth: Truth, n: int, sets: Sequence[str]
) -> list[tuple[Method, Summary]]:
    """The methods that have a value on some of the sets, those that miss fewest sets first.

    A mean over fewer sets says less than one over all: methods are compared where they miss as
    many sets, by their mean.
    """
    group = set(BENCHMARK) if set(sets) <= set(BENCHMARK) else set(sets)
    found = []
    for method, own in by_method(rows, n).items():
        summary = summarise([row for row in own if row.set in group], truth, sets)
        if summary is not None:
            found.append((method, summary))
    return sorted(found, key=lambda pair: (pair[1].missing > 0, pair[1].mean))


def summary_table(found: Sequence[tuple[Method, Summary]], n_sets: int) -> str:
    """One line a method: errors in per cent, and the CPU time of a call."""
    head = ["method", "library", "mean", "median", "worst", "on", "all sets", "CPU s", "seeds"]
    head += ["sets without a value"]
    lines = [
        [
            f"**`{method.name}`**" if method.library == OURS else method.name,
            method.library,
            f"{s.mean:.1f}",
            f"{s.median:.1f}",
            f"{s.worst:.0f}",
            s.worst_set,
            f"{s.everywhere:.1f}",
            f"{s.seconds:.2f}",
            str(s.n_seeds),
            f"{s.missing} of {n_sets}{' (too slow)' if s.slow else ''}" if s.missing else "",
        ]
        for method, s in found
    ]
    return table(head, lines)


def set_table(rows: Sequence[Row], truth: Truth, n: int) -> str:
    """The mean estimate on each set by the leading methods."""
    leading = [method for method, _ in ranked(rows, truth, n, RANKED)[:_LEADING]]
    own = by_method(rows, n)
    lines = []
    for name in BENCHMARK:
        cells = []
        for method in leading:
            values = [r.value for r in own[method] if r.set == name and r.value is not None]
            cells.append(f"{sum(values) / len(values):.1f}" if values else MISSING)
        lines.append([name if name in RANKED else f"{name}*", f"{truth[name]:g}", *cells])
    titles = [f"`{m.name}`" if m.library == OURS else f"{m.name}, {m.library}" for m in leading]
    return table(["set", "dimension", *titles], lines)


def shown_n(rows: Sequence[Row]) -> int | None:
    """The N of the figure: 2,500, or else the largest there is; None without rows."""
    sizes = {row.n for row in rows if row.set in RANKED}
    return _SHOWN_N if _SHOWN_N in sizes else max(sizes, default=None)


def write(rows: Sequence[Row], truth: Truth, docs: Path) -> None:
    """Put tables and figure where the documentation shows them."""
    n = shown_n(rows)
    if n is None:
        raise SystemExit("nothing was measured on the sets of the benchmark: run without --redraw")
    caption = f"Errors at N = {n:,}: sets, mean and median of each method"
    section = f"![{caption}]({FIGURE})\n\n{as_markdown(rows, truth)}"
    write_section(docs / "accuracy.md", SECTION, section)
    draw(rows, truth, n, docs / FIGURE)


def draw(rows: Sequence[Row], truth: Truth, n: int, path: Path) -> None:
    """A line for each method without gaps: a dot for each set, the mean and the median."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    found = ranked(rows, truth, n, RANKED)
    fewest = min(summary.missing for _, summary in found)
    found = [pair for pair in found if pair[1].missing == fewest][::-1]
    own = by_method(rows, n)
    figure, ax = pyplot.subplots(figsize=(9, 1.5 + 0.23 * len(found)), layout="constrained")
    for line, (method, summary) in enumerate(found):
        errors = errors_by_set(own[method], truth)
        color = "black" if method.library == OURS else "tab:orange"
        each = [
            max(errors[name], 0.1) for name in RANKED if name in errors
        ]  # the axis is logarithmic
        ax.scatter(each, [line] * len(each), s=9, color="0.75", label=_once("a set", line))
        median = max(summary.median, 0.1)
        ax.scatter(median, line, s=40, marker="|", color=color, label=_once("median", line))
        ax.scatter(summary.mean, line, s=36, marker="o", color=color)
    ax.scatter([], [], s=36, color="black", label="mean, dimscope")
    ax.scatter([], [], s=36, color="tab:orange", label="mean, another library")
    names = [m.name if m.library == OURS else f"{m.name}  ({m.library})" for m, _ in found]
    ax.set_yticks(range(len(found)), names, fontsize=8)
    ax.set_ylim(-1, len(found))
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.grid(axis="x", color="0.92")
    ax.set_axisbelow(True)
    ax.set_xlabel(f"error in per cent of the dimension, 24 sets, N = {n:,} (0.1 stands for less)")
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def _once(label: str, line: int) -> str | None:
    return label if line == 0 else None


def _versions(rows: Sequence[Row]) -> str:
    return ", ".join(sorted({f"{row.library} {row.version}" for row in rows})) + "."
