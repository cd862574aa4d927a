"""Wrapped and sharded networks. tests/tracking trains in two processes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.parallel import DataParallel

from dimscope.capture import is_distributed, rank, require_whole, unwrapped
from dimscope.errors import InputError


class Compiled(nn.Module):
    """As what torch.compile returns, which takes seconds to make."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._orig_mod = model


def test_one_process_is_no_group() -> None:
    assert not is_distributed()
    assert rank() == 0


def test_wrappers_are_taken_off_one_after_the_other() -> None:
    model = nn.Linear(2, 2)
    assert unwrapped(model) is model
    assert unwrapped(DataParallel(model)) is model
    assert unwrapped(Compiled(DataParallel(Compiled(model)))) is model
    assert unwrapped("no network") == "no network"


def test_a_network_in_parts_is_refused_in_a_group_only(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].weight.device_mesh = object()  # as parameters that fully_shard has split
    require_whole(model)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    require_whole(nn.Linear(2, 2))
    with pytest.raises(InputError, match=r"split over processes .* track_checkpoints"):
        require_whole(model)
    FullyShardedDataParallel = type("FullyShardedDataParallel", (nn.Module,), {})
    with pytest.raises(InputError, match="split over processes"):
        require_whole(nn.Sequential(FullyShardedDataParallel()))
