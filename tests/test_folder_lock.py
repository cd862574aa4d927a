"""One process at a time uses the folder of a run; what a dead one left does not count."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from held_folders import another_process
from torch import nn

import dimscope as ds
from dimscope import _folder_lock
from dimscope._folder_lock import LOCK, hold_folder
from dimscope._processes import Owner
from dimscope.errors import StoreError
from dimscope.studies.jobs import Identity, run_jobs


@pytest.fixture(params=["by the system", "by name"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the locks of the file system, and on one that has none."""
    if request.param == "by name":
        monkeypatch.setattr(_folder_lock, "fcntl", None)
    return str(request.param)


def test_the_other_process_is_named_while_it_runs_and_not_once_it_was_killed(
    tmp_path: Path, how: str
) -> None:
    with another_process(tmp_path, how) as run:
        with (
            pytest.raises(StoreError, match=f"in use by process {run.pid} on .* since 20..-") as no,
            hold_folder(tmp_path),
        ):
            pass
        assert "give another folder" in str(no.value)
        run.kill()
    assert (tmp_path / LOCK).exists()
    with hold_folder(tmp_path):
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()


def test_one_process_may_hold_it_several_times(tmp_path: Path, how: str) -> None:
    with hold_folder(tmp_path):
        with hold_folder(tmp_path / "." / ""):
            pass
        assert (tmp_path / LOCK).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_another_machine_counts_where_only_its_name_can_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = {"owner": {"host": "elsewhere", "pid": 7, "started": 9}, "since": "2026-01-01 00:00:00"}
    (tmp_path / LOCK).write_text(json.dumps(note))
    with monkeypatch.context() as without:
        without.setattr(_folder_lock, "fcntl", None)
        with (
            pytest.raises(StoreError, match=r"process 7 on elsewhere .* remove .*in-use\.lock"),
            hold_folder(tmp_path),
        ):
            pass
    with hold_folder(tmp_path):  # the system says that nobody holds it
        pass


def test_a_folder_that_was_made_for_nothing_is_removed(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold_folder(tmp_path / "run"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with hold_folder(tmp_path / "run"):
        (tmp_path / "run" / "journal").touch()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["journal"]


def test_a_file_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(StoreError, match=r"cannot write to .*run"), hold_folder(tmp_path / "run"):
        pass


def test_the_lock_names_this_process(tmp_path: Path) -> None:
    with hold_folder(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["owner"]["pid"] == Owner.this_process().pid


def profile(folder: Path) -> None:
    ds.profile(nn.Linear(3, 3), torch.rand(50, 3), out=folder)


def track(folder: Path) -> None:
    with ds.Tracker(nn.Linear(3, 3), torch.rand(50, 3), folder):
        pass


def study(folder: Path) -> None:
    run_jobs([{"n": 1}], lambda n: [{"n": n}], folder, Identity(recipe="a/b", version=1))


@pytest.mark.parametrize("run", [profile, track, study])
def test_runs_keep_out_of_the_folder_of_another(
    tmp_path: Path, run: Callable[[Path], None]
) -> None:
    with another_process(tmp_path) as other:
        with pytest.raises(StoreError, match=f"in use by process {other.pid}"):
            run(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]
        other.kill()
    run(tmp_path)
    assert not (tmp_path / LOCK).exists()
