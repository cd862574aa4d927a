"""A training run that is over: its checkpoints, measured one after the other."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dimscope._parameters import checked_parameters
from dimscope.capture import rank, unwrapped
from dimscope.capture.readings import held
from dimscope.errors import InputError
from dimscope.profiling import DEFAULT_METHODS, Profile
from dimscope.profiling.settings import EXTRA_CURVES
from dimscope.tracking.evaluation import evaluate
from dimscope.tracking.schedule import EveryStep
from dimscope.tracking.tracker import Tracker

_NUMBER = re.compile(r"\d+")
_ALSO_OF_EVALUATION = ("n_samples", "batch_size", "forward")


def steps_of(checkpoints: Iterable[str | Path]) -> dict[int, Path]:
    """Sort checkpoints by step, which is the last number in their name.

    Raises
    ------
    InputError
        If there is no checkpoint, a name has no number, or two have the same step.

    Examples
    --------
    >>> steps_of(["net2_step100.pt", "net2_step20.pt"])
    {20: PosixPath('net2_step20.pt'), 100: PosixPath('net2_step100.pt')}
    """
    found: dict[int, Path] = {}
    for path in map(Path, checkpoints):
        numbers = _NUMBER.findall(path.stem) or _NUMBER.findall(path.parent.name)
        if not numbers:
            raise InputError(
                f"no step in the name of {str(path)!r}: the last number in the name of a "
                "checkpoint must be the number of steps, or epochs, done"
            )
        step = int(numbers[-1])
        if step in found:
            raise InputError(
                f"{str(found[step])!r} and {str(path)!r} are both of step {step}: give one of them"
            )
        found[step] = path
    if not found:
        raise InputError("no checkpoints: give at least one file")
    return dict(sorted(found.items()))


@checked_parameters
def track_checkpoints(  # noqa: PLR0913 - a network, samples, and what to evaluate
    model: Any,
    data: Any,
    checkpoints: Iterable[str | Path],
    out: str | Path,
    *,
    eval_data: Any = "auto",
    notify: Callable[[str], None] | None = None,
    **options: Any,
) -> Profile:
    """Measure the layers of a network at every checkpoint of its training.

    A run that was stopped goes on where it was, and checkpoints that were added since are measured.
    Those measured before are only read and evaluated again, to check that they are the same.

    Parameters
    ----------
    model
        The network; afterwards it has the weights of the last checkpoint.
    data
        The samples, as in `Tracker`.
    checkpoints
        Files with state dictionaries. The step of a file is the last number in its name, or in the
        name of its folder.
    out
        The run folder.
    eval_data
        Labelled samples for the loss and accuracy of each tick, which `evaluate` computes.
        ``"auto"``: the samples that are measured, if they have labels and the network's output is
        (n_samples, n_classes). None for no loss and accuracy.
    notify
        Called with the reason if ``"auto"`` finds that there can be no loss and accuracy.
    options
        Those of `Tracker`, such as ``layers``, ``methods`` and ``label``, except ``schedule``:
        every checkpoint is measured. Methods, curves and repeats are by default those of
        `dimscope.profile`, as no training waits for them.

    Returns
    -------
    Profile
        With a step for each checkpoint.

    Raises
    ------
    InputError
        If the process is not that of rank 0; if a file cannot be read, does not fit the network,
        has no step, or differs from the file measured in an earlier run; or if ``eval_data``
        cannot be evaluated, or gives another loss than in an earlier run.
    CaptureError
        If the network fails on the samples.
    StoreError
        If the folder cannot be written.
    """
    from dimscope.models.weights import load_weights  # noqa: PLC0415 - torch

    if rank() > 0:
        raise InputError(
            f"track_checkpoints in the process of rank {rank()}: call it in that of rank 0 only"
        )
    model = unwrapped(model)
    found = steps_of(checkpoints)
    steps = list(found)
    usual: dict[str, Any] = {"methods": DEFAULT_METHODS, "curves": EXTRA_CURVES, "n_repeats": 3}
    chosen = usual | options | {"schedule": EveryStep(), "start_step": steps[0]}
    chosen["resume"] = True  # a file that differs is refused by name
    tracker = Tracker(model, data, out, **chosen)  # refuses what is unknown before files are read
    _require_eval_data(eval_data)
    load_weights(model, found[steps[0]])
    how = {key: options[key] for key in _ALSO_OF_EVALUATION if key in options}
    if isinstance(data, Iterator):
        data = held(data)
        tracker = Tracker(model, data, out, **chosen)
    metrics_of = _evaluation(model, data, eval_data, how, notify)
    with tracker:
        for step in steps:
            if step > steps[0]:  # entering has measured the first
                load_weights(model, found[step])
                tracker.step(at=step)
            _refuse_changed(tracker, found[step])
            metrics = metrics_of()
            tracker.note(**metrics)
            _refuse_other_loss(tracker, metrics.get("loss"))
    return tracker.profile


def _require_eval_data(eval_data: Any) -> None:
    if isinstance(eval_data, str) and eval_data != "auto":
        raise InputError(f"eval_data={eval_data!r}: give labelled samples, 'auto' or None")


def _evaluation(
    model: Any,
    data: Any,
    eval_data: Any,
    how: Mapping[str, Any],
    notify: Callable[[str], None] | None,
) -> Callable[[], dict[str, float]]:
    """A function that returns the loss and accuracy of the network at the moment of the call."""
    if eval_data is None:
        return dict
    if not isinstance(eval_data, str):
        is_stream = isinstance(eval_data, Iterator)
        samples = held(eval_data) if is_stream else eval_data
        whole = {key: value for key, value in how.items() if key != "n_samples"}
        return partial(evaluate, model, samples, **whole)
    try:
        evaluate(model, data, **how)
    except InputError as error:
        if notify is not None:
            notify(f"no loss and accuracy: {error}")
        return dict
    return partial(evaluate, model, data, **how)


def _refuse_changed(tracker: Tracker, path: Path) -> None:
    if tracker.position.step in tracker.differing:
        raise InputError(
            f"{str(path)!r} is not the checkpoint that was measured at step "
            f"{tracker.position.step}: give another folder for the results"
        )


def _refuse_other_loss(tracker: Tracker, now: float | None) -> None:
    """Refuse another loss than in an earlier run: the evaluated samples must have changed."""
    before = tracker.metrics.get("loss")
    if now is None or before is None or not math.isfinite(now):
        return
    if not math.isclose(now, before, rel_tol=1e-3, abs_tol=1e-9):
        raise InputError(
            f"the loss at step {tracker.position.step} is {now:.6g}, but was {before:.6g} in an "
            "earlier run: evaluate the same samples, or give another folder for the results"
        )
