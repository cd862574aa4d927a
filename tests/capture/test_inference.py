"""Capturing leaves the network, and whatever runs around it, exactly as they were."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from dimscope.capture import capture, layer_names
from dimscope.errors import CaptureError
from dimscope.store import ActivationStore

VECTORS = torch.randn(12, 4, generator=torch.Generator().manual_seed(0))


class Counting(nn.Module):
    """Changes its own buffers, even in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("last", torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        self.last = x[0].clone()
        self.register_buffer("cache", x[0])
        random.random()
        np.random.rand()  # noqa: NPY002
        return x + 0 * torch.rand(1)


class Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.error is not None and len(x) > 3:
            raise self.error
        return x


def make_model() -> nn.Sequential:
    model = nn.Sequential(
        *(nn.Linear(4, 4), nn.BatchNorm1d(4), Counting(), nn.Dropout(), Failing()),
        nn.Linear(4, 2),
    )
    model[1].eval()  # a frozen batch norm inside a network in training
    model[0].weight.requires_grad_(False)
    model[5].register_forward_hook(lambda module, args, output: None)
    model(VECTORS).sum().backward()
    return model


def snapshot(model: nn.Module) -> dict[str, Any]:
    return {
        "training": [module.training for module in model.modules()],
        "hooks": [
            (dict(module._forward_hooks), dict(module._forward_pre_hooks))
            for module in model.modules()
        ],
        "buffers": [(name, id(b), b._version, b.tolist()) for name, b in model.named_buffers()],
        "parameters": [
            (
                name,
                id(p),
                p._version,
                p.requires_grad,
                id(p.grad),
                p.grad is None or p.grad.tolist(),
            )
            for name, p in model.named_parameters()
        ],
        "random": (torch.get_rng_state().tolist(), random.getstate()),
        "numpy": np.random.get_state()[1].tolist(),  # type: ignore[index]  # noqa: NPY002
        "gradients": torch.is_grad_enabled(),
        "attention": torch.backends.mha.get_fastpath_enabled(),
    }


def run_capture(model: nn.Module, data: Any = VECTORS, **options: Any) -> None:
    with ActivationStore() as store:
        capture(model, data, ["0", "2", "output"], store=store, batch_size=5, **options)


@pytest.mark.parametrize("run", [run_capture, lambda model: layer_names(model, VECTORS)])
def test_nothing_is_left_behind(run: Callable[[nn.Module], Any]) -> None:
    model = make_model()
    before = snapshot(model)
    run(model)
    after = snapshot(model)
    for key, value in before.items():
        if key == "buffers":  # a buffer that was written is written back
            changed = [(name, where, content) for name, where, _, content in value]
            assert changed == [(name, where, content) for name, where, _, content in after[key]]
        else:
            assert after[key] == value, key


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_nothing_is_left_behind_when_the_network_fails(error: BaseException) -> None:
    model = make_model()
    before = snapshot(model)
    model[4].error = error  # type: ignore[assignment]
    with pytest.raises(CaptureError if isinstance(error, ValueError) else KeyboardInterrupt):
        run_capture(model)
    model[4].error = None  # type: ignore[assignment]
    after = snapshot(model)
    assert [part for part in before if before[part] != after[part]] in ([], ["buffers"])


def test_nothing_is_left_behind_when_a_callback_fails() -> None:
    model = make_model()
    hooks = snapshot(model)["hooks"]

    def stop(n_done: int, n_total: int | None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_capture(model, on_batch=stop)
    assert snapshot(model)["hooks"] == hooks


@pytest.mark.parametrize("own", [None, torch.Generator().manual_seed(3)])
def test_a_shuffling_loader_draws_no_random_numbers(own: torch.Generator | None) -> None:
    model = make_model()
    loader = DataLoader(TensorDataset(VECTORS), batch_size=4, shuffle=True, generator=own)
    state, own_state = torch.get_rng_state(), own and own.get_state()
    run_capture(model, loader)
    assert torch.equal(torch.get_rng_state(), state)
    if own is not None and own_state is not None:
        assert torch.equal(own.get_state(), own_state)


def test_a_training_step_may_surround_it() -> None:
    model = make_model()
    loss = model(VECTORS).sum()
    run_capture(model)
    loss.backward()
