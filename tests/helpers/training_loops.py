"""Networks to track, and a training loop that draws from every random generator."""

from __future__ import annotations

import copy
import random

import numpy as np
import torch
from torch import nn

#: Options of a Tracker for tests: quick and silent.
QUICK = {"methods": "two_nn", "n_repeats": 1, "progress": False}


def plain_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))


def noisy_net(width: int = 16) -> nn.Sequential:
    """With batch normalisation and dropout, whose results depend on more than the weights."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5), nn.Linear(width, 3)
    )


class Loop:
    """A training loop that draws from every generator, and can begin anywhere."""

    def __init__(self, data, model=None):
        self.x, self.y = data
        self.model = noisy_net() if model is None else model
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
        return copy.deepcopy(kept | {"python": random.getstate()})

    def restore(self, state):
        state = copy.deepcopy(state)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["torch"])
        np.random.set_state(state["numpy"])  # noqa: NPY002
        random.setstate(state["python"])


def reseed(seed: int = 5) -> None:
    """Seed every generator that a loop draws from."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)
