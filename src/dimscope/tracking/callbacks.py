"""Callbacks for the Trainers of Lightning and Hugging Face.

Both call a `Tracker` at the right moments. Their library loads when a callback is made.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dimscope._optional import require, require_from_elsewhere
from dimscope.results import TICK_COLUMNS
from dimscope.tracking.tracker import Tracker

_LIGHTNING = "install it with: pip install lightning"


def hugging_face_callback(data: Any, out: str | Path, **options: Any) -> Any:
    """Make a `transformers.TrainerCallback` that tracks the network that a ``Trainer`` trains.

    A tick keeps the losses and evaluations that the Trainer logs at the same step. A Trainer that
    resumes from its own checkpoint goes on in the same folder; its ``save_steps`` need not agree
    with the schedule.

    Parameters
    ----------
    data
        The samples, as in `Tracker`; texts must be tokenised already, as the network takes them.
    out
        The run folder.
    options
        Those of `Tracker`, except ``start_step`` and ``start_epoch``.

    Raises
    ------
    MissingDependencyError
        If transformers is not installed.
    """
    base: Any = require(
        "transformers.trainer_callback", extra="hf", purpose="tracking a Trainer"
    ).TrainerCallback

    class HuggingFaceTracker(base):  # type: ignore[misc]
        """Calls a Tracker: ``tracker``, which is None until training begins."""

        tracker: Tracker | None = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            epoch = state.epoch or 0.0
            is_boundary = epoch > 0 and epoch == int(epoch)
            start = {
                "start_step": state.global_step,
                "start_epoch": int(epoch) - is_boundary,
            }
            self.tracker = Tracker(kwargs["model"], data, out, **start, **options).__enter__()
            if is_boundary:  # the checkpoint may be older than the tick at the end of its epoch
                self.tracker.epoch()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            _running(self).step(at=state.global_step)

        def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            fraction = (state.epoch or 0.0) % 1
            _running(self).epoch(whole=not (control.should_training_stop and fraction))

        def on_log(
            self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any
        ) -> None:
            if self.tracker is not None:
                _note(self.tracker, logs)

        def on_evaluate(
            self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any
        ) -> None:
            if self.tracker is not None:
                _note(self.tracker, metrics)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            _close(self)

    return HuggingFaceTracker()


def lightning_callback(data: Any, out: str | Path, **options: Any) -> Any:
    """Make a Lightning ``Callback`` that tracks the network that a ``Trainer`` fits.

    A tick keeps the loss that ``training_step`` returns and the metrics that it logs. The Trainer's
    loggers get the estimates, unless ``loggers`` are given. A Trainer that
    resumes from a checkpoint goes on in the same folder: its checkpoints keep the state of the
    tracker. Steps are those of Lightning's ``global_step``: with two optimisers, 2 a batch.

    Parameters
    ----------
    data
        The samples, as in `Tracker`.
    out
        The run folder.
    options
        Those of `Tracker`, except ``start_step`` and ``start_epoch``.

    Raises
    ------
    MissingDependencyError
        If Lightning is not installed.
    """
    base: Any = require_from_elsewhere(
        "lightning.pytorch", remedy=_LIGHTNING, purpose="tracking a Lightning Trainer"
    ).Callback

    class LightningTracker(base):  # type: ignore[misc]
        """Calls a Tracker: ``tracker``, which is None until training begins."""

        tracker: Tracker | None = None
        _restored: Mapping[str, Any] | None = None
        _n_idle_batches = 0

        @property
        def state_key(self) -> str:
            return f"dimscope.Tracker({out})"  # one training may have several trackers

        def state_dict(self) -> dict[str, Any]:
            return {} if self.tracker is None else self.tracker.state_dict()

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            self._restored = state_dict or None

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            chosen = {
                "loggers": [x for x in trainer.loggers if hasattr(x, "log_metrics")],
                **options,
                "start_step": trainer.global_step,
                "start_epoch": trainer.current_epoch,
            }
            tracker = Tracker(pl_module, data, out, **chosen)
            if self._restored is not None and self._restored["step"] == trainer.global_step:
                tracker.load_state_dict({**self._restored, "epoch": trainer.current_epoch})
            self.tracker = tracker.__enter__()

        def on_train_batch_end(
            self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            tracker = _running(self)
            if trainer.global_step == tracker.position.step:
                self._n_idle_batches += 1  # gradients are accumulated
                return
            self._n_idle_batches = 0
            loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
            tracker.step(at=trainer.global_step, **({} if loss is None else {"loss": loss}))

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            tracker = _running(self)
            is_over = trainer.should_stop or trainer.global_step == trainer.max_steps
            tracker.epoch(whole=trainer.is_last_batch or not is_over)
            _note(tracker, trainer.callback_metrics)

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            if self._n_idle_batches >= trainer.num_training_batches:
                warnings.warn(
                    f"Lightning counted no optimiser step in the last {self._n_idle_batches} "
                    "batches, so no step of theirs was measured: take the optimisers from "
                    "self.optimizers(), or use a Tracker and call its step() yourself",
                    stacklevel=2,
                )
            _close(self)

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
            _close(self)

    return LightningTracker()


def _running(callback: Any) -> Tracker:
    tracker: Tracker = callback.tracker
    return tracker


def _close(callback: Any) -> None:
    if callback.tracker is not None:
        callback.tracker.__exit__(None, None, None)


def _note(tracker: Tracker, metrics: Mapping[str, Any] | None) -> None:
    """Note the metrics that are numbers, except names that every tick has, such as epoch."""
    numbers = {}
    for name, value in (metrics or {}).items():
        if name in TICK_COLUMNS:
            continue
        with suppress(TypeError, ValueError, RuntimeError):
            numbers[name] = float(value)
    tracker.note(**numbers)
