"""Capturing activations: find the layers of a network, and store them in one forward pass."""

from __future__ import annotations

from dimscope.capture.captured import Captured, capture, read
from dimscope.capture.discovery import layer_names
from dimscope.capture.hashing import hash_architecture, hash_data, hash_model
from dimscope.capture.inference import Mode
from dimscope.capture.layers import LayerInfo, LayerTable
from dimscope.capture.parallel import is_distributed, rank, require_whole, unwrapped
from dimscope.capture.pooling import POOLINGS
from dimscope.capture.probe import Probe
from dimscope.capture.restoring import random_states
from dimscope.capture.selection import select_layers

__all__ = [
    "POOLINGS",
    "Captured",
    "LayerInfo",
    "LayerTable",
    "Mode",
    "Probe",
    "capture",
    "hash_architecture",
    "hash_data",
    "hash_model",
    "is_distributed",
    "layer_names",
    "random_states",
    "rank",
    "read",
    "require_whole",
    "select_layers",
    "unwrapped",
]
