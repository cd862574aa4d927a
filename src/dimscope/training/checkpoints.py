"""A training run after the fact: its checkpoints, measured one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dimscope.errors import InputError
from dimscope.profiling import DEFAULT_METHODS
from dimscope.profiling.settings import EXTRA_CURVES
from dimscope.results import Profile
from dimscope.training.schedule import EveryStep
from dimscope.training.tracker import Tracker

_NUMBER = re.compile(r"\d+")


def steps_of(checkpoints: Iterable[str | Path]) -> dict[int, Path]:
    """Checkpoints by their step, which is the last number in their name, in rising order.

    Raises
    ------
    InputError
        If there is none, a name has no number, or two have the same.

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
                "checkpoint must say how many steps, or epochs, it comes after"
            )
        step = int(numbers[-1])
        if step in found:
            raise InputError(f"{str(found[step])!r} and {str(path)!r} are both of step {step}")
        found[step] = path
    if not found:
        raise InputError("no checkpoints: give at least one file")
    return dict(sorted(found.items()))


def track_checkpoints(
    model: Any, data: Any, checkpoints: Iterable[str | Path], out: str | Path, **options: Any
) -> Profile:
    """Measure the layers of a network at every checkpoint of its training.

    Goes on where it was if it was stopped, and measures only what is new if checkpoints have come
    since.

    Parameters
    ----------
    model
        The network; it keeps the weights of the last checkpoint.
    data
        The samples, as in `Tracker`.
    checkpoints
        Files with state dictionaries. The last number in the name of each, or in that of its
        folder, is its step.
    out
        The run folder.
    options
        Of `Tracker`: ``layers``, ``methods``, ``label`` and others; its schedule is given. Methods,
        curves and repeats are by default those of `dimscope.profile`: no training waits for them.

    Returns
    -------
    Profile
        With a step for each checkpoint.

    Raises
    ------
    InputError
        If a file cannot be read, does not fit the network, has no step or is not the one that was
        measured in an earlier run.
    CaptureError
        If the network fails on the samples.
    StoreError
        If the folder cannot be written.
    """
    from dimscope.models.weights import load_weights  # noqa: PLC0415 - torch

    found = steps_of(checkpoints)
    steps = list(found)
    load_weights(model, found[steps[0]])
    usual: dict[str, Any] = {"methods": DEFAULT_METHODS, "curves": EXTRA_CURVES, "n_repeats": 3}
    chosen = usual | options | {"schedule": EveryStep(), "start_step": steps[0]}
    with Tracker(model, data, out, **chosen) as tracker:
        _refuse_changed(tracker, found[steps[0]])
        for step in steps[1:]:
            load_weights(model, found[step])
            tracker.step(at=step)
            _refuse_changed(tracker, found[step])
    return tracker.profile


def _refuse_changed(tracker: Tracker, path: Path) -> None:
    if tracker.position.step in tracker.differing:
        raise InputError(
            f"{str(path)!r} is not the checkpoint that was measured at step "
            f"{tracker.position.step}: give another folder for the results"
        )
