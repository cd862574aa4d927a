"""Fill the template of the page, and write the file as a whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from dimscope._format import number
from dimscope._optional import require
from dimscope.errors import StoreError
from dimscope.plots.rows import estimate_rows
from dimscope.report.cautions import cautions, notes
from dimscope.report.curves import decimation_panel, scale_panel, spectrum_panel
from dimscope.report.depth import depth_panel, linear_panel
from dimscope.report.panels import Panel, embed
from dimscope.report.summary import RunSummary, summarise
from dimscope.report.tangents import tangent_panel
from dimscope.results import Tables, as_records, plain
from dimscope.verdicts import SpokenVerdict, judged, spoken_verdicts

_MAX_NOTES = 8
_SHOWN = (
    "model", "sample", "replicate", "group", "step", "layer", "method", "setting", "value",
    "stderr", "interval_low", "interval_high", "n_samples", "n_features", "relative_depth", "scale",
    "n_duplicates", "n_near_copies", "ceiling", "notes",
)  # fmt: skip

#: The panels of the page in order, each with the sentence that stands there if it is missing; none
#: where nobody expects it.
_PANELS: tuple[tuple[Callable[[Tables], Panel | None], str], ...] = (
    (depth_panel, ""),
    (tangent_panel, ""),
    (
        linear_panel,
        "There is no comparison with linear dimensions: it needs an intrinsic and a linear "
        "dimension of the same layers.",
    ),
    (
        scale_panel,
        "There are no scale curves: this profile was measured at one scale, so it is unknown how "
        "much its values depend on the scale.",
    ),
    (
        decimation_panel,
        "There is no decimation: this profile was measured with one number of points, so it is "
        "unknown how much its values depend on that number.",
    ),
    (spectrum_panel, "There are no spectra in this profile."),
)


def write_report(profile: Tables, path: str | Path, *, title: str | None = None) -> Path:
    """Write one interactive HTML file that shows the whole profile and needs no network.

    The same profile gives the same file, byte for byte.

    Parameters
    ----------
    profile
        What was measured.
    path
        The file to write. Its directory is made if need be; an older file is replaced once the new
        one is complete.
    title
        Headline; the models' names by default.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the profile has no known estimate.
    StoreError
        If the file cannot be written.
    MissingDependencyError
        If Plotly is not installed.
    """
    path = Path(path)
    page = _page(profile, title)
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(page, encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write the report to {path}: {error}") from error
    return path


def _page(profile: Tables, title: str | None) -> str:
    offline = require("plotly.offline", extra="report", purpose="HTML reports")
    built = [(build(profile), missing) for build, missing in _PANELS]
    panels = [panel for panel, _ in built if panel]
    title = title or f"Dimension of {_listed(profile.models)}"
    return Template(_asset("template.html")).substitute(
        title=escape(title),
        facts=escape(_facts(profile)),
        style=_asset("style.css"),
        links="".join(f'<a href="#{panel.name}">{panel.name.capitalize()}</a>' for panel in panels),
        verdicts=_verdicts_html(profile),
        summaries="".join(map(_summary_html, summarise(profile))),
        cautions=_cautions_html(profile),
        panels="".join(panel.html() if panel else _missing_html(said) for panel, said in built),
        table=embed("table-data", json.dumps(_table(profile))),
        provenance="".join(_provenance_html(profile.provenance)),
        plotly=offline.get_plotlyjs(),
        scripts=_asset("figures.js") + _asset("table.js"),
    )


def _missing_html(sentence: str) -> str:
    return f'<p class="missing">{escape(sentence)}</p>' if sentence else ""


def _asset(name: str) -> str:
    return (files("dimscope.report") / name).read_text(encoding="utf-8")


def _listed(names: list[str]) -> str:
    """Join names as in a sentence."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _facts(profile: Tables) -> str:
    frame = estimate_rows(profile)
    samples = sorted(set(frame["n_samples"]))
    counts = (
        (len(profile.models), "model"),
        (frame["step"].nunique(), "training step"),
        (frame["layer"].nunique(), "layer"),
        (frame["method"].nunique(), "method"),
    )
    points = "N = " + " to ".join(f"{n:,}" for n in dict.fromkeys((samples[0], samples[-1])))
    named = [f"{count:,} {noun}{'s' * (count > 1)}" for count, noun in counts if count]
    return " · ".join([*named, f"{points} points"])


def _summary_html(summary: RunSummary) -> str:
    ratio = "unknown" if summary.ratio is None else f"{number(summary.ratio)}×"
    cells = (
        ("first layer", summary.first.layer, str(summary.first)),
        ("peak", summary.peak.layer, str(summary.peak)),
        ("last layer", summary.last.layer, str(summary.last)),
        ("peak / first", summary.label, ratio),
    )
    figures = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{_value_html(value)}</dd>"
        f"<dd class='where'>{escape(where)}</dd></div>"
        for name, where, value in cells
    )
    return (
        f'<article class="card"><h3>{escape(summary.name)}</h3><dl class="figures">{figures}</dl>'
        f"<p>{escape(summary.sentence)}</p></article>"
    )


def _value_html(value: str) -> str:
    estimate, plus_minus, error = value.partition(" ± ")
    return escape(estimate) + (
        f"<small>{plus_minus}{error}</small>" if error else "<small>&nbsp;</small>"
    )


def _verdicts_html(profile: Tables) -> str:
    """What can be believed, model by model: every verdict with its evidence."""
    spoken = spoken_verdicts(judged(profile))
    names = dict.fromkeys(one.who for one in spoken)
    listed = "".join(
        f"<h4>{escape(name)}</h4>"
        f"<ul>{''.join(_verdict_html(one) for one in spoken if one.who == name)}</ul>"
        for name in names
    )
    return listed and (
        f'<aside class="card verdicts"><h3>What can be believed</h3>{listed}</aside>'
    )


def _verdict_html(spoken: SpokenVerdict) -> str:
    return f"<li>{escape(spoken.statement)} <span>{escape(spoken.evidence)}</span></li>"


def _cautions_html(profile: Tables) -> str:
    items = [escape(sentence) for sentence in cautions(profile)]
    counted = notes(profile)
    if counted:
        lines = "".join(
            f"<li>{escape(note)} <span>({count:,} of the estimates)</span></li>"
            for note, count in counted[:_MAX_NOTES]
        )
        more = len(counted) - _MAX_NOTES
        rest = f"<li>{more:,} more in the table</li>" if more > 0 else ""
        items.append(f"The estimates carry notes:<ul>{lines}{rest}</ul>")
    if not items:
        return ""
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f'<aside class="card cautions"><h3>Before you rely on this</h3><ul>{listed}</ul></aside>'


def _table(profile: Tables) -> dict[str, Any]:
    """Gather the data of the page's table; columns that say nothing are not shown."""
    frame = profile.to_frame("estimate")
    unsaid = {"notes": "", "setting": "", "sample": "data", "replicate": 0}
    said = frame.assign(**{n: frame[n].replace(v, None) for n, v in unsaid.items()}).notna().any()
    return {
        "columns": list(frame.columns),
        "shown": [name for name in _SHOWN if said[name]],
        "rows": [list(row.values()) for row in as_records(frame)],
        "labels": _titles(profile),
        "provenance": plain(profile.provenance),
    }


def _titles(profile: Tables) -> dict[str, str]:
    """The title of every method, by its registry name."""
    named = profile.values[["method", "title"]].drop_duplicates("method")
    return dict(zip(named["method"], named["title"], strict=True))


def _provenance_html(provenance: Mapping[str, Any]) -> Iterator[str]:
    for model, entries in provenance.items():
        rows = "".join(
            f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in _flat(plain(entries))
        )
        yield f"<details><summary>{escape(model)}</summary><table>{rows}</table></details>"


def _flat(entries: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested entries, each with its path as its name."""
    if isinstance(entries, Mapping) and entries:
        for key, value in entries.items():
            yield from _flat(value, f"{name}.{key}" if name else key)
    else:
        yield name, entries if isinstance(entries, str) else json.dumps(entries, ensure_ascii=False)
