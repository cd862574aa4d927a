"""The dimension while a network learns: a Tracker for training loops, and runs of checkpoints."""

from __future__ import annotations

from dimscope.training.callbacks import hugging_face_callback, lightning_callback
from dimscope.training.checkpoints import track_checkpoints
from dimscope.training.schedule import (
    AtSteps,
    EveryEpoch,
    EveryStep,
    LogThenEpochs,
    Schedule,
    make_schedule,
)
from dimscope.training.ticks import read_run
from dimscope.training.tracker import Tracker

__all__ = [
    "AtSteps",
    "EveryEpoch",
    "EveryStep",
    "LogThenEpochs",
    "Schedule",
    "Tracker",
    "hugging_face_callback",
    "lightning_callback",
    "make_schedule",
    "read_run",
    "track_checkpoints",
]
