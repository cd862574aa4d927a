"""The dimension while a network learns: a tracker, callbacks for trainers, checkpoints."""

from __future__ import annotations

from dimscope.tracking.callbacks import hugging_face_callback, lightning_callback
from dimscope.tracking.checkpoints import track_checkpoints
from dimscope.tracking.evaluation import evaluate
from dimscope.tracking.journal import read_run
from dimscope.tracking.schedule import (
    AtSteps,
    EveryEpoch,
    EveryStep,
    LogThenEpochs,
    Schedule,
    make_schedule,
)
from dimscope.tracking.tracker import Tracker

__all__ = [
    "AtSteps",
    "EveryEpoch",
    "EveryStep",
    "LogThenEpochs",
    "Schedule",
    "Tracker",
    "evaluate",
    "hugging_face_callback",
    "lightning_callback",
    "make_schedule",
    "read_run",
    "track_checkpoints",
]
