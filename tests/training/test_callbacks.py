"""The callbacks call a Tracker at the right moments.

Hugging Face's own handler fires the events, in the order in which its Trainer does. Lightning is
no dependency of development: a stand-in with the same hooks, called in the order of its loops,
takes its place, and how it was tried with the library itself is in the architecture's notes.
"""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn
from transformers.trainer_callback import CallbackHandler, TrainerControl, TrainerState

from dimscope.errors import MissingDependencyError
from dimscope.training import hugging_face_callback, lightning_callback, read_run

QUICK = {"methods": "two_nn", "n_repeats": 1, "progress": False}
N_STEPS = 4  # an epoch


def build() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))


def learn(model: nn.Module) -> None:
    with torch.no_grad():
        model[0].weight.mul_(1.01)


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return torch.randn(80, 8, generator=torch.Generator().manual_seed(1))


def run_trainer(callback, model, *, first: int = 0, last: int = 8) -> None:
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
            handler.on_log(None, state, control, {"loss": 1.0 / step, "note": "text"})
        if step % N_STEPS == 0:
            handler.on_epoch_end(None, state, control)
            handler.on_evaluate(None, state, control, {"eval_accuracy": 0.1 * step})
    handler.on_train_end(None, state, control)


def test_a_hugging_face_trainer_is_tracked(x, tmp_path):
    callback = hugging_face_callback(x, tmp_path, **QUICK)
    run_trainer(callback, build())
    ticks = read_run(tmp_path).ticks.set_index("step")
    assert ticks["epoch"].to_dict() == {0: 0, 1: 0, 2: 0, 4: 0, 8: 2}
    assert ticks["loss"].dropna().to_dict() == {2: 0.5, 4: 0.25, 8: 0.125}
    assert ticks["eval_accuracy"].dropna().to_dict() == pytest.approx({4: 0.4, 8: 0.8})


@pytest.mark.parametrize("stop", [3, 4, 6])
def test_a_hugging_face_trainer_that_resumes_loses_and_doubles_nothing(x, tmp_path, stop):
    whole = hugging_face_callback(x, tmp_path / "whole", **QUICK)
    run_trainer(whole, build())
    model = build()
    run_trainer(hugging_face_callback(x, tmp_path / "torn", **QUICK), model, last=stop)
    run_trainer(hugging_face_callback(x, tmp_path / "torn", **QUICK), model, first=stop)
    one, other = (read_run(tmp_path / name) for name in ("whole", "torn"))
    assert one.frame.equals(other.frame)
    columns = ["step", "loss", "eval_accuracy"]
    assert one.ticks[columns].equals(other.ticks[columns])


def test_a_checkpoint_at_the_end_of_an_epoch_may_be_older_than_its_tick(x, tmp_path):
    model = build()
    for _ in range(8):
        learn(model)
    options = QUICK | {"schedule": "epochs"}
    callback = hugging_face_callback(x, tmp_path, **options)
    run_trainer(callback, model, first=8, last=8)  # killed before on_epoch_end of epoch 2
    assert read_run(tmp_path).ticks[["step", "epoch"]].to_numpy().tolist() == [[8, 2]]


@pytest.fixture
def lightning(monkeypatch):
    stand_in = ModuleType("lightning.pytorch")
    stand_in.Callback = type("Callback", (), {})
    monkeypatch.setitem(sys.modules, "lightning", ModuleType("lightning"))
    monkeypatch.setitem(sys.modules, "lightning.pytorch", stand_in)


class Logger:
    def __init__(self):
        self.steps = []

    def log_metrics(self, metrics, step):
        assert all(name.startswith("dimscope/two_nn/") for name in metrics)
        self.steps.append(step)


def fit(callback, model, *, accumulate: int = 1, last: int = 8) -> SimpleNamespace:
    """What Lightning's loops make of ``last`` batches."""
    trainer = SimpleNamespace(
        global_step=0, current_epoch=0, loggers=[Logger()], callback_metrics={}
    )
    callback.on_train_start(trainer, model)
    for batch in range(1, last + 1):
        if batch % accumulate == 0:
            learn(model)
            trainer.global_step += 1
        loss = torch.tensor(1.0 / batch, requires_grad=True)
        callback.on_train_batch_end(trainer, model, {"loss": loss}, None, batch)
        if batch % N_STEPS == 0:
            trainer.callback_metrics = {"val_accuracy": torch.tensor(0.5), "text": "x"}
            callback.on_train_epoch_end(trainer, model)
            trainer.current_epoch += 1
    return trainer


def test_a_lightning_trainer_is_tracked_and_its_loggers_told(x, tmp_path, lightning):
    model = build()
    callback = lightning_callback(x, tmp_path, **QUICK)
    trainer = fit(callback, model)
    callback.on_train_end(trainer, model)
    ticks = read_run(tmp_path).ticks.set_index("step")
    assert ticks["epoch"].to_dict() == {0: 0, 1: 0, 2: 0, 4: 0, 8: 2}
    assert ticks["loss"].dropna().to_dict() == {1: 1.0, 2: 0.5, 4: 0.25, 8: 0.125}
    assert ticks["val_accuracy"].dropna().to_dict() == {4: 0.5, 8: 0.5}
    assert trainer.loggers[0].steps == [0, 1, 2, 4, 8]


def test_accumulated_batches_are_one_step_and_an_exception_closes_the_run(x, tmp_path, lightning):
    model = build()
    callback = lightning_callback(x, tmp_path, **QUICK, schedule=1)
    trainer = fit(callback, model, accumulate=2)
    callback.on_exception(trainer, model, KeyboardInterrupt())
    assert read_run(tmp_path).ticks["step"].tolist() == [0, 1, 2, 3, 4]
    assert (tmp_path / "profile.parquet").exists()


def test_without_lightning_there_is_one_clear_error(x, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning", None)
    with pytest.raises(MissingDependencyError, match="pip install lightning"):
        lightning_callback(x, tmp_path)
