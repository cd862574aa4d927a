"""Loss and accuracy of a classifier on labelled samples, for the ticks of `track_checkpoints`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dimscope.capture import unwrapped
from dimscope.capture.batches import Batch
from dimscope.capture.binding import Network
from dimscope.capture.inference import place_batch, require_module, run_model, undisturbed
from dimscope.capture.readings import open_batches
from dimscope.errors import InputError
from dimscope.store import BATCH_SIZE


def evaluate(
    model: Any,
    data: Any,
    *,
    n_samples: int | None = None,
    batch_size: int = BATCH_SIZE,
    forward: Callable[[Any, Any], Any] | None = None,
) -> dict[str, float]:
    """Compute the loss and accuracy of a classifier.

    The loss is the mean cross-entropy; the accuracy is how often the largest logit is that of the
    right class. The network runs in evaluation mode on its own device, and is left as it was. The
    loss is wrong for a network that returns probabilities, as they are taken for logits; their
    logarithms are logits.

    Parameters
    ----------
    model
        The network. Its output, or the ``logits`` in its output, has shape (n_samples, n_classes).
    data
        Labelled samples in any form that `dimscope.profile` takes, such as ``(inputs, labels)``.
    n_samples, batch_size, forward
        As in `dimscope.profile`.

    Returns
    -------
    dict
        ``loss`` and ``accuracy``.

    Raises
    ------
    InputError
        If the samples have no class labels, or the output has another shape.
    CaptureError
        If the network fails.

    Examples
    --------
    >>> import torch
    >>> logits = torch.tensor([[0.0, 0.0], [0.0, 5.0], [0.0, 5.0]])
    >>> found = evaluate(torch.nn.Identity(), (logits, torch.tensor([0, 1, 0])))
    >>> round(found["loss"], 3), round(found["accuracy"], 3)
    (1.902, 0.667)
    """
    network = require_module(unwrapped(model))
    loss, right, n = 0.0, 0, 0
    with undisturbed(network, data):
        for batch in open_batches(data, Network(network, forward), batch_size, n_samples):
            labels = _labels(batch)
            placed = place_batch(batch, network)
            logits = _logits(run_model(network, placed, forward), labels)
            target = torch.from_numpy(labels.astype(np.int64))
            loss += float(functional.cross_entropy(logits, target, reduction="sum"))
            right += int((logits.argmax(1) == target).sum())
            n += len(labels)
    if n == 0:
        raise InputError("the data is empty: give at least one sample")
    return {"loss": loss / n, "accuracy": right / n}


def _labels(batch: Batch) -> np.ndarray:
    labels = batch.labels
    if labels is None:
        raise InputError("the samples have no labels: give (inputs, labels)")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(
            f"the label of a sample is {labels.dtype} of shape {labels.shape[1:]}: accuracy needs "
            "one whole number, the class"
        )
    return labels


def _logits(output: Any, labels: np.ndarray) -> Tensor:
    """The logits in float64, on the processor."""
    if not isinstance(output, Tensor):
        found = output.get("logits") if isinstance(output, Mapping) else None
        output = getattr(output, "logits", found)
    if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != len(labels):
        what = tuple(output.shape) if isinstance(output, Tensor) else "no tensor"
        raise InputError(
            f"the network's output is {what} for {len(labels)} samples: accuracy needs logits of "
            "shape (n_samples, n_classes)"
        )
    if labels.min() < 0 or labels.max() >= output.shape[1]:
        raise InputError(
            f"labels from {labels.min()} to {labels.max()} for {output.shape[1]} logits: classes "
            "are counted from 0"
        )
    return output.cpu().double()
