"""`Recipe`: an experiment of a paper as one object, from its options to its verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.claims import Claim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS: Mapping[type, tuple[type, str]] = {
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "a text"),
}


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
        The value for None. It is None itself if the recipe chooses the value when it runs.
    help
        What the option sets, in a sentence.
    flag
        The name at the command line; by default ``--`` and ``name``.
    """

    name: str
    kind: type
    default: int | float | str | None
    help: str
    flag: str = ""

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


#: Options that several recipes have.
N_SEEDS = Option(name="n_seeds", kind=int, default=5, help="Seeds of every condition.")
DEVICE = Option(name="device", kind=str, default="cpu", help="Where networks are trained.")
N_WORKERS = Option(
    name="n_workers",
    kind=int,
    default=None,
    help="Processes; by default one for each core, or four that share a device.",
    flag="--workers",
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """An experiment of a paper that can be run and judged.

    The module of a recipe must load without torch and matplotlib, so that listing recipes is fast.
    Its functions import what they need.

    Attributes
    ----------
    name
        ``paper/recipe``, where ``recipes/paper/recipe.py`` defines it.
    paper
        The paper whose claims it judges.
    title
        The experiment in one line.
    differs
        What differs from the paper's own experiment, and where task and settings come from.
    options
        All settings.
    run
        Does the work: ``run(out, progress=..., **settings)`` with a value for every option returns
        all measurements, a row each. It records every run that ends in the folder ``out``, so that
        an interrupted recipe goes on where it was. `run_recipe` calls it.
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
    paper: str
    title: str
    differs: str
    options: tuple[Option, ...]
    run: Callable[..., pd.DataFrame]
    summary: Callable[[pd.DataFrame], pd.DataFrame]
    claims: Callable[[pd.DataFrame], list[Claim]]
    figures: Callable[[pd.DataFrame], Mapping[str, Callable[[], Axes]]]
    published: Mapping[str, Any] | None = None

    def settings(self, **given: object) -> dict[str, Any]:
        """A value for every option: the given value, or the default.

        Raises
        ------
        InputError
            If the recipe has no such option, or a value has the wrong type.
        """
        known = [option.name for option in self.options]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise InputError(
                f"{self.name} has no option {', '.join(unknown)}: it has {', '.join(known)}"
            )
        return {option.name: option.checked(given.get(option.name)) for option in self.options}
