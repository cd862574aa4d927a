"""A recipe: an experiment of a paper as one object, from its options to its verdicts."""

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
        What None stands for. None itself if the recipe works the value out when it runs.
    help
        What the option sets, in a sentence.
    flag
        At the command line; ``--`` and the name by default.
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
        """The value in the option's own type, or the default for None.

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

    The module of a recipe must load without torch and matplotlib, so that recipes can be listed at
    once: its functions import what they need.

    Attributes
    ----------
    name
        ``paper/recipe``, where ``recipes/paper/recipe.py`` defines it.
    paper
        Whose claims it judges.
    title
        What it is of, in a line.
    differs
        What differs from the paper's own experiment, and whose task and settings these are.
    options
        All that may be set.
    run
        Does the work: ``run(out, progress=..., **settings)`` with a value for every option returns
        all measurements, a row each. It records what has ended in the folder ``out``, so that an
        interrupted run goes on where it was. `run_recipe` calls it.
    summary
        The measurements as a short table for people: cells are texts, the index says what a row is.
    claims
        The measurements as verdicts.
    figures
        The measurements as figures: a function that draws one, by the name of its file without
        extension. These functions return the axes that they drew on.
    published
        The published numbers to set beside ours; None if there are none.
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
        """A value for every option: those given, and defaults.

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
