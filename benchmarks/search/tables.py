"""The results of `speed.py` as Markdown tables, a section of docs/benchmarks.md, and a figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.search.peers import TITLES
from benchmarks.search.point_sets import BENIGN, CASES, HARD, Case
from benchmarks.shared.markdown import MISSING, table, write_section

OURS, CHECKS = "dimscope", "checks"
FIGURE = "images/neighbors-speed.png"
SECTION = "neighbors"
_APPROXIMATE = {"pynndescent", "hnswlib"}

Results = Mapping[str, Any]


def as_markdown(results: Results) -> str:
    parts = [_machine(results["machine"])]
    if results["cases"]:
        parts += ["CPU time, in half products:", speedtable(results)]
        parts += ["Wall time, in half products:", walltable(results)]
    if any(case.group == HARD for case in _measured(results)):
        parts += [
            "Hard sets: the share of wrong neighbours, and the largest relative error of the first "
            "two distances (∞ where equal points have a distance above 0). *Time* is dimscope's, "
            "as a multiple of its time on a Gaussian of the same size:",
            hardtable(results),
        ]
    if "memory" in results:
        parts.append(_memory(results["memory"]))
    if "compile" in results:
        parts += ["Pauses of a new process, in seconds:", _pauses(results["compile"])]
    return "\n\n".join(parts)


def speedtable(results: Results) -> str:
    """CPU time of every method in half products, and how ours found its neighbours."""
    peers = _peers(results)
    head = ["data", "N, D, k", "half product, CPU s", "dimscope", "of which checks"]
    head += ["two threads, of the wall time", "found by", "evaluated"]
    rows = []
    for case in _measured(results):
        result = results["cases"][case.name]
        ratios = {name: entry["ratio"]["cpu"] for name, entry in result["methods"].items()}
        share = result["evaluated_share"]
        rows.append(
            [
                case.title,
                _size(result),
                f"{result['unit']['cpu']:.2f}",
                f"{ratios[OURS]:.2f}",
                f"{ratios[CHECKS]:.2f}",
                f"{result['two_threads']:.2f}",
                result["found_by"],
                MISSING if share is None else f"{share:.1%}",
                *(_peer_cell(name, result["methods"].get(name)) for name in peers),
            ]
        )
    return table([*head, *(TITLES[name] for name in peers)], rows)


def walltable(results: Results) -> str:
    """Wall time of every method in half products."""
    methods = [OURS, *_peers(results)]
    rows = []
    for case in _measured(results):
        result = results["cases"][case.name]
        entries = (result["methods"].get(name) for name in methods)
        cells = (f"{entry['ratio']['wall']:.2f}" if entry else MISSING for entry in entries)
        rows.append([case.title, _size(result), f"{result['unit']['wall']:.2f}", *cells])
    titles = [TITLES.get(name, name) for name in methods]
    return table(["data", "N, D, k", "half product, s", *titles], rows)


def hardtable(results: Results) -> str:
    """How right every method is on the hard sets."""
    methods = [OURS, *_peers(results)]
    cases = [case for case in _measured(results) if case.group == HARD]
    rows = []
    for case in cases:
        result = results["cases"][case.name]
        cells = (_verdict(result["methods"].get(name)) for name in methods)
        rows.append([case.title, _size(result), times_benign(case.name, results), *cells])
    titles = [TITLES.get(name, name) for name in methods]
    return table(["data", "N, D, k", "time", *titles], rows)


def times_benign(name: str, results: Results) -> str:
    """Time of ours on a hard set over that on a Gaussian of its size, both in half products."""
    cases = results["cases"]
    if BENIGN not in cases:
        return MISSING
    hard, benign = (cases[each]["methods"][OURS]["ratio"]["cpu"] for each in (name, BENIGN))
    return f"{hard / benign:.2f}"


def write(results: Results, docs: Path) -> None:
    """Put tables and figure where the documentation shows them."""
    figure = f"![CPU time in half products]({FIGURE})"
    write_section(docs / "benchmarks.md", SECTION, f"{as_markdown(results)}\n\n{figure}")
    draw(results, docs / FIGURE)


def draw(results: Results, path: Path) -> None:
    """CPU time of every method in half products: a line for each case, a dot for each method."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    cases = _measured(results)[::-1]
    figure, ax = pyplot.subplots(figsize=(9, 1.6 + 0.36 * len(cases)), layout="constrained")
    markers = dict(zip((OURS, *TITLES), "Dos^vPXp", strict=False))
    for name in [*_peers(results), OURS]:  # ours above the others
        dots = [
            (entry["ratio"]["cpu"], line)
            for line, case in enumerate(cases)
            if (entry := results["cases"][case.name]["methods"].get(name))
        ]
        ratios, lines = zip(*dots, strict=True)
        look = {"color": "black", "s": 60} if name == OURS else {"s": 36}
        label = TITLES.get(name, name) + (", approximate" if name in _APPROXIMATE else "")
        ax.scatter(ratios, lines, marker=markers[name], label=label, **look)
    labels = [f"{case.title}   {_size(results['cases'][case.name])}" for case in cases]
    ax.set_yticks(range(len(cases)), labels)
    for line in range(1, len(cases)):
        if cases[line].group != cases[line - 1].group:
            ax.axhline(line - 0.5, color="0.6", linewidth=0.8)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.axvline(1, color="0.4", linewidth=0.8, linestyle="--")
    ax.grid(axis="both", color="0.9")
    ax.set_axisbelow(True)
    ax.set_xlabel("CPU time, in symmetric float32 half products (one core; data: N, D, k)")
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _measured(results: Results) -> list[Case]:
    return [case for case in CASES if case.name in results["cases"]]


def _peers(results: Results) -> list[str]:
    return [
        name
        for name in TITLES
        if any(name in result["methods"] for result in results["cases"].values())
    ]


def _size(result: Results) -> str:
    return f"{result['n']:,}, {result['d']:,}, {result['k']}"


def _peer_cell(name: str, entry: Results | None) -> str:
    if entry is None:
        return MISSING
    recall = f" (recall {1 - entry['wrong']:.3f})" if name in _APPROXIMATE else ""
    return f"{entry['ratio']['cpu']:.2f}{recall}"


def _verdict(entry: Results | None) -> str:
    if entry is None:
        return MISSING
    return f"{100 * entry['wrong']:.3g} %, {entry['error']:.0e}".replace("inf", "∞")


def _machine(machine: Results) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"{machine['processor']} (family {machine['family']}), {machine['cores']} cores; NumPy's "
        f"OpenBLAS with its kernels for {machine['blas']}; {versions}."
    )


def _memory(memory: Results) -> str:
    over, search, budget = (
        f"{memory[name] / 2**20:,.0f} MiB" for name in ("over_input", "search", "budget")
    )
    return (
        f"Memory for {_size(memory)}: at its peak the process holds {over} beyond the input, "
        f"{search} for the search and the rest for Python and its libraries. The budget is "
        f"{budget}."
    )


def _pauses(pauses: Results) -> str:
    rows = []
    for name, (method, cold) in pauses["cold"].items():
        seconds = (max(0.0, value) for value in (cold, pauses["warm"][name][1]))
        rows.append(
            [f"first search by {method}" if method else name, *map("{:.1f}".format, seconds)]
        )
    return table(["", "nothing compiled yet", "compiled before"], rows)
