"""Networks with parts made by ``torch.compile``: they are read as the plain networks inside.

Compiled code calls no hooks, and the wrapper puts ``_orig_mod`` into every name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn


@contextmanager
def uncompiled(model: nn.Module) -> Iterator[None]:
    """Inside ``with``, put plain modules in place of the compiled ones in ``model``.

    All modules then have the names that they have in the plain network. What `nn.Module.compile`
    or a decorator compiled runs as it was written.
    """
    compiled = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent._modules.items()
        if child is not None and "_orig_mod" in child._modules
    ]
    try:
        for parent, name, child in compiled:
            parent._modules[name] = child._modules["_orig_mod"]
        with _eagerly():
            yield
    finally:
        for parent, name, child in compiled:
            parent._modules[name] = child


def _eagerly() -> AbstractContextManager[Any]:
    """Switch compilation off, if anything was compiled; torch before 2.6 has no switch."""
    stance = getattr(torch.compiler, "set_stance", None)
    if stance is None or "torch._dynamo" not in sys.modules:  # setting it takes a second to load
        return nullcontext()
    switch: AbstractContextManager[Any] = stance("force_eager")
    return switch
