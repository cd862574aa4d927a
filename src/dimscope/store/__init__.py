"""Activations of many layers, in memory while they fit and on disk when they do not."""

from __future__ import annotations

from dimscope.store.activations import ActivationStore
from dimscope.store.budgets import BATCH_SIZE, Budgets
from dimscope.store.placement import Placement, place_layers
from dimscope.store.saved import SavedActivations
from dimscope.store.sizes import format_size, parse_size

__all__ = [
    "BATCH_SIZE",
    "ActivationStore",
    "Budgets",
    "Placement",
    "SavedActivations",
    "format_size",
    "parse_size",
    "place_layers",
]
