"""The Hugging Face callback calls a Tracker at the right moments, wherever a run stops.

Hugging Face's own handler fires the events, in the order in which its Trainer does;
`test_trainers.py` has the Trainers themselves.
"""

import sys

import pytest
import torch
from torch import nn
from training_loops import QUICK, plain_net
from transformers.trainer_callback import CallbackHandler, TrainerControl, TrainerState

from dimscope.errors import MissingDependencyError
from dimscope.tracking import hugging_face_callback, lightning_callback, read_run

N_STEPS = 4  # an epoch


def learn(model: nn.Module) -> None:
    with torch.no_grad():
        model[0].weight.mul_(1.01)


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return torch.randn(80, 8, generator=torch.Generator().manual_seed(1))


def run_trainer(callback, model, *, first: int = 0, last: int = 8, ends: bool = False) -> None:
    """What `transformers.Trainer` makes of steps ``first`` to ``last``."""
    state = TrainerState(global_step=first, epoch=first / N_STEPS)
    control = TrainerControl()
    handler = CallbackHandler([callback], model, None, None, None)
    handler.on_train_begin(None, state, control)
    for step in range(first + 1, last + 1):
        learn(model)
        state.global_step, state.epoch = step, step / N_STEPS
        handler.on_step_end(None, state, control)
        if step % 2 == 0:
            handler.on_log(None, state, control, {"loss": 1.0 / step, "note": "text", "epoch": 9.0})
        if step % N_STEPS == 0:
            handler.on_epoch_end(None, state, control)
            handler.on_evaluate(None, state, control, {"eval_accuracy": 0.1 * step})
    if ends:
        control.should_training_stop = True
        handler.on_epoch_end(None, state, control)
    handler.on_train_end(None, state, control)


def test_a_hugging_face_trainer_is_tracked(x, tmp_path):
    callback = hugging_face_callback(x, tmp_path, **QUICK)
    run_trainer(callback, plain_net())
    ticks = read_run(tmp_path).ticks.set_index("step")
    assert ticks["epoch"].to_dict() == {0: 0, 1: 0, 2: 0, 4: 1, 8: 2}
    assert ticks["loss"].dropna().to_dict() == {2: 0.5, 4: 0.25, 8: 0.125}
    assert ticks["eval_accuracy"].dropna().to_dict() == pytest.approx({4: 0.4, 8: 0.8})


@pytest.mark.parametrize("stop", [3, 4, 6])
def test_a_hugging_face_trainer_that_resumes_loses_and_doubles_nothing(x, tmp_path, stop):
    whole = hugging_face_callback(x, tmp_path / "whole", **QUICK)
    run_trainer(whole, plain_net())
    model = plain_net()
    run_trainer(hugging_face_callback(x, tmp_path / "torn", **QUICK), model, last=stop)
    run_trainer(hugging_face_callback(x, tmp_path / "torn", **QUICK), model, first=stop)
    one, other = (read_run(tmp_path / name) for name in ("whole", "torn"))
    assert one.frame.equals(other.frame)
    columns = ["step", "epoch", "loss", "eval_accuracy"]
    assert one.ticks[columns].equals(other.ticks[columns])


def test_a_hugging_face_trainer_that_stops_within_an_epoch_has_not_completed_it(x, tmp_path):
    callback = hugging_face_callback(x, tmp_path, **QUICK | {"schedule": "epochs"})
    run_trainer(callback, plain_net(), last=6, ends=True)
    ticks = read_run(tmp_path).ticks
    assert ticks[["step", "epoch"]].to_numpy().tolist() == [[0, 0], [4, 1], [6, 1]]


def test_a_checkpoint_at_the_end_of_an_epoch_may_be_older_than_its_tick(x, tmp_path):
    model = plain_net()
    for _ in range(8):
        learn(model)
    options = QUICK | {"schedule": "epochs"}
    callback = hugging_face_callback(x, tmp_path, **options)
    run_trainer(callback, model, first=8, last=8)  # killed before on_epoch_end of epoch 2
    assert read_run(tmp_path).ticks[["step", "epoch"]].to_numpy().tolist() == [[8, 2]]


def test_without_lightning_there_is_one_clear_error(x, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    with pytest.raises(MissingDependencyError, match="pip install lightning"):
        lightning_callback(x, tmp_path)
