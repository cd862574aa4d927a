"""Ticks sent to the loggers of a training run, whichever library the loggers come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dimscope.errors import InputError, MissingDependencyError
from dimscope.profiling import Profile
from dimscope.profiling.measured import Measured, in_order, rows_of


def as_loggers(loggers: Any) -> tuple[Any, ...]:
    """One logger or several, as a tuple of loggers that `log_tick` can use.

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


def scalars_of(measured: Sequence[Measured]) -> dict[str, float]:
    """The estimates that have a value, each under a name of its own.

    Examples
    --------
    >>> from dimscope.results import Quantity, Subject, Value
    >>> subject = Subject(model="net", layer="fc1")
    >>> quantity = Quantity.of("two_nn", "intrinsic")
    >>> value = Value(subject=subject, quantity=quantity, value=8.5, n_samples=100)
    >>> scalars_of([Measured(subject=subject, n_features=9, values=(value,))])
    {'dimscope/two_nn/fc1': 8.5}
    """
    return {
        f"dimscope/{value.quantity.key}/{one.name}": value.value
        for one in measured
        for value in one.values
        if value.value is not None
    }


def log_tick(loggers: Sequence[Any], step: int, measured: Sequence[Measured]) -> None:
    """Send every logger the estimates of a tick and, if it takes figures, dimension by depth.

    Parameters
    ----------
    loggers
        Each has ``log_metrics``, as the loggers of Lightning and of many experiment trackers do, or
        ``add_scalar`` and perhaps ``add_figure``, as TensorBoard's ``SummaryWriter`` does.
    step
        Training steps done.
    measured
        The layers.
    """
    scalars = scalars_of(measured)
    for logger in loggers:
        if hasattr(logger, "log_metrics"):
            logger.log_metrics(scalars, step=step)
            continue
        for name, value in scalars.items():
            logger.add_scalar(name, value, step)
        if hasattr(logger, "add_figure"):
            _add_figure(logger, step, measured)


def _add_figure(logger: Any, step: int, measured: Sequence[Measured]) -> None:
    try:
        axes = Profile.of(rows_of(in_order(measured))).plot()
    except (MissingDependencyError, InputError):  # no matplotlib, or no estimate has a value
        return
    logger.add_figure("dimscope/profile", axes.get_figure(root=True), step)
