"""Write docs/reproduction.md and its figures from the records in docs/reproduction/.

    python -m benchmarks.reproduction.page                  # the page and the figures
    python -m benchmarks.reproduction.page --records DIR    # of records that it copies from DIR

Nothing is run. A recipe whose record lacks runs shows how many there are and is not judged.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes

from benchmarks.reproduction.words import AFTER, BEFORE, NOT_RUN, WITHOUT_RECIPE
from benchmarks.shared.markdown import table
from benchmarks.shared.messages import say
from benchmarks.shared.paths import DOCS
from dimscope.studies import RECIPES, Claim, Recipe, get_recipe
from dimscope.studies.jobs import read_record
from dimscope.studies.literature import LITERATURE

RECORDS = DOCS / "reproduction"
IMAGES = DOCS / "images" / "reproduction"
PAGE = DOCS / "reproduction.md"
_DPI = 110
_MOST_FIGURES = 5


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a recipe's record says so far.

    Attributes
    ----------
    recipe
        The recipe.
    frame
        Every measurement, once all runs have ended; None before.
    n_done, n_jobs
        How many runs have ended, of how many.
    seconds
        Processor seconds that they took.
    claims
        The verdicts, once all runs have ended.
    """

    recipe: Recipe
    frame: pd.DataFrame | None
    n_done: int
    n_jobs: int
    seconds: float
    claims: Sequence[Claim] = field(default_factory=list)


def outcome_of(name: str) -> Outcome:
    """Read and judge the record of a recipe."""
    recipe = get_recipe(name)
    record = read_record(RECORDS / name)
    settings = recipe.settings("standard", **dict(record.head.get("settings", {})))
    jobs = recipe.jobs(**settings)
    n_done = len(jobs) - len(record.missing(jobs))
    known = {"recipe": recipe, "n_done": n_done, "n_jobs": len(jobs), "seconds": record.seconds}
    if n_done < len(jobs):
        return Outcome(frame=None, **known)
    frame = recipe.tidy(record.frame(jobs))
    return Outcome(frame=frame, claims=recipe.judge(frame), **known)


def written(outcomes: Sequence[Outcome]) -> str:
    """The page."""
    parts = [BEFORE.strip(), _overview(outcomes), AFTER.strip(), "## Recipe by recipe"]
    parts += ["\n\n".join(_section(outcome)) for outcome in outcomes]
    return "\n\n".join(parts) + "\n"


def _overview(outcomes: Sequence[Outcome]) -> str:
    """A row for each claim of the literature: its leading verdict, and how the others fell."""
    header = ["", "claim", "published", "ours", "verdict", "recipe", "time", "what differs"]
    rows = []
    for number, source in LITERATURE.items():
        rows.append([str(number), f"{source.statement} ({source.paper})", *_row(number, outcomes)])
        rows += WITHOUT_RECIPE.get(number, [])
    return table(header, [[_cell(text) for text in row] for row in rows])


def _row(number: int, outcomes: Sequence[Outcome]) -> list[str]:
    """What follows a claim in its row."""
    found = [(o, c) for o in outcomes for c in o.claims if c.number == number]
    source = LITERATURE[number]
    if not found:
        verdict, why = ("no recipe yet", f"waits for {source.needs}") if source.needs else NOT_RUN
        return [source.reported, "", verdict, "", "", why]
    outcome, leading = found[0]
    seconds = {o.recipe.name: o.seconds for o, _ in found}
    return [
        leading.published or source.reported,
        f"{leading.statement}: {_ours(leading)}",
        _verdict(leading, [claim for _, claim in found[1:]]),
        ", ".join(f"[{_broken(name)}](#{_anchor(name)})" for name in seconds),
        _time(sum(seconds.values())),
        outcome.recipe.differs,
    ]


def _verdict(leading: Claim, others: Sequence[Claim]) -> str:
    counts = Counter(claim.outcome for claim in others)
    rest = ", ".join(f"{n} {outcome}" for outcome, n in counts.items())
    return f"**{leading.outcome}**" + (f"; others: {rest}" if rest else "")


def _section(outcome: Outcome) -> Iterator[str]:
    recipe = outcome.recipe
    yield f"### {recipe.name}"
    yield f"{recipe.title} ({recipe.paper}). {recipe.differs}"
    command = f"`dimscope reproduce {recipe.name} --out DIR`"
    if outcome.frame is None:
        yield f"{command}: {outcome.n_done} of {outcome.n_jobs} runs so far, so not judged yet."
        return
    yield f"{command}: {outcome.n_jobs} runs, {_time(outcome.seconds)} of one core."
    rows = [
        [str(c.number or ""), c.statement, c.published, _ours(c), c.outcome, c.why]
        for c in outcome.claims
    ]
    header = ["claim", "statement", "published", "ours", "verdict", "why"]
    yield table(header, [[_cell(text) for text in row] for row in rows])
    header, rows = recipe.summary_table(outcome.frame)
    yield table(header, [[_cell(text) for text in row] for row in rows])
    for name in _shown(outcome):
        yield f"![{recipe.title}: {name}](images/reproduction/{_file(recipe, name)})"


def _ours(claim: Claim) -> str:
    said = [claim.ours or ", ".join(f"{mean:.3g}" for mean in claim.shown)]
    if claim.p_value is not None:
        said.append(f"p = {claim.p_value:.1g}")
    said.append(f"n = {claim.n_seeds}")
    return "; ".join(part for part in said if part)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _broken(name: str) -> str:
    """The name of a recipe on two lines: a wide column leaves too little for the others."""
    return name.replace("/", "/<br>")


def _anchor(name: str) -> str:
    return name.replace("/", "")


def _file(recipe: Recipe, figure: str) -> str:
    return f"{recipe.name.replace('/', '-')}-{figure}.png"


def _shown(outcome: Outcome) -> dict[str, Callable[[], Axes]]:
    """The first figures of a recipe; its command draws all."""
    if outcome.frame is None:
        return {}
    return dict(list(outcome.recipe.figures(outcome.frame).items())[:_MOST_FIGURES])


def draw(outcomes: Sequence[Outcome]) -> None:
    """Draw every figure of the page, and remove those that it no longer has."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    drawn = set()
    for outcome in outcomes:
        for name, plot in _shown(outcome).items():
            path = IMAGES / _file(outcome.recipe, name)
            figure = plot().get_figure(root=True)
            figure.savefig(path, dpi=_DPI, bbox_inches="tight", metadata={"Software": None})
            pyplot.close(figure)
            drawn.add(path)
    for path in set(IMAGES.glob("*.png")) - drawn:
        path.unlink()


def take_over(records: Path) -> None:
    """Copy the record of every recipe of which `dimscope reproduce` left runs in a folder."""
    for name in RECIPES:
        record = records / name / "runs.jsonl"
        if read_record(record.parent).rows:
            (RECORDS / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(record, RECORDS / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, help="a folder with a sub-folder for each recipe")
    options = parser.parse_args()
    if options.records is not None:
        take_over(options.records)
    pyplot.switch_backend("agg")
    outcomes = [outcome_of(name) for name in RECIPES]
    draw(outcomes)
    PAGE.write_text(written(outcomes), "utf-8")
    judged = Counter(claim.outcome for outcome in outcomes for claim in outcome.claims)
    say(", ".join(f"{n} {outcome}" for outcome, n in judged.items()) or "nothing is judged")


if __name__ == "__main__":
    main()
