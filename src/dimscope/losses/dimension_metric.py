"""`DimensionMetric`: the dimension of a stream of batches, in bounded memory and any processes.

It is used as the metrics of torchmetrics are (``update``, ``compute``, ``reset``), without that
library.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import checked_parameters
from dimscope._rng import Rng, seed_of
from dimscope.capture import is_distributed, rank
from dimscope.errors import InputError
from dimscope.estimators import Method, estimate
from dimscope.estimators.registry import make_estimator
from dimscope.results import DimensionEstimate


@renamed_parameters(seed="rng")
class DimensionMetric:
    """The dimension of a uniform sample of all rows seen.

    Every row draws a random key when it arrives, and the rows with the ``n_samples`` smallest keys
    are kept (bottom-k sampling, Cohen and Kaplan, PODC 2007). This is a uniform sample without
    replacement, whatever the batches are. Unlike reservoirs that count rows, the samples of two
    streams can be merged. With torch.distributed, `compute` gathers the keys of all processes and
    measures the one sample of them all, so that every process gets the same estimate.

    The result is the dimension that N rows resolve, however long the stream is. The rows are a
    mixture of all updates since the last `reset`: the features of a network that is being trained
    drift meanwhile. Cost: n_samples rows of memory, a partial sort for each update, and one
    estimate at `compute`, which holds the rows of all processes at once.

    Parameters
    ----------
    estimator
        The name of an estimator, or an estimator.
    n_samples
        Rows to keep, at least 4.
    rng
        Seed or generator of the keys; every process of a group draws other keys.

    Raises
    ------
    InputError
        If the estimator is unknown or ``n_samples`` too small.

    Examples
    --------
    >>> metric = DimensionMetric("participation_ratio", n_samples=500)
    >>> generator = torch.Generator().manual_seed(0)
    >>> for _ in range(20):
    ...     metric.update(torch.randn(100, 3, generator=generator))
    >>> print(metric.n_seen, metric.compute())
    2000 participation_ratio: 3.014 ± 0.012 (N = 500)
    """

    @checked_parameters
    def __init__(self, estimator: Method = "two_nn", n_samples: int = 2000, rng: Rng = 0) -> None:
        if n_samples < 4:
            raise InputError(f"n_samples={n_samples} must be at least 4")
        self.estimator = make_estimator(estimator)
        self.n_samples = n_samples
        self.rng = seed_of(rng)
        self.reset()

    def reset(self) -> None:
        """Forget all rows, and draw the same keys again: equal streams give equal samples."""
        self.n_seen = 0
        self._keys = np.empty(0)
        self._rows: Tensor | None = None
        # made at the first update, because the process group may start after the metric is made
        self._rng: np.random.Generator | None = None

    def update(self, features: Float[Tensor, "n ..."]) -> None:
        """Offer the rows of a batch of shape (n_samples, ...) to the sample.

        Raises
        ------
        InputError
            If the features are no tensor of rows, or have another width than before.
        """
        if not isinstance(features, Tensor) or features.ndim < 2:
            raise InputError(
                "features must be a tensor of shape (n_samples, n_features), got "
                f"{tuple(features.shape) if isinstance(features, Tensor) else type(features)}"
            )
        rows = features.detach().flatten(1)
        self._check_width(rows)
        if self._rng is None:
            self._rng = np.random.default_rng([self.rng, rank()])
        keys = self._rng.random(len(rows))
        self.n_seen += len(rows)
        # most rows of a large batch are not kept, and need not leave the device
        won = _smallest(np.concatenate([self._keys, keys]), self.n_samples)
        old, new = won[won < len(self._keys)], won[won >= len(self._keys)] - len(self._keys)
        chosen = rows[torch.from_numpy(new).to(rows.device)].cpu()
        if self._rows is not None:
            chosen = torch.cat([self._rows[torch.from_numpy(old)], chosen.to(self._rows.dtype)])
        self._keys = np.concatenate([self._keys[old], keys[new]])
        self._rows = chosen

    def merge(self, other: DimensionMetric) -> Self:
        """Merge the sample of another metric into this one, as if this one had seen all rows.

        The two must have drawn their keys with different seeds.

        Raises
        ------
        InputError
            If their rows differ in width.
        """
        if other._rows is not None:
            self._take(other._keys, other._rows)
            self.n_seen += other.n_seen
        return self

    def compute(self, group: Any = None) -> DimensionEstimate:
        """Estimate the dimension of the sample, of all processes if there are several.

        Parameters
        ----------
        group
            Process group of torch.distributed; by default all processes.

        Raises
        ------
        InputError
            If no row was seen, or the estimator needs more rows.
        """
        whole = self
        if is_distributed():
            whole = DimensionMetric(self.estimator, self.n_samples, self.rng)
            for keys, rows in _gathered((self._keys, self._rows), group):
                if rows is not None:
                    whole._take(keys, rows)
        if whole._rows is None:
            raise InputError("no row was seen: call update with a batch of features first")
        # rows in the order of their keys: the order in which they arrived must not matter
        rows = whole._rows[torch.from_numpy(np.argsort(whole._keys))]
        wide = rows.to(torch.float64) if rows.dtype == torch.bfloat16 else rows
        return estimate(wide.numpy(), self.estimator)

    def _take(self, keys: np.ndarray, rows: Tensor) -> None:
        self._check_width(rows)
        if self._rows is not None:
            keys = np.concatenate([self._keys, keys])
            rows = torch.cat([self._rows, rows.to(self._rows.dtype)])
        won = _smallest(keys, self.n_samples)
        self._keys, self._rows = keys[won], rows[torch.from_numpy(won)]

    def _check_width(self, rows: Tensor) -> None:
        if self._rows is not None and rows.shape[1] != self._rows.shape[1]:
            raise InputError(
                f"rows of {rows.shape[1]} features after rows of {self._rows.shape[1]}: one "
                "metric measures one layer; use another, or call reset"
            )


def _smallest(keys: np.ndarray, n: int) -> np.ndarray:
    """Positions of the n smallest keys, ascending."""
    if len(keys) <= n:
        return np.arange(len(keys))
    return np.sort(np.argpartition(keys, n)[:n])


def _gathered(mine: Any, group: Any) -> list[Any]:
    found: list[Any] = [None] * torch.distributed.get_world_size(group)
    torch.distributed.all_gather_object(found, mine, group=group)
    return found
