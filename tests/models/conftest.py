from __future__ import annotations

import pytest
import torch

from dimscope.models import load_model


def same_weights(a, b):
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


@pytest.fixture(scope="session")
def lite0():
    return load_model("efficientnet_lite0")
