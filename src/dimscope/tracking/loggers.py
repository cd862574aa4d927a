"""Handing ticks to the loggers of a training run, whichever library they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dimscope.errors import InputError, MissingDependencyError
from dimscope.profiling import Profile
from dimscope.profiling.measure import Row
from dimscope.profiling.passes import in_order


def as_loggers(loggers: Any) -> tuple[Any, ...]:
    """One logger or several, each of a kind that is known.

    Raises
    ------
    InputError
        If one has neither ``log_metrics(metrics, step)`` nor ``add_scalar(name, value, step)``.
    """
    several = tuple(loggers) if isinstance(loggers, list | tuple) else (loggers,)
    for logger in several:
        if not (hasattr(logger, "log_metrics") or hasattr(logger, "add_scalar")):
            raise InputError(
                f"cannot log to a {type(logger).__name__}: it must have log_metrics(metrics, step) "
                "or, as TensorBoard's SummaryWriter, add_scalar(name, value, step)"
            )
    return several


def scalars_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The estimates whose value is known, each under a name of its own.

    Examples
    --------
    >>> row = {"curve": "estimate", "method": "two_nn", "layer": "fc1", "value": 8.5}
    >>> scalars_of([row, {**row, "layer": "fc2", "value": None}])
    {'dimscope/two_nn/fc1': 8.5}
    """
    return {
        f"dimscope/{row['method']}/{row['layer']}": row["value"]
        for row in rows
        if row["curve"] == "estimate" and row.get("value") is not None
    }


def log_tick(loggers: Sequence[Any], label: str, step: int, rows: Sequence[Row]) -> None:
    """Send every loggers the estimates of a tick and, where it takes figures, dimension by depth.

    Parameters
    ----------
    loggers
        With ``log_metrics``, as those of Lightning and many trackers of experiments have, or
        ``add_scalar`` and perhaps ``add_figure``, as TensorBoard's ``SummaryWriter`` has.
    label
        Name of the model.
    step
        Training steps done.
    rows
        What was measured.
    """
    scalars = scalars_of(rows)
    for logger in loggers:
        if hasattr(logger, "log_metrics"):
            logger.log_metrics(scalars, step=step)
            continue
        for name, value in scalars.items():
            logger.add_scalar(name, value, step)
        if hasattr(logger, "add_figure"):
            _add_figure(logger, label, step, rows)


def _add_figure(logger: Any, label: str, step: int, rows: Sequence[Row]) -> None:
    named = [{"model": label, "step": step, **row} for row in in_order(rows)]
    try:
        axes = Profile.from_rows(named, {}).plot()
    except (MissingDependencyError, InputError):  # no matplotlib, or no value that is known
        return
    logger.add_figure("dimscope/profile", axes.get_figure(root=True), step)
