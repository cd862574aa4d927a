"""`Recipe`: an experiment of a paper as one object, from its options to its verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.claims import Claim
from dimscope.studies.jobs import Job

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS: Mapping[type, tuple[type, str]] = {
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "a text"),
}

#: How much a recipe may cost: a real but small run, the one whose results are published with the
#: software, and the paper's own size.
BUDGETS = ("quick", "standard", "full")


@dataclass(frozen=True, kw_only=True)
class Option:
    """A setting of a recipe: a keyword of `run_recipe` and a flag of ``dimscope reproduce``.

    Attributes
    ----------
    name
        The keyword.
    kind
        ``int``, ``float`` or ``str``.
    default
        The value for None, at the budget ``"standard"``. It is None itself if the recipe chooses
        the value when it runs.
    help
        What the option sets, in a sentence.
    flag
        The name at the command line; by default ``--`` and ``name``.
    is_fixed
        Whether all runs of a folder have one value of it. More seeds or other processes go on in
        the same folder; another learning rate does not.
    """

    name: str
    kind: type
    default: int | float | str | None
    help: str
    flag: str = ""
    is_fixed: bool = True

    def __post_init__(self) -> None:
        if not self.flag:
            object.__setattr__(self, "flag", f"--{self.name.replace('_', '-')}")

    def checked(self, value: object) -> Any:
        """Convert the value to the option's own type; None becomes the default.

        Raises
        ------
        InputError
            If the value has another type.
        """
        if value is None:
            return self.default
        accepted, words = _KINDS[self.kind]
        if not isinstance(value, accepted) or isinstance(value, bool):
            raise InputError(f"{self.name}={value!r} must be {words}")
        return self.kind(value)


def seeds_option(default: int) -> Option:
    """The option that says how many seeds every condition has."""
    return Option(
        name="n_seeds", kind=int, default=default, help="Seeds of every condition.", is_fixed=False
    )


#: Options that several recipes have.
N_SEEDS = seeds_option(5)
DEVICE = Option(name="device", kind=str, default="cpu", help="Where networks are trained.")
N_WORKERS = Option(
    name="n_workers",
    kind=int,
    default=None,
    help="Processes; by default one for each core, or four that share a device.",
    flag="--workers",
    is_fixed=False,
)


def _as_it_is(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """An experiment of a paper that can be run and judged.

    The module of a recipe must load without torch and matplotlib, so that listing recipes is fast.
    Its functions import what they need.

    Attributes
    ----------
    name
        ``paper/recipe``, where ``recipes/paper/recipe.py`` defines it.
    version
        Version of its numbers: raise it when the same job no longer gives the same rows.
    earlier
        First lines that other versions of dimscope wrote in records of the same numbers.
    paper
        The paper whose claims it judges.
    title
        The experiment in one line.
    differs
        What differs from the paper's own experiment, and where task and settings come from.
    options
        All settings but the budget and the number of processes.
    budgets
        The options that a budget other than ``"standard"`` changes, with their values there.
    jobs
        Turns settings, one for every option, into the arguments of the independent runs, ready for
        JSON.
    work
        The function that does a run, as ``module:function``: it takes the arguments of a job and
        returns rows. It must not depend on what ran before it.
    keeps_state
        Whether ``work`` also takes ``checkpoint=``, a `Checkpoint` in which a long run keeps its
        state, so that a killed one goes on. It is removed when the run is recorded.
    tidy
        Turns the rows of all jobs into the frame that the others get.
    summary
        Turns the measurements into a short table for people: cells are texts, and the index says
        what a row is.
    claims
        Turns the measurements into verdicts.
    figures
        Turns the measurements into functions that draw a figure each and return its axes. Their
        keys are the names of the files, without extension.
    published
        Published numbers to compare with ours; None if there are none.
    """

    name: str
    version: int = 1
    earlier: tuple[Mapping[str, Any], ...] = ()
    paper: str
    title: str
    differs: str
    options: tuple[Option, ...]
    budgets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    jobs: Callable[..., list[Job]]
    work: str
    keeps_state: bool = False
    tidy: Callable[[pd.DataFrame], pd.DataFrame] = _as_it_is
    summary: Callable[[pd.DataFrame], pd.DataFrame]
    claims: Callable[[pd.DataFrame], list[Claim]]
    figures: Callable[[pd.DataFrame], Mapping[str, Callable[[], Axes]]]
    published: Mapping[str, Any] | None = None

    def settings(self, budget: str = "standard", **given: object) -> dict[str, Any]:
        """A value for every option: the given value, or that of the budget.

        Raises
        ------
        InputError
            If the recipe has no such option, there is no such budget, or a value has the wrong
            type.
        """
        if budget not in BUDGETS:
            raise InputError(f"budget={budget!r}: choose {' or '.join(BUDGETS)}")
        known = [option.name for option in self.options]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise InputError(
                f"{self.name} has no option {', '.join(unknown)}: it has {', '.join(known)}"
            )
        chosen = {name: value for name, value in given.items() if value is not None}
        values = dict(self.budgets.get(budget, {})) | chosen
        return {option.name: option.checked(values.get(option.name)) for option in self.options}

    def fixed(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings that all runs of a folder have in common."""
        return {option.name: settings[option.name] for option in self.options if option.is_fixed}

    def summary_table(self, frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
        """The summary as texts: a header, and rows that begin with what they are."""
        summary = self.summary(frame)
        header = [str(summary.index.name or ""), *map(str, summary.columns)]
        return header, [list(map(str, row)) for row in summary.itertuples()]

    def judge(self, frame: pd.DataFrame, budget: str = "standard") -> list[Claim]:
        """The verdicts; those that need trained networks are not judged at the budget "quick"."""
        return [claim.at_budget(budget) for claim in self.claims(frame)]
