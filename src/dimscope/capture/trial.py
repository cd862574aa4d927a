"""Trying the poolings that are functions on a few samples, before all of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from dimscope.capture.batches import Batch
from dimscope.capture.binding import Network
from dimscope.capture.inference import place_batch
from dimscope.capture.layers import Source
from dimscope.capture.masks import MaskChoice
from dimscope.capture.pooling import Pooling, PoolingChoice, PoolingFunction, as_pooling, pooling_of
from dimscope.capture.recording import LayerRecorder


def try_poolings(
    network: Network,
    parts: Sequence[Batch],
    sources: Mapping[str, Source],
    pooling: PoolingChoice,
    mask: MaskChoice = None,
) -> dict[str, str | None]:
    """What is wrong with the functions that pool layers whose samples are not the first axis.

    Parameters
    ----------
    network
        The network, and what calls it.
    parts
        Batches of different sizes, if the network runs with more than one.
    sources
        Where the layers appear.
    pooling
        How activations become vectors; only functions are tried.
    mask
        Which tokens are real, as in `Probe`.

    Returns
    -------
    dict
        By name of a layer: None if its function makes a row for each sample of every part.
    """
    functions = {
        name: function
        for name, source in sources.items()
        if (source.axes is None or source.axes.batch != 0)
        and callable(function := pooling_of(pooling, name))
    }
    found: dict[str, str | None] = dict.fromkeys(functions)
    model, forward = network
    for part in parts if functions else ():
        tried = {name: _trial(name, functions[name], part.n_samples, found) for name in functions}
        own = {name: sources[name] for name in functions}
        LayerRecorder(own, _forget, tried, mask=mask).run(model, place_batch(part, model), forward)
    return found


def _trial(
    name: str, function: PoolingFunction, n_samples: int, found: dict[str, str | None]
) -> Pooling:
    """A pooling that notes in ``found`` what the function makes, and itself never fails."""
    pooling = as_pooling(function)

    def pool(activation: Tensor, mask: Tensor | None) -> Tensor:
        try:
            n_rows = len(pooling(activation, mask))
        except Exception as error:  # whatever the user's function raises
            found[name] = (
                f"the pooling failed on its shape {tuple(activation.shape)}: "
                f"{type(error).__name__}: {error}"
            )
        else:
            if n_rows != n_samples:
                found[name] = (
                    f"the pooling made {n_rows} rows of {n_samples} samples, from the shape "
                    f"{tuple(activation.shape)}"
                )
        return activation.new_zeros(n_samples, 1)

    return pool


def _forget(_name: str, _rows: Tensor) -> None:
    """Keep nothing."""
