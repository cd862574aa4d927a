"""The settings of a profile: one frozen object, which is recorded with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from dimscope._rng import Rng, seed_of
from dimscope.errors import InputError
from dimscope.estimators import Estimator, Method, make_estimators
from dimscope.neighbors import Engine, LocalEngine, Metric, described
from dimscope.neighbors.checks import check_choice
from dimscope.results import Subject, plain

#: The intrinsic dimension at two scales, and two linear dimensions to compare it with.
DEFAULT_METHODS: tuple[str, ...] = ("two_nn", "gride", "participation_ratio", "pca_dimension")

#: The curves that a profile can record beside estimates: Gride at every scale, and eigenvalues.
EXTRA_CURVES: tuple[str, ...] = ("scale", "spectrum")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How every layer is measured.

    Attributes
    ----------
    estimators
        Estimators by registry name.
    metric
        Metric of the neighbour search.
    n_repeats
        Random partitions into disjoint blocks at each step of the decimation.
    seed
        Seed of those partitions, which all layers share.
    curves
        Which of `EXTRA_CURVES` to record beside the estimates and their decimation.
    engine
        The engine that searches neighbours. No number depends on it, so it is not recorded.
    groups
        Labels of the samples, or a `TimeWindow`: which of them depend on each other. Their hash is
        recorded.
    controls
        Which controls go through the network beside the data: False for none, True, ``"full"``, or
        a list of `dimscope.controls.InputFamily`.
    """

    estimators: Mapping[str, Estimator]
    metric: Metric
    n_repeats: int
    seed: int
    curves: tuple[str, ...]
    engine: Engine = LocalEngine()  # noqa: RUF009 - frozen
    groups: Any = None
    controls: Any = False

    def to_dict(self) -> dict[str, Any]:
        """The settings, ready for JSON."""
        asked = {"controls_asked": _said(self.controls)} if self.controls else {}
        grouped = {} if self.groups is None else {"groups": described(self.groups)}
        return (
            {
                "methods": {name: e.get_params() for name, e in self.estimators.items()},
                "metric": self.metric,
                "n_repeats": self.n_repeats,
                "seed": self.seed,
                "curves": list(self.curves),
            }
            | grouped
            | asked
        )


def make_settings(  # noqa: PLR0913 - one parameter for each field
    methods: Method | Sequence[Method],
    *,
    metric: Metric,
    n_repeats: int,
    rng: Rng,
    curves: Sequence[str] = EXTRA_CURVES,
    engine: Engine | None = None,
    groups: Any = None,
    controls: Any = False,
) -> Settings:
    """Check and freeze what was asked for.

    Raises
    ------
    InputError
        If a method is unknown or given twice, the metric or a curve is unknown, ``n_repeats`` is
        below 1, ``groups`` are neither labels nor a window, or ``controls`` are none.
    """
    check_choice("metric", metric, get_args(Metric))
    unknown = set(curves) - set(EXTRA_CURVES)
    if isinstance(curves, str) or unknown:
        raise InputError(f"unknown curves {curves!r}: give any of {', '.join(EXTRA_CURVES)}")
    if groups is not None:
        described(groups)
    if n_repeats < 1:
        raise InputError(f"n_repeats={n_repeats} must be at least 1")
    return Settings(
        estimators=make_estimators(methods),
        metric=metric,
        n_repeats=n_repeats,
        seed=seed_of(rng),
        curves=tuple(curve for curve in EXTRA_CURVES if curve in curves),
        engine=engine or LocalEngine(),
        groups=groups,
        controls=checked_controls(controls),
    )


def checked_controls(controls: Any) -> Any:
    """Check a choice of controls; False for none, and families as a tuple.

    Raises
    ------
    InputError
        If it is no choice, or two families have one name, or that of the data.
    """
    if controls is None or isinstance(controls, bool) or controls == "full":
        return bool(controls) and controls
    from dimscope.controls import InputFamily  # noqa: PLC0415 - torch

    families = tuple(controls) if isinstance(controls, list | tuple) else ()
    if not families or not all(isinstance(one, InputFamily) for one in families):
        raise InputError(
            f"controls={controls!r}: give True for the matched controls, 'full' for all families, "
            "or a list of dimscope.controls.InputFamily"
        )
    names = [family.name for family in families]
    for name in names:
        if name == Subject.sample or names.count(name) > 1:
            why = "is the name of the data" if name == Subject.sample else "occurs twice"
            raise InputError(
                f"controls= has a family of the name {name!r}, which {why}: give each its own name"
            )
    return families


def _said(controls: Any) -> Any:
    """A choice of controls, ready for JSON."""
    if isinstance(controls, tuple):
        names = ("name", "dimension", "low", "high", "facts")
        return plain([{name: getattr(family, name) for name in names} for family in controls])
    return "matched" if controls is True else controls
