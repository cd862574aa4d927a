"""Tracking leaves no trace in training, and what it recorded outlives whatever happens."""

import json
import random

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import dimscope as ds
from dimscope.errors import CaptureError, InputError
from dimscope.profiling import DEFAULT_METHODS
from dimscope.tracking import read_run

QUICK = {"methods": "two_nn", "n_repeats": 1, "progress": False}


def build(width: int = 16) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5), nn.Linear(width, 3)
    )


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(120, 8, generator=generator)
    return x, (x @ torch.randn(8, 3, generator=generator)).argmax(1)


class Loop:
    """A training loop that draws from every generator, and can begin anywhere."""

    def __init__(self, data, model=None):
        self.x, self.y = data
        self.model = build() if model is None else model
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.drawn = []

    def step(self):
        rows = np.random.permutation(120)[:20]  # noqa: NPY002 - users do
        self.drawn.append((random.random(), int(rows[0]), float(torch.rand(()))))
        loss = nn.functional.cross_entropy(self.model(self.x[rows]), self.y[rows])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def state(self):
        kept = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        kept |= {"torch": torch.get_rng_state(), "numpy": np.random.get_state()}  # noqa: NPY002
        return json_safe_copy(kept | {"python": random.getstate()})

    def restore(self, state):
        state = json_safe_copy(state)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["torch"])
        np.random.set_state(state["numpy"])  # noqa: NPY002
        random.setstate(state["python"])


def json_safe_copy(state):
    import copy

    return copy.deepcopy(state)


@pytest.fixture(autouse=True)
def seeds():
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)


def reseed():
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)


def test_training_has_the_same_bits_with_and_without(data, tmp_path):
    alone, tracked = Loop(data), Loop(data)
    reseed()
    for _ in range(12):
        alone.step()
    reseed()
    with ds.Tracker(tracked.model, data[0], tmp_path, schedule=1, **QUICK) as tracker:
        for _ in range(12):
            tracker.step(loss=tracked.step())
    assert len(tracker.profile.ticks) == 13
    assert alone.drawn == tracked.drawn
    for name, value in alone.model.state_dict().items():
        assert torch.equal(value, tracked.model.state_dict()[name]), name


def test_modes_hooks_and_gradients_are_as_before(data, tmp_path):
    loop = Loop(data)
    loop.model[3].eval()
    loop.step()
    modes = [module.training for module in loop.model.modules()]
    gradients = [parameter.grad.clone() for parameter in loop.model.parameters()]
    with ds.Tracker(loop.model, data[0], tmp_path, schedule=1, **QUICK) as tracker:
        assert tracker.step()
    assert [module.training for module in loop.model.modules()] == modes
    for parameter, gradient in zip(loop.model.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)
        assert parameter.requires_grad
    assert not any(module._forward_hooks for module in loop.model.modules())


def test_a_tick_is_the_profile_of_that_moment(data, tmp_path):
    loop = Loop(data)
    full = {"methods": DEFAULT_METHODS, "n_repeats": 2, "curves": ["scale", "spectrum"]}
    with ds.Tracker(loop.model, data[0], tmp_path, schedule=[3], **full) as tracker:
        for _ in range(3):
            tracker.step(loss=loop.step())
        now = ds.profile(loop.model, data[0], n_repeats=2, step=3)
    pd.testing.assert_frame_equal(tracker.profile.frame, now.frame)
    pd.testing.assert_frame_equal(ds.Profile.load(tmp_path).frame, now.frame)
    by_hash = tracker.profile.provenance["Sequential"]["model_hashes"]
    assert by_hash == {"3": now.provenance["Sequential"].get("model_hash", by_hash["3"])}


def test_the_samples_themselves_are_measured_once(data, tmp_path, monkeypatch):
    from dimscope.profiling import passes

    widths = []
    measure = passes.measure_layer
    monkeypatch.setattr(
        passes, "measure_layer", lambda x, *how: widths.append(x.shape[1]) or measure(x, *how)
    )
    with ds.Tracker(build(12), data[0], tmp_path, schedule=1, **QUICK) as tracker:
        tracker.step()
        frame = tracker.to_frame()
    assert widths == [8, 12, 3, 12, 3]
    inputs = frame[frame["layer"] == "input"]
    assert inputs["step"].tolist() == [0, 1]
    assert inputs["value"].nunique() == 1
    assert inputs["value"].iloc[0] == ds.estimate(data[0]).value


def test_metrics_stand_beside_their_ticks(data, tmp_path):
    loop = Loop(data)
    with ds.Tracker(loop.model, data[0], tmp_path, schedule="epochs", **QUICK) as tracker:
        for epoch in range(2):
            for _ in range(4):
                loss = loop.step()
                assert not tracker.step(loss=loss)
            assert tracker.epoch(loss=loss, accuracy=0.5 + epoch / 4)
            last = loss.item()
    frame = tracker.to_frame()
    assert frame.groupby("step")["accuracy"].first().dropna().to_dict() == {4: 0.5, 8: 0.75}
    assert frame.groupby("step")["epoch"].first().to_dict() == {0: 0, 4: 1, 8: 2}
    assert frame["loss"].iloc[-1] == last
    assert frame["loss"].isna().sum() == (frame["step"] == 0).sum()


def test_the_tick_of_an_epoch_has_the_metrics_of_its_last_step(data, tmp_path):
    with ds.Tracker(build(), data[0], tmp_path, schedule="epochs", **QUICK) as tracker:
        tracker.step(loss=9.0, stale=1.0)
        loss = torch.ones(2, requires_grad=True).sum()
        tracker.step(loss=loss)
        assert not tracker._loop.reported["loss"].requires_grad
        tracker.note(early=3.0)
        tracker.epoch(accuracy=0.5)
        tracker.note(late=4.0)
    last = tracker.profile.ticks.iloc[-1]
    said = {"loss": 2.0, "early": 3.0, "accuracy": 0.5, "late": 4.0}
    assert last.iloc[5:].to_dict() == said | {"mean_loss": 5.5, "mean_stale": 1.0}


def test_a_step_due_twice_is_one_tick_with_both_metrics(data, tmp_path):
    loop = Loop(data)
    with ds.Tracker(loop.model, data[0], tmp_path, **QUICK) as tracker:
        for _ in range(4):
            tracker.step(loss=loop.step())
        assert not tracker.epoch(accuracy=0.25)
    ticks = tracker.profile.ticks
    assert ticks["step"].tolist() == [0, 1, 2, 4]
    assert ticks["accuracy"].iloc[-1] == 0.25
    assert ticks["loss"].iloc[-1] > 0


def test_a_loop_that_restores_an_older_checkpoint_gives_the_same_frame(data, tmp_path):
    whole = Loop(data)
    reseed()
    with ds.Tracker(whole.model, data[0], tmp_path / "whole", schedule=2, **QUICK) as tracker:
        for _ in range(10):
            tracker.step(loss=whole.step())
    torn = Loop(data)
    reseed()
    state = torn.state()
    for start, stop in [(0, 7), (5, 8), (5, 10)]:
        torn.restore(state)
        options = QUICK | {"schedule": 2, "start_step": start}
        with ds.Tracker(torn.model, data[0], tmp_path / "torn", **options) as tracker:
            for now in range(start + 1, stop + 1):
                tracker.step(loss=torn.step())
                if now == 5:
                    state = torn.state()
            assert tracker.differing == ()
    again, expected = read_run(tmp_path / "torn"), read_run(tmp_path / "whole")
    pd.testing.assert_frame_equal(again.frame, expected.frame)
    columns = ["step", "epoch", "loss"]
    pd.testing.assert_frame_equal(again.ticks[columns], expected.ticks[columns])
    assert again.provenance["Sequential"]["n_sessions"] == 3


def test_what_is_said_between_ticks_is_kept_as_a_mean(data, tmp_path):
    reused = torch.zeros(())
    with ds.Tracker(build(), data[0], tmp_path, schedule=[100, 103], **QUICK) as tracker:
        for now in range(1, 104):
            reused.fill_(now)  # a loop may write into its tensor again
            more = {"every_third": now} if now % 3 == 0 else {"every_third": None}
            tracker.step(loss=reused, **more)
            assert len(tracker._loop.means._pending) < 64
        tracker.note(mean_loss=7.0)  # what is there stays
    first, second = tracker.profile.ticks.to_dict("records")
    assert (first["loss"], first["mean_loss"], first["mean_every_third"]) == (100, 50.5, 51)
    assert (second["loss"], second["mean_loss"], second["mean_every_third"]) == (103, 102, 102)


def test_a_metric_that_is_called_a_mean_is_the_loops_own(data, tmp_path):
    with ds.Tracker(build(), data[0], tmp_path, schedule=[2], **QUICK) as tracker:
        tracker.step(loss=4.0)
        tracker.step(loss=2.0, mean_loss=9.0)
    assert tracker.profile.ticks[["loss", "mean_loss"]].to_numpy().tolist() == [[2.0, 9.0]]


def restarted(data, folder, schedule, sessions, keep_state):
    """Run sessions of steps (start, stop], each from the checkpoint of its start."""
    loop, kept = Loop(data), {}
    reseed()
    for start, stop in sessions:
        options = QUICK | {"schedule": schedule}
        if start and not keep_state:
            options |= {"start_step": start, "start_epoch": start // 6}
        tracker = ds.Tracker(loop.model, data[0], folder, **options)
        if start:
            loop.restore(kept[start][0])
            if keep_state:
                tracker.load_state_dict(json.loads(json.dumps(kept[start][1])))
        with tracker:
            for now in range(start + 1, stop + 1):
                tracker.step(loss=loop.step(), odd=now % 2)
                if now % 6 == 0:
                    tracker.epoch(accuracy=0.5)
                kept[now] = loop.state(), tracker.state_dict()
            assert tracker.differing == ()
    return read_run(folder)


@pytest.mark.parametrize("schedule", [5, "epochs", [0, 5, 9]])
def test_means_are_the_same_bits_wherever_a_loop_goes_on(data, tmp_path, schedule):
    whole = restarted(data, tmp_path / "whole", schedule, [(0, 24)], True)
    sessions = [(0, 8), (7, 11), (3, 10), (10, 13), (12, 19), (18, 24)]
    torn = restarted(data, tmp_path / "torn", schedule, sessions, True)
    columns = ["step", "loss", "mean_loss", "mean_odd"]
    pd.testing.assert_frame_equal(torn.ticks[columns], whole.ticks[columns], check_exact=True)
    assert whole.ticks["mean_loss"].notna().sum() >= 2


def test_means_over_steps_that_are_not_known_are_left_out(data, tmp_path):
    whole = restarted(data, tmp_path / "whole", 5, [(0, 20)], True).ticks
    torn = restarted(data, tmp_path / "torn", 5, [(0, 8), (7, 20)], False).ticks
    known = torn["step"] != 10
    assert torn.loc[~known, "mean_loss"].isna().all()
    pd.testing.assert_series_equal(torn["loss"], whole["loss"])
    pd.testing.assert_series_equal(torn["mean_loss"][known], whole["mean_loss"][known])
    # from a tick on, all steps are known
    again = restarted(data, tmp_path / "again", 5, [(0, 12), (10, 20)], False).ticks
    pd.testing.assert_series_equal(again["mean_loss"], whole["mean_loss"])


def test_a_state_is_loaded_before_the_tracker_is_entered(data, tmp_path):
    with (
        ds.Tracker(build(), data[0], tmp_path, **QUICK) as tracker,
        pytest.raises(InputError, match="before `with`"),
    ):
        tracker.load_state_dict(tracker.state_dict())


def test_a_loop_that_goes_another_way_is_warned_once_and_keeps_its_ticks(data, tmp_path):
    options = QUICK | {"schedule": 1}
    with ds.Tracker(build(), data[0], tmp_path, **options) as tracker:
        tracker.step()
        tracker.step()
    before = tracker.profile.frame
    loop = Loop(data)
    with ds.Tracker(loop.model, data[0], tmp_path, **options) as tracker:
        loop.step()
        with pytest.warns(UserWarning, match="step 1 was reached again with other values"):
            tracker.step()
        loop.step()
        tracker.step()  # a second warning would be an error
        assert tracker.differing == (1, 2)
    pd.testing.assert_frame_equal(tracker.profile.frame, before)
    assert tracker.profile.provenance["Sequential"]["differing"] == [1, 2]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"model": build(12)}, "architecture_hash"),
        ({"data": torch.zeros(120, 8)}, "data_hash"),
        ({"layers": ["input", "4"]}, "layers"),
        ({"methods": "gride"}, "methods"),
        ({"schedule": 3}, "schedule"),
        ({"rng": 1}, "seed"),
        ({"curves": ["scale"]}, "curves"),
        ({"label": "other"}, "label"),
    ],
)
def test_another_run_in_the_same_folder_is_refused(data, tmp_path, change, what):
    given = {"model": build(), "data": data[0], "out": tmp_path, **QUICK}
    with ds.Tracker(**given):
        pass
    with (
        pytest.raises(InputError, match=rf"other .*{what}.*: remove it"),
        ds.Tracker(**given | change),
    ):
        pass
    assert read_run(tmp_path).ticks["step"].tolist() == [0]


def test_a_folder_with_a_profile_is_left_alone(data, tmp_path):
    ds.profile(build(), data[0], methods="two_nn", out=tmp_path)
    with pytest.raises(InputError, match="holds a profile that is no training run"):
        ds.Tracker(build(), data[0], tmp_path, **QUICK).__enter__()


@pytest.mark.parametrize("cut", [1, 100, 10_000])
def test_a_tick_that_was_cut_short_is_measured_again(data, tmp_path, cut):
    def run():
        with ds.Tracker(build(), data[0], tmp_path, schedule=1, **QUICK) as tracker:
            for _ in range(3):
                tracker.step(loss=1.0)

    run()
    whole = read_run(tmp_path)
    journal = tmp_path / "ticks.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert "ended" in json.loads(lines[-1])
    torn = lines[-2][: max(1, len(lines[-2]) - cut)]
    journal.write_bytes(b"".join(lines[:-2]) + torn)
    assert read_run(tmp_path).ticks["step"].tolist() == [0, 1, 2]
    run()
    again = read_run(tmp_path)
    pd.testing.assert_frame_equal(again.frame, whole.frame)
    assert again.ticks["loss"].tolist()[1:] == [1.0] * 3


def test_the_folder_can_be_read_while_the_run_goes_on(data, tmp_path):
    with pytest.raises(InputError, match="no tick of a training run"):
        read_run(tmp_path)
    with ds.Tracker(build(), data[0], tmp_path, **QUICK) as tracker:
        assert read_run(tmp_path).ticks["step"].tolist() == [0]
        size = (tmp_path / "ticks.jsonl").stat().st_size
        tracker.step()
        assert read_run(tmp_path).ticks["step"].tolist() == [0, 1]
        assert (tmp_path / "ticks.jsonl").stat().st_size > size


def test_an_error_in_the_loop_leaves_a_profile_of_what_was_measured(data, tmp_path):
    def stopped():
        with ds.Tracker(build(), data[0], tmp_path, **QUICK) as tracker:
            tracker.step()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopped()
    assert ds.Profile.load(tmp_path).ticks["step"].tolist() == [0, 1]


def test_a_budget_leaves_ticks_out_and_says_which(data, tmp_path):
    def run():
        with ds.Tracker(
            build(), data[0], tmp_path, schedule=1, max_overhead=1e-3, **QUICK
        ) as tracker:
            for _ in range(3):
                tracker.step()

    run()
    facts = read_run(tmp_path).provenance["Sequential"]
    assert read_run(tmp_path).ticks["step"].tolist() == [0]
    assert list(facts["skipped"]) == ["1", "2", "3"]
    assert "exceed 0.001 of" in facts["skipped"]["1"]
    assert facts["max_overhead"] == 1e-3
    journal = (tmp_path / "ticks.jsonl").read_text()
    run()  # what was decided stays decided, and is not written again
    assert (tmp_path / "ticks.jsonl").read_text().count("skipped") == journal.count("skipped")


def test_a_generous_budget_leaves_nothing_out(data, tmp_path):
    with ds.Tracker(build(), data[0], tmp_path, schedule=1, max_overhead=1e9, **QUICK) as tracker:
        tracker.step()
    assert tracker.profile.provenance["Sequential"]["skipped"] == {}


def test_overhead_is_time_of_ticks_over_time_of_training(data, tmp_path):
    import time

    with ds.Tracker(build(), data[0], tmp_path, schedule=[0, 1], **QUICK) as tracker:
        time.sleep(0.2)
        tracker.step()
        ticks = tracker.profile.ticks
        assert ticks["training_seconds"].iloc[0] < 0.1
        assert ticks["training_seconds"].iloc[1] == pytest.approx(0.2, abs=0.1)
        assert tracker.overhead >= 0.9 * ticks["seconds"].sum() / (0.3 + ticks["seconds"].sum())
    facts = tracker.profile.provenance["Sequential"]
    assert facts["tick_seconds"] == pytest.approx(ticks["seconds"].sum())
    assert facts["overhead"] == pytest.approx(facts["tick_seconds"] / facts["training_seconds"])


def test_shuffled_samples_are_an_error_and_no_tick(data, tmp_path):
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(data[0]), 40, shuffle=True)
    with ds.Tracker(build(), loader, tmp_path, schedule=[1], **QUICK) as tracker:
        torch.manual_seed(3)
        with pytest.raises(CaptureError, match="without shuffling"):
            tracker.step()
    with pytest.raises(InputError, match="no tick"):
        read_run(tmp_path)


def test_batches_that_come_once_serve_every_tick(data, tmp_path):
    with ds.Tracker(build(), iter(data[0].split(50)), tmp_path, schedule=1, **QUICK) as tracker:
        tracker.step()
    assert tracker.to_frame()["n_samples"].unique().tolist() == [120]


def test_steps_must_grow_and_metrics_be_numbers(data, tmp_path):
    with ds.Tracker(build(), data[0], tmp_path, schedule=1, **QUICK) as tracker:
        tracker.step(at=5)
        assert tracker.position == (5, 0)
        with pytest.raises(InputError, match="step 5 after step 5"):
            tracker.step(at=5)
        with pytest.raises(InputError, match="epoch, step: every tick has that"):
            tracker.step(loss=1.0, epoch=1, **{"step": 2})
        with pytest.raises(InputError, match="metrics must be numbers"):
            tracker.step(loss=torch.zeros(2))


def test_outside_of_with_there_is_no_tracking(data, tmp_path):
    tracker = ds.Tracker(build(), data[0], tmp_path, schedule=1, **QUICK)
    with pytest.raises(InputError, match="not running"):
        tracker.step()


@pytest.mark.parametrize(
    "option",
    [{"start_step": -1}, {"max_overhead": 0.0}, {"loggers": object()}, {"curves": "scale"}],
)
def test_options_are_checked_before_anything_runs(data, tmp_path, option):
    with pytest.raises(InputError, match=r"0 or larger|above 0|log_metrics|unknown curves"):
        ds.Tracker(build(), data[0], tmp_path, **option)


def test_wrappers_are_looked_into(data, tmp_path):
    model = build()
    with ds.Tracker(nn.DataParallel(model), data[0], tmp_path, **QUICK) as tracker:
        layers = tracker.to_frame()["layer"].tolist()
    assert (
        layers
        == ds.profile(model, data[0], methods="two_nn").to_frame("estimate")["layer"].tolist()
    )


def test_only_the_first_of_parallel_processes_measures(data, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    with ds.Tracker(build(), data[0], tmp_path / "run", schedule=1, **QUICK) as tracker:
        assert not tracker.step(loss=1.0)
        assert not tracker.epoch(accuracy=0.5)
        assert tracker.position == (1, 1)
    assert not (tmp_path / "run").exists()


class Recorder:
    def __init__(self):
        self.scalars, self.figures = {}, []


class MetricsLogger(Recorder):
    def log_metrics(self, metrics, step):
        self.scalars[step] = metrics


class SummaryWriter(Recorder):
    def add_scalar(self, name, value, step):
        self.scalars.setdefault(step, {})[name] = value

    def add_figure(self, name, figure, step):
        self.figures.append((name, len(figure.axes[0].get_lines()), step))


def test_loggers_get_the_estimates_and_a_figure(data, tmp_path):
    loggers = [MetricsLogger(), SummaryWriter()]
    with ds.Tracker(build(), data[0], tmp_path, schedule=[2], loggers=loggers, **QUICK) as tracker:
        tracker.step(at=2)
    rows = tracker.to_frame()
    expected = {f"dimscope/two_nn/{r.layer}": r.value for r in rows.itertuples()}
    assert [logger.scalars for logger in loggers] == [{2: expected}] * 2
    assert loggers[1].figures == [("dimscope/profile", 1, 2)]


def test_ticks_survive_joining_and_saving(data, tmp_path):
    for label in ("a", "b"):
        with ds.Tracker(build(), data[0], tmp_path / label, label=label, **QUICK) as tracker:
            tracker.step(**{f"only_{label}": 1.0})
    joined = ds.Profile.join(*(ds.Profile.load(tmp_path / label) for label in ("a", "b")))
    joined.save(tmp_path / "joined")
    ticks = ds.Profile.load(tmp_path / "joined").ticks
    assert ticks["model"].tolist() == ["a", "a", "b", "b"]
    assert ticks["only_a"].dropna().tolist() == ticks["only_b"].dropna().tolist() == [1.0]
    assert str(ticks["step"].dtype) == "int64"
