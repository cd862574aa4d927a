"""Tangent spectra: what a network does to the tangent space of a family of inputs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor, nn

from dimscope._parameters import checked_parameters
from dimscope._progress import progress_bars
from dimscope.capture import Probe
from dimscope.capture.batches import Batch
from dimscope.capture.inference import undisturbed
from dimscope.capture.pooling import pooling_name
from dimscope.controls.derivatives import Derivative
from dimscope.controls.kinks import Kinks
from dimscope.controls.tangent_geometry import Directions, Geometry
from dimscope.controls.tangent_points import Families, Points, TangentPoint, points_of
from dimscope.controls.tangent_results import LayerTangents, TangentSpectra
from dimscope.controls.watched import Watched, in_double, precision_of, real_tensors, watch
from dimscope.errors import InputError
from dimscope.results import Note
from dimscope.store import Budgets

_AT_ONCE = 16  # directions at a time on a CPU: with more, activations leave the cache
_BYTES = 8
_N_LOOKED_AT = 4  # points at which kinks are looked for


@checked_parameters
def tangent_spectrum(  # noqa: PLR0913 - one call does the job; all but model and family have defaults
    model: nn.Module,
    family: Families,
    points: Points = 20,
    *,
    layers: Any = "auto",
    pooling: Any = "flatten",
    axes: Mapping[str, str] | None = None,
    forward: Callable[[Any, Any], Any] | None = None,
    mask: Any = None,
    dtype: Literal["float64"] | None = None,
    batch_size: int = _AT_ONCE,
    memory_budget: int | str = "1GiB",
    n_bends: int = 0,
    rng: int | np.random.Generator = 0,
    progress: bool = True,
) -> TangentSpectra:
    """What a network does to the tangent space of a family of inputs, layer by layer.

    For inputs x(u) of d coordinates, these are the singular values of the derivative of every
    layer by u, at some points: no estimator, no scale, no number of samples. How many of them are
    not zero is the true local dimension of what the layer makes of the family; it can only fall
    from layer to layer. Their participation ratio says how many directions act. Both fall where a
    network compresses, the rank by losing dimensions, the ratio by squeezing them.

    Derivatives are taken in forward mode, which is exact, of all layers in one pass for each
    direction. Where an operation has none, finite differences in float64 are taken, and a note says
    so. Along the way one direction is compared with finite differences, so that a network that cuts
    derivatives off, by ``detach`` for example, is seen.

    Parameters
    ----------
    model
        A torch module, evaluated without dropout; it is left exactly as it was.
    family
        An `InputFamily`; several of one dimension, such as one for each image; or a function of
        coordinates (n, d) that returns the inputs of n samples, row i from row i only: a tensor, or
        the tuple or dict that the network takes. Of text, give directions in embedding space:
        ``lambda u: {"inputs_embeds": embedded + torch.tensordot(u, directions, 1)}``. A generator
        or decoder of your own is such a function too.
    points
        How many points to draw from each family, or their coordinates (n, d).
    layers, pooling, axes, forward, mask
        As in `dimscope.profile`; the derivatives are those of the pooled representation.
    dtype
        ``"float64"`` runs a copy of the network in double precision: singular values are then known
        to 1e-14 of the largest rather than to 1e-6, in about twice the time and memory.
    batch_size
        Directions in a forward pass. Activations take this many times their memory.
    memory_budget
        Bytes of derivatives to hold; where all layers need more, they take several passes.
    n_bends
        Along how many random directions to take second derivatives at each point, for the normal
        curvature of the layer's image; it costs three passes for each. Of a network with kinks it
        is that of the smooth pieces: none, where these are linear.
    rng
        Seed or generator of the points.
    progress
        Show progress on stderr when that is a terminal.

    Returns
    -------
    TangentSpectra
        Rank, participation ratio, stretches and log-volume of every layer.

    Raises
    ------
    InputError
        If the family or the points are not understood, the inputs have no real values (token ids,
        for example), or as `dimscope.profile`.
    CaptureError
        If the network fails.

    Notes
    -----
    The rank counts singular values above a threshold, which is stated. A derivative is linear: that
    along a mixture of the directions differs from the mixture of theirs by rounding alone. The
    threshold is ten times that difference, and at least four roundings of the network's numbers.

    Others look at derivatives by the input's pixels, or fit tangents to samples: Feng et al., "Rank
    Diminishing in Deep Neural Networks" (NeurIPS 2022), the numerical rank of layers' Jacobians by
    depth; Patel and Shwartz-Ziv, "Learning to Compress" (arXiv 2410.07687), local rank through
    training; Zhang et al. (arXiv 1711.01573), tangent spaces by augmentation in VGG-19; Kaufman and
    Azencot (ICML 2023, CRLM), curvature by layer. Here the dimension of the family is known.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(8, 3), nn.Tanh(), nn.Linear(3, 8))
    >>> spectra = tangent_spectrum(net, lambda u: u @ torch.eye(5, 8, dtype=u.dtype), np.eye(5))
    >>> [(layer.layer, int(layer.rank.max())) for layer in spectra.layers]
    [('input', 5), ('1', 3), ('2', 3)]
    """
    if dtype not in (None, "float64"):
        raise InputError(f"dtype={dtype!r}: it must be 'float64', or None for that of the network")
    probe = Probe(
        model=model,
        data=None,
        layers=layers,
        pooling=pooling,
        axes=axes or {},
        batch_size=batch_size,
        forward=forward,
        mask=mask,
        budgets=Budgets.of(memory_budget),
    )
    if dtype == "float64":
        probe = replace(probe, model=in_double(probe.model))
    with progress_bars(progress) as open_bar:
        bar = open_bar("points")
        return tangents_of(probe, family, points, rng=rng, n_bends=n_bends, on_point=bar)


def tangents_of(  # noqa: PLR0913 - what is read, at which points, and what of it
    probe: Probe,
    families: Families,
    points: Points = 20,
    *,
    rng: int | np.random.Generator = 0,
    n_bends: int = 0,
    on_point: Callable[[int, int | None], None] | None = None,
) -> TangentSpectra:
    """Take the tangent spectra of a probe's layers: `tangent_spectrum` with its keywords in types.

    Parameters
    ----------
    probe
        The network, its layers and their pooling; its data are not read. Its budget of memory says
        how many derivatives may be held, its batch size how many directions go through at once.
    families, points, rng, n_bends
        As in `tangent_spectrum`.
    on_point
        Called after each point with the points done and their number.

    Raises
    ------
    InputError, CaptureError
        As `tangent_spectrum`.
    """
    if probe.mode != "eval":
        raise InputError(
            f"mode={probe.mode!r}: tangent spectra need 'eval', as in training mode what a sample "
            "becomes depends on the others of its batch"
        )
    places = points_of(families, points, rng)
    dimension = places[0].dimension
    directions = Directions.drawn(dimension, _whole(n_bends), np.random.default_rng(0))
    with undisturbed(probe.model):
        watched, found = watch(probe, _first_inputs(places))
        looked = _Look.at(watched, places, directions.mixture)
        embedding = Derivative()
        passes = [
            _Pass(watched.narrowed(names), embedding, Derivative(), directions, looked.eps)
            for names in _parts(looked.widths, dimension + n_bends, probe.budgets.memory)
        ]
        seen: dict[str, list[Geometry]] = {name: [] for name in found.names}
        for n_done, place in enumerate(places, 1):
            for name, geometry in (item for one in passes for item in one.at(place).items()):
                seen[name].append(geometry)
            if on_point is not None:
                on_point(n_done, len(places))
    notes = {name: one.notes() for one in passes for name in one.watched.sources}
    kinks = looked.kinks.notes()
    layers = tuple(
        LayerTangents(
            layer=name,
            index=index,
            relative_depth=found.infos[name].relative_depth,
            n_features=looked.widths[name],
            pooling=pooling_name(probe.pooling, name),
            singular_values=np.stack([one.values for one in seen[name]]),
            rank_threshold=np.array([one.threshold for one in seen[name]]),
            curvatures=np.stack([one.curvature for one in seen[name]]),
            turnings=np.stack([one.turning for one in seen[name]]),
            notes=notes[name] + (kinks if looked.kinks.are_many else ()),
            kinks=kinks,
        )
        for index, name in enumerate(found.names)
    )
    return TangentSpectra(
        family=places[0].family.name,
        points=torch.cat([place.coordinates for place in places]).numpy(),
        n_families=len({id(place.family) for place in places}),
        layers=layers,
        dtype=looked.dtype,
        how="finite differences" if any(one.network.why for one in passes) else "forward mode",
        notes=tuple(dict.fromkeys(note for own in notes.values() for note in own)) + kinks,
        left_out=found.left_out,
    )


@dataclass(frozen=True)
class _Look:
    """What a few plain passes show: kinks, the widths of layers, and the type of numbers."""

    kinks: Kinks
    widths: Mapping[str, int]
    dtype: str
    eps: float

    @classmethod
    def at(cls, watched: Watched, places: Sequence[TangentPoint], mixture: Tensor) -> Self:
        content = places[0].content
        rows = watched.function(content)(real_tensors(content))
        kinks = reduce(
            operator.add,
            [
                Kinks.between(
                    watched.function(place.content),
                    real_tensors(place.content),
                    real_tensors(place.moved(mixture)),
                )
                for place in places[:_N_LOOKED_AT]
            ],
        )
        dtype = precision_of(watched.probe.model, real_tensors(content))
        widths = {name: row.shape[1] for name, row in rows.items()}
        return cls(kinks, widths, str(dtype).removeprefix("torch."), torch.finfo(dtype).eps)


@dataclass(frozen=True, eq=False)
class _Pass:
    """Takes the derivatives of some layers."""

    watched: Watched
    embedding: Derivative
    network: Derivative
    directions: Directions
    eps: float

    def at(self, place: TangentPoint) -> dict[str, Geometry]:
        """The geometry of every layer at a point."""
        where = self.watched.place(place.content)
        first = [
            self.network.first(where, place.tangents(self.embedding, some))
            for some in self._batches(self.directions.first)
        ]
        second = [
            self.network.second(
                where,
                place.tangents(self.embedding, some),
                place.accelerations(self.embedding, some),
            )
            for some in self._batches(self.directions.bends)
        ]
        return {
            name: Geometry.of(
                [part[name][:, 0] for part in first],
                [part[name][:, 0] for part in second],
                self.directions,
                self.eps,
            )
            for name in self.watched.sources
        }

    def _batches(self, directions: Tensor) -> tuple[Tensor, ...]:
        """Directions that go through together; one more is no batch of its own."""
        n_batches = -(-len(directions) // (self.watched.probe.batch_size + 1))
        return directions.tensor_split(n_batches) if n_batches else ()

    def notes(self) -> tuple[Note, ...]:
        """Where finite differences were taken, and why."""
        ways = (("inputs", self.embedding), ("layers", self.network))
        return tuple(
            Note(
                "fallback",
                f"The derivatives of the {what} are finite differences in float64, as forward mode "
                f"cannot be used: {derivative.why}.",
            )
            for what, derivative in ways
            if derivative.why
        )


def _whole(n_bends: int) -> int:
    if n_bends < 0:
        raise InputError(f"n_bends is {n_bends}: it must be 0 or more")
    return n_bends


def _first_inputs(places: Sequence[TangentPoint]) -> Any:
    """The inputs of a few points of the first family."""
    family, few = places[0].family, torch.cat([place.coordinates for place in places[:3]])
    content = family.embed(few)
    n_samples = Batch.of(content).n_samples
    if n_samples != len(few):
        raise InputError(
            f"the family {family.name!r} made {n_samples} inputs for {len(few)} points: it must "
            "make one for each row of coordinates"
        )
    return content


def _parts(widths: Mapping[str, int], dimension: int, budget: int) -> list[list[str]]:
    """Group layers, in order, so that the derivatives of a group fit in the budget."""
    parts: list[list[str]] = []
    room = 0
    for name, width in widths.items():
        needed = (dimension + 1) * width * _BYTES
        if needed > room or not parts:
            parts.append([])
            room = budget
        parts[-1].append(name)
        room -= needed
    return parts
