"""A tracked training run, killed at random moments, against the same run left alone.

    python -m benchmarks.training.tracker_kills --kills 20

Trains a small network with dropout in a process of its own. The loop keeps its own checkpoints;
the process gets SIGKILL after a random time, again and again, and is started again each time. The
frame of ticks must be that of a run that was never killed, tick for tick, with losses and the mean
losses since the tick before, and so must the weights.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
from torch import nn

import dimscope as ds
from benchmarks.shared.paths import ROOT
from dimscope.tracking import read_run

N_EPOCHS, N_BATCHES, CHECKPOINT_EVERY = 6, 20, 7
MODULE = "benchmarks.training.tracker_kills"
SCHEDULE = [*range(0, N_EPOCHS * N_BATCHES + 1, 5), 1, 2, 3, 4]


def build() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 5)
    )


def train(folder: Path, pace: float, *, announce: bool = False) -> None:
    """Train from the last checkpoint in ``folder`` to the end, with ticks in ``folder/run``."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(N_BATCHES * 16, 20, generator=generator)
    y = (x @ torch.randn(20, 5, generator=generator)).argmax(1)
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    step, order = 0, torch.randperm(len(x))
    saved = folder / "checkpoint.pt"
    if saved.exists():
        state = torch.load(saved)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        order = state["order"]
    tracker = ds.Tracker(
        model,
        x[:80],
        folder / "run",
        schedule=SCHEDULE,
        methods=["two_nn", "participation_ratio"],
        n_repeats=1,
    )
    if saved.exists():
        tracker.load_state_dict(state["tracker"])
        step = tracker.position.step
    with tracker:
        if announce:
            print("ready", flush=True)
        while step < N_EPOCHS * N_BATCHES:
            time.sleep(pace)
            batch = order[16 * (step % N_BATCHES) :][:16]
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            tracker.step(loss=loss)
            if step % N_BATCHES == 0:
                tracker.epoch()
                order = torch.randperm(len(x))
            if step % CHECKPOINT_EVERY == 0 or step == N_EPOCHS * N_BATCHES:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                state |= {"rng": torch.get_rng_state(), "order": order}
                state["tracker"] = tracker.state_dict()
                torch.save(state, folder / "new.pt")
                (folder / "new.pt").replace(saved)


def start(folder: Path, pace: float) -> subprocess.Popen[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, "--train", str(folder.resolve()), "--pace", str(pace)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    process.stdout.readline()
    return process


def run_with_kills(folder: Path, n_kills: int, seed: int, pace: float, longest: float) -> int:
    """Run to the end, killed at most ``n_kills`` times; returns how many kills hit."""
    rng, hits = random.Random(seed), 0
    folder.mkdir()
    while True:
        process = start(folder, pace)
        try:
            if hits == n_kills:
                raise_for(process.wait())
                return hits
            if process.wait(rng.uniform(0, longest)) == 0:
                return hits
            raise_for(process.returncode)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            hits += 1
        finally:
            process.stdout.close()


def raise_for(code: int) -> None:
    if code != 0:
        raise RuntimeError(f"the training ended with exit code {code}")


def compare(
    folder: Path, n_kills: int, seed: int = 0, pace: float = 0.0, longest: float = 1.0
) -> tuple[int, int, int]:
    """Run undisturbed and killed, and check that nothing differs; counts kills, sessions, ticks."""
    # in a process of its own too: with other threads sums round differently
    run_with_kills(folder / "whole", 0, seed, pace, longest)
    hits = run_with_kills(folder / "killed", n_kills, seed, pace, longest)
    whole, killed = (read_run(folder / name / "run") for name in ("whole", "killed"))
    steps = killed.ticks["step"].tolist()
    if steps != sorted(set(SCHEDULE)):
        raise AssertionError(f"ticks lost or doubled: {steps}")
    pd.testing.assert_frame_equal(whole.frame, killed.frame, check_exact=True)
    columns = ["step", "epoch", "loss", "mean_loss"]
    pd.testing.assert_frame_equal(whole.ticks[columns], killed.ticks[columns], check_exact=True)
    expected, facts = (p.provenance["Sequential"] for p in (whole, killed))
    if expected["model_hashes"] != facts["model_hashes"] or facts["differing"]:
        raise AssertionError("the weights differ")
    return hits, facts["n_sessions"], len(steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.02, help="Seconds to wait in each step.")
    parser.add_argument("--longest", type=float, default=2.0, help="Seconds before a kill.")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train is not None:
        train(options.train, options.pace, announce=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        hits, sessions, ticks = compare(
            Path(folder), options.kills, options.seed, options.pace, options.longest
        )
    print(f"{hits} kills, {sessions} sessions, {ticks} ticks: none lost, none doubled, same bits")


if __name__ == "__main__":
    main()
