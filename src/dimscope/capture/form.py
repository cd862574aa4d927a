"""What the entries of a batch are: inputs, labels, and where the samples are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from dimscope.capture.binding import (
    Network,
    Places,
    is_array,
    looks_like_label,
    n_inputs,
    require_bound,
)
from dimscope.capture.tensors import leaves
from dimscope.errors import InputError

_LABEL_KEYS = ("label", "labels")
_LABEL_KINDS = "biufSU"

#: Where a batch that is a list or tuple has its samples: each entry has a row for every sample; its
#: items are the samples; the items of its first entry are the samples.
Rows = Literal["columns", "items", "first items"]


@dataclass(frozen=True)
class Form:
    """What the entries of a batch are, if it is a list or tuple.

    Attributes
    ----------
    rows
        Where the samples are.
    n_inputs
        How many of the first entries the network receives; the others are labels.
    places
        The parameters of the network's ``forward``; None if entries are not bound to them.
    """

    rows: Rows = "columns"
    n_inputs: int = 1
    places: Places | None = None

    @classmethod
    def of(cls, content: Any, rows: Rows = "columns", network: Network | None = None) -> Form:
        """The form of the batches of which ``content`` is the first."""
        if network is None or network.forward is not None:
            return cls(rows)
        places = Places.of(network.model)
        if rows != "columns" or not _is_bound(content):
            return cls(rows, places=places)
        n_samples = len(content[0]) if content[0].ndim else 0
        return cls(rows, n_inputs(content, n_samples, places), places)

    def inputs(self, content: Any) -> Any:
        """What the network gets of a batch."""
        if isinstance(content, Mapping):
            return {key: value for key, value in content.items() if key not in _LABEL_KEYS}
        if self.rows == "items" or not isinstance(content, list | tuple) or not content:
            return content
        return content[0] if self.n_inputs == 1 else tuple(content[: self.n_inputs])

    def n_samples(self, content: Any) -> int:
        """The number of samples of a batch.

        Raises
        ------
        InputError
            If its inputs hold no tensor, have different numbers of samples, or may be something
            else than what they are taken for.
        """
        _refuse_packed(content)
        inputs = self.inputs(content)
        if self.rows != "columns":
            return len(inputs)
        n_samples = _n_rows_of(inputs)
        if self.places is not None and _is_bound(content):
            require_bound(content, self.n_inputs, n_samples, self.places)
        return n_samples

    def labels(self, content: Any, n_samples: int) -> np.ndarray | None:
        """A label for each sample of a batch, if it has them.

        Raises
        ------
        InputError
            If a dict has another number of labels.
        """
        found: Any = None
        if isinstance(content, Mapping):
            found = next((content[key] for key in _LABEL_KEYS if key in content), None)
            if is_array(found) and found.ndim > 0 and len(found) != n_samples:
                raise InputError(f"a batch of {n_samples} samples has {len(found)} labels")
        elif isinstance(content, list | tuple) and self.rows != "items":
            found = next(iter(content[self.n_inputs :]), None)
            if self.places is None and not looks_like_label(found, n_samples):
                return None  # forward= may use it for anything
        found = found.detach().cpu() if isinstance(found, Tensor) else found
        try:
            labels = np.asarray(found)
        except ValueError:  # lists of several lengths
            return None
        is_label = labels.shape[:1] == (n_samples,) and labels.dtype.kind in _LABEL_KINDS
        return labels if is_label else None

    def said(self, content: Any) -> str:
        """How a batch is read, in words."""
        if self.rows != "columns":
            return "the samples are the items of a list"
        if isinstance(content, Mapping):
            labels = [f"{key} is taken for labels" for key in _LABEL_KEYS if key in content]
            return ", ".join([*map(str, self.inputs(content)), *labels])
        if not isinstance(content, list | tuple) or len(content) < 2:
            return "all are inputs"
        if self.places is None:
            return "forward= receives all entries"
        names = self.places.names if _is_bound(content) else ()
        entries = range(len(content))
        return ", ".join(
            f"entry {i} is {names[i] if i < len(names) else 'input'}"
            if i < self.n_inputs
            else f"entry {i} is taken for labels"
            for i in entries
        )


def _is_bound(content: Any) -> bool:
    """Whether the entries of a batch are arguments: not if the first holds several by itself."""
    return isinstance(content, list | tuple) and bool(content) and is_array(content[0])


def _n_rows_of(inputs: Any) -> int:
    """The number of samples that all inputs have; a single row may serve all samples."""
    found = {suffix: leaf for suffix, leaf in leaves(inputs) if is_array(leaf) and leaf.ndim > 0}
    if not found:
        raise InputError(
            f"a batch of type {type(inputs).__name__} holds no tensor: batches are a tensor "
            "or array, (inputs, labels), or a dict of tensors"
        )
    sizes = {len(leaf) for suffix, leaf in found.items() if not _serves_all(suffix, leaf)}
    if len(sizes - {1}) > 1:
        counts = ", ".join(f"{name.lstrip(':')} {len(leaf)}" for name, leaf in found.items())
        raise InputError(
            f"the inputs of a batch have different numbers of samples ({counts}): give as many of "
            "each; what is the same for all samples goes to the network by forward="
        )
    return max(sizes, default=len(next(iter(found.values()))))


def _serves_all(suffix: str, leaf: Any) -> bool:
    """Whether a tensor is a mask of all pairs of tokens, the same for every sample."""
    return "mask" in suffix and leaf.ndim == 2 and leaf.shape[0] == leaf.shape[1]


def _refuse_packed(content: Any) -> None:
    entries = list(content.values()) if isinstance(content, Mapping) else [content]
    if type(content) in (list, tuple):
        entries = list(content)
    if any(isinstance(entry, PackedSequence) for entry in entries):
        raise InputError(
            "the batch holds a PackedSequence, whose rows are time steps and not samples: give the "
            "padded tensor (pad_packed_sequence) with its lengths, and pack it in forward="
        )
