from __future__ import annotations

import numpy as np
import pytest
import torch

from dimscope.data import NamedData
from dimscope.data.named import ArrayItems
from dimscope.models import LoadedModel, scale_pixels, vgg_small
from dimscope.studies.recipes.ansuini import imagenet


def small_net(*, trained=True):
    with torch.random.fork_rng():
        torch.manual_seed(int(trained))
        model = vgg_small((4, 4), 1, (12,), size=8).eval()
    return LoadedModel(model=model, label="ours", origin="here", preprocess=scale_pixels)


def random_images(subset, n_images):
    rng = np.random.default_rng(len(subset))
    values = torch.from_numpy(rng.integers(0, 256, (n_images, 3, 8, 8), dtype=np.uint8))
    return NamedData(name=subset, origin="here", items=ArrayItems(values=values))


@pytest.fixture
def small_images(monkeypatch):
    """A small network and small random images in place of any other."""
    monkeypatch.setattr(imagenet, "load_net", lambda net, *, trained: small_net(trained=trained))
    monkeypatch.setattr(imagenet, "load_images", random_images)
