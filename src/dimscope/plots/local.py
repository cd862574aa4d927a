"""Points coloured by the dimension around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dimscope.errors import InputError
from dimscope.plots._axes import INK, dress, new_axes
from dimscope.results import LocalEstimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_UNKNOWN = "#B4B9C2"
#: Percentiles at which the colours end, so that a few extreme points do not use most of them.
_ENDS = (2, 98)


def plot_local(local: LocalEstimate, coordinates: Any, ax: Axes | None = None) -> Axes:
    """Points in a plane, coloured by their local dimension; grey where it is unknown.

    The colours span the central 96 % of the dimensions, on a logarithmic scale if these differ by
    more than a factor of ten.

    Parameters
    ----------
    local
        What ``estimate_local`` or `dimscope.smooth_local` gave.
    coordinates
        The same points, shape (n_samples, d). Two columns are drawn as they are; of more columns,
        the first two principal components are drawn. If duplicates were set aside, give
        ``x[graph.original_rows]``.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    InputError
        If the number of points is not that of local dimensions, or there are fewer than two
        coordinates.
    MissingDependencyError
        If matplotlib is not installed.
    """
    x = np.asarray(coordinates, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 2 or len(x) != len(local.values):
        raise InputError(
            f"coordinates of shape {x.shape} do not fit {len(local.values)} local dimensions: give "
            f"({len(local.values)}, 2 or more)"
        )
    target = ax or new_axes()
    principal = x.shape[1] > 2
    if principal:
        centred = x - x.mean(axis=0)
        x = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    known = np.isfinite(local.values)
    target.scatter(x[~known, 0], x[~known, 1], s=9, color=_UNKNOWN, linewidths=0)
    values = local.values[known]
    low, high = np.percentile(values, _ENDS) if len(values) else (0.0, 1.0)
    wide = 0 < 10 * low < high
    drawn = target.scatter(
        x[known, 0],
        x[known, 1],
        c=np.maximum(values, low) if wide else values,
        s=9,
        cmap="viridis",
        linewidths=0,
        norm="log" if wide else "linear",
        clim=(low, high),
    )
    figure = target.get_figure()
    if figure is not None:
        bar = figure.colorbar(drawn, ax=target, extend="both")
        bar.set_label("local dimension", color=INK)
        bar.outline.set_visible(False)
    axis = "principal component" if principal else "coordinate"
    title = f"{local.label}, {local.n_neighbors} neighbours"
    if k := local.parameters.get("smoothed_over"):
        title += f", mean over {k}"
    dress(target, title=title, xlabel=f"{axis} 1", ylabel=f"{axis} 2")
    return target
