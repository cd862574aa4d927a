"""The Trainers of Hugging Face and of Lightning themselves, tracked, stopped and resumed."""

from __future__ import annotations

import lightning.pytorch as pl
import pandas as pd
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger
from torch import nn
from training_loops import QUICK, plain_net
from transformers import Trainer, TrainingArguments

from dimscope.tracking import hugging_face_callback, lightning_callback, read_run

# Lightning's own: its hints, and its use of what torch has deprecated
pytestmark = [
    pytest.mark.filterwarnings("ignore:Checkpoint directory:UserWarning"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization:UserWarning"),
    pytest.mark.filterwarnings("ignore::lightning.fabric.utilities.warnings.PossibleUserWarning"),
]
N_EPOCHS, BATCH = 2, 20  # of 80 samples: 4 steps an epoch


@pytest.fixture(scope="module")
def samples() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(80, 8, generator=torch.Generator().manual_seed(1))
    return x, x[:, :3].argmax(1)


def ticks_of(folder) -> pd.DataFrame:
    return read_run(folder).ticks.set_index("step").drop(columns=["seconds", "training_seconds"])


class Classifier(nn.Module):
    """As the networks of transformers: a loss if there are labels."""

    def __init__(self):
        super().__init__()
        self.body = plain_net()

    def forward(self, x, labels=None):
        logits = self.body(x)
        if labels is None:
            return {"logits": logits}
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


def train(samples, callback, out, *, resume=None, **options):
    rows = [{"x": x, "labels": y} for x, y in zip(*samples, strict=True)]
    arguments = TrainingArguments(
        str(out),
        num_train_epochs=N_EPOCHS,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=80,
        logging_steps=2,
        save_steps=3,
        eval_strategy="epoch",
        learning_rate=1e-2,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **options,
    )
    callbacks = [] if callback is None else [callback]
    trainer = Trainer(
        Classifier(), arguments, train_dataset=rows, eval_dataset=rows, callbacks=callbacks
    )
    trainer.train(resume_from_checkpoint=resume)
    return trainer.model.state_dict()


def test_a_hugging_face_trainer_is_tracked_with_the_same_bits_and_resumed(samples, tmp_path):
    data = {"x": samples[0]}
    alone = train(samples, None, tmp_path / "alone")
    whole = train(samples, hugging_face_callback(data, tmp_path / "whole", **QUICK), tmp_path / "a")
    for name, value in alone.items():
        assert torch.equal(whole[name], value), name
    ticks = ticks_of(tmp_path / "whole")
    assert ticks["epoch"].to_dict() == {0: 0, 1: 0, 2: 0, 4: 1, 8: 2}
    assert ticks["loss"].dropna().index.tolist() == [2, 4, 8]
    assert ticks["eval_loss"].dropna().index.tolist() == [4, 8]

    # another process begins at the checkpoint of step 3, with a tick at 4 already there
    torn = tmp_path / "torn"
    train(samples, hugging_face_callback(data, torn, **QUICK), tmp_path / "b")
    journal = (torn / "ticks.jsonl").read_text().splitlines(keepends=True)
    until = next(i for i, line in enumerate(journal) if '"step": 8' in line)
    (torn / "ticks.jsonl").write_text("".join(journal[:until]))
    callback = hugging_face_callback(data, torn, **QUICK)
    resumed = train(samples, callback, tmp_path / "b", resume=str(tmp_path / "b" / "checkpoint-3"))
    assert callback.tracker.position == (8, 2)
    for name, value in alone.items():
        assert torch.equal(resumed[name], value), name
    one, other = read_run(tmp_path / "whole"), read_run(torn)
    pd.testing.assert_frame_equal(one.frame, other.frame)
    assert other.provenance["Classifier"]["differing"] == []


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.body = plain_net()

    def forward(self, x):
        return self.body(x)

    def training_step(self, batch, _index):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch, _index):
        right = self(batch[0]).argmax(1) == batch[1]
        self.log("val_accuracy", right.double().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


class Recorder(Logger):
    name, version = "recorder", 0

    def __init__(self):
        super().__init__()
        self.steps = []

    def log_hyperparams(self, *args, **kwargs):
        pass

    def log_metrics(self, metrics, step=None):
        if any(name.startswith("dimscope/two_nn/") for name in metrics):
            self.steps.append(step)


def fit(samples, callback, out, *, resume=None, save_every=3, module=None, **options):
    # Lightning goes on within an epoch at the first batch of a plain loader: all batches are alike
    batch = [part[:BATCH] for part in samples]
    dataset = torch.utils.data.TensorDataset(*(torch.cat([part] * 4) for part in batch))
    loader = torch.utils.data.DataLoader(dataset, BATCH)
    keep = ModelCheckpoint(out, filename="{step}", every_n_train_steps=save_every, save_top_k=-1)
    trainer = pl.Trainer(
        max_epochs=N_EPOCHS,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        callbacks=[keep, callback] if callback else [keep],
        **{"logger": False} | options,
    )
    module = module or Module()
    trainer.fit(module, loader, loader, ckpt_path=resume)
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_a_lightning_trainer_is_tracked_with_the_same_bits(samples, tmp_path):
    logger = Recorder()
    alone = fit(samples, None, tmp_path / "alone")
    callback = lightning_callback(samples[0], tmp_path / "run", **QUICK)
    tracked = fit(samples, callback, tmp_path / "ckpt", logger=logger)
    for name, value in alone.items():
        assert torch.equal(tracked[name], value), name
    ticks = ticks_of(tmp_path / "run")
    assert ticks["epoch"].to_dict() == {0: 0, 1: 0, 2: 0, 4: 1, 8: 2}
    assert ticks["val_accuracy"].dropna().index.tolist() == [4, 8]
    assert ticks[["loss", "mean_loss"]].notna().sum().tolist() == [4, 4]
    assert ticks.loc[1, "loss"] == pytest.approx(ticks.loc[1, "mean_loss"])
    assert logger.steps == [0, 1, 2, 4, 8]
    assert (tmp_path / "run" / "provenance.json").exists()


@pytest.mark.parametrize(("save_every", "start"), [(3, 3), (3, 6), (4, 4)])
def test_a_lightning_trainer_that_resumes_has_the_same_ticks(samples, tmp_path, save_every, start):
    options = QUICK | {"schedule": [0, 1, 2, 5, 8]}
    whole = lightning_callback(samples[0], tmp_path / "whole", **options)
    expected = fit(samples, whole, tmp_path / "a", save_every=save_every)
    # a training of its own: checkpoints name the run folder, and Lightning theirs
    torn, ckpt = tmp_path / "torn", tmp_path / "b"
    first = lightning_callback(samples[0], torn, **options)
    fit(samples, first, ckpt, save_every=save_every, max_steps=7)
    again = lightning_callback(samples[0], torn, **options)
    resume = str(ckpt / f"step={start}.ckpt")
    found = fit(samples, again, ckpt, save_every=save_every, resume=resume)
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    one, other = read_run(tmp_path / "whole"), read_run(torn)
    pd.testing.assert_frame_equal(one.frame, other.frame)
    columns = ["epoch", "loss", "mean_loss"]
    pd.testing.assert_frame_equal(
        ticks_of(tmp_path / "whole")[columns], ticks_of(torn)[columns], check_exact=True
    )
    assert again.tracker.position == (8, 2)


def test_accumulated_batches_are_one_step(samples, tmp_path):
    options = QUICK | {"schedule": 1}
    callback = lightning_callback(samples[0], tmp_path / "run", **options)
    fit(samples, callback, tmp_path / "ckpt", accumulate_grad_batches=2)
    assert ticks_of(tmp_path / "run").index.tolist() == [0, 1, 2, 3, 4]


class TwoOptimizers(Module):
    """As a GAN: Lightning counts two steps a batch."""

    n_used = 2

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, _index):
        for optimizer in self.optimizers()[: self.n_used]:
            optimizer.zero_grad()
            self.manual_backward(self(batch[0]).square().mean())
            optimizer.step()

    def configure_optimizers(self):
        parts = self.body[0], self.body[-1]
        return [torch.optim.SGD(part.parameters(), lr=0.1) for part in parts]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ([0, 1, 3, 5, 7], {0: 0, 2: 0, 4: 0, 6: 0, 8: 1}),
        (5, {0: 0, 6: 0, 10: 1, 16: 2}),
        ("auto", {0: 0, 2: 0, 4: 0, 8: 1, 16: 2}),
    ],
)
def test_two_optimizers_miss_no_step_that_is_due(samples, tmp_path, schedule, expected):
    callback = lightning_callback(samples[0], tmp_path / "run", **QUICK | {"schedule": schedule})
    fit(samples, callback, tmp_path / "ckpt", module=TwoOptimizers())
    assert ticks_of(tmp_path / "run")["epoch"].to_dict() == expected


def test_batches_without_a_step_are_said(samples, tmp_path):
    module = TwoOptimizers()
    module.n_used = 0
    callback = lightning_callback(samples[0], tmp_path / "run", **QUICK | {"schedule": 1})
    with pytest.warns(UserWarning, match="no optimiser step in the last 8 batches"):
        fit(samples, callback, tmp_path / "ckpt", module=module)


@pytest.mark.parametrize("callback_of", ["lightning", "hugging face"])
def test_a_trainer_that_stops_within_an_epoch_has_not_completed_it(samples, tmp_path, callback_of):
    run, options = tmp_path / "run", QUICK | {"schedule": "epochs"}
    if callback_of == "lightning":
        fit(samples, lightning_callback(samples[0], run, **options), tmp_path / "a", max_steps=6)
    else:
        callback = hugging_face_callback({"x": samples[0]}, run, **options)
        train(samples, callback, tmp_path / "a", max_steps=6)
    assert ticks_of(run)["epoch"].to_dict() == {0: 0, 4: 1, 6: 1}


def test_an_exception_closes_the_run(samples, tmp_path):
    class Failing(pl.Callback):
        def on_train_batch_start(self, trainer, module, batch, batch_idx):
            if trainer.global_step == 3:
                raise ZeroDivisionError

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*samples), BATCH)
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[lightning_callback(samples[0], tmp_path / "run", **QUICK), Failing()],
    )
    with pytest.raises(ZeroDivisionError):
        trainer.fit(Module(), loader)
    assert (tmp_path / "run" / "provenance.json").exists()
    assert read_run(tmp_path / "run").ticks["step"].tolist() == [0, 1, 2]
