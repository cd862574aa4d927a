"""Training in two processes: the first measures, none waits for ever, and the bits are the same."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
import torch
from torch import nn

import dimscope as ds
from dimscope.capture.parallel import require_whole
from dimscope.errors import InputError
from dimscope.tracking import read_run

WORKER = """
import sys
from datetime import timedelta
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
import dimscope as ds

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
torch.distributed.init_process_group(
    "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2,
    timeout=timedelta(seconds=30),
)

def train(out, everywhere):
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5),
                          nn.Linear(16, 3))
    model = DistributedDataParallel(plain)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(rank)
    x = torch.randn(100, 8, generator=torch.Generator().manual_seed(5))
    tracker = None
    if out and (everywhere or rank == 0):
        tracker = ds.Tracker(model, x, out, schedule=2, methods="two_nn", progress=False)
        tracker.__enter__()
    for _ in range(6):
        loss = model(torch.randn(20, 8)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if tracker:
            tracker.step(loss=loss)
    if tracker:
        tracker.__exit__(None, None, None)
    # where each process's own random numbers stand, too
    return {**plain.state_dict(), "drawn": torch.rand(3)}

alone = train(None, False)
for name, everywhere in (("all", True), ("first", False)):
    tracked = train(f"{folder}/{name}{'' if rank == 0 else rank}", everywhere)
    for key, value in alone.items():
        assert torch.equal(tracked[key], value), (rank, name, key)
if rank == 0:
    torch.save(alone, f"{folder}/weights.pt")
torch.distributed.destroy_process_group()
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parallel")
    command = [sys.executable, "-W", "ignore", "-c", WORKER]
    workers = [
        subprocess.Popen([*command, str(rank), str(folder)], stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    errors = [worker.communicate(timeout=120)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], "\n".join(errors)
    return folder


def test_the_first_process_alone_writes(trained):
    """Each process was given a folder of its own, of which the second must not make its own."""
    written = {path.name for path in trained.iterdir()} - {"rendezvous"}
    assert written == {"all", "first", "weights.pt"}
    for name in ("all", "first"):
        journal = (trained / name / "ticks.jsonl").read_text()
        assert journal.count('"tick"') == 4
        assert read_run(trained / name).ticks["step"].tolist() == [0, 2, 4, 6]


def test_where_the_tracker_is_made_does_not_matter(trained):
    one, other = (read_run(trained / name) for name in ("all", "first"))
    pd.testing.assert_frame_equal(one.frame, other.frame)
    columns = ["step", "loss", "mean_loss"]
    pd.testing.assert_frame_equal(one.ticks[columns], other.ticks[columns])


def test_the_network_inside_the_wrapper_is_measured(trained):
    model = nn.Sequential(
        nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3)
    )
    state = torch.load(trained / "weights.pt")
    state.pop("drawn")
    model.load_state_dict(state)
    x = torch.randn(100, 8, generator=torch.Generator().manual_seed(5))
    expected = ds.profile(model, x, methods="two_nn", n_repeats=1).to_frame("estimate")
    frame = read_run(trained / "all").calibrated().to_frame("estimate").query("step == 6")
    assert frame["layer"].tolist() == expected["layer"].tolist()
    assert not frame["layer"].str.contains("module").any()
    assert frame["value"].tolist() == pytest.approx(expected["value"].tolist(), rel=1e-5)


def test_a_network_in_parts_is_refused(monkeypatch):
    model = nn.Linear(2, 2)
    require_whole(model)
    model.weight.device_mesh = object()  # as DTensor's, of which fully_shard makes parameters
    require_whole(model)  # one process alone has all of it
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    with pytest.raises(InputError, match="split over processes"):
        require_whole(model)
