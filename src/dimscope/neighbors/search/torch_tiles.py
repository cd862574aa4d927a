"""Tiles on a device that torch drives: many blocks against many others in one product.

The bounds are those of `blocks`, and `_rounding` there holds for them on any device whose
products of float32 are sums of products of float32 with IEEE rounding: it allows every order of
the sum of DEPTH columns, so that of cuBLAS too, split or fused, and the parts are added one by one
as in `Floats.products`. TF32 and bfloat16 are switched off for as long as a search takes (autocast
leaves a product into a given tensor alone), and `products_hold` tests whether they are. The two
offsets are added to the product one after the other here: in either order the three terms and the
rounding of both offsets come to at most 8 u |a|^2 + 5 u |d|^2, of which the bound has room for 10
and 8. What a device flushes to zero is below what _SMALLEST or the products' own share covers.

A row's smallest bounds lie in the groups of columns whose least bounds are smallest, so only these
are compared one by one. Where both sides are the same, a product serves its rows and its
columns. The candidates are measured by the processor, as those of the other tiles are: a sum in
another order would have other last bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int64

from dimscope.errors import InputError
from dimscope.neighbors.search.blocks import DEPTH, Side
from dimscope.neighbors.search.tiles import NearestTiles

_GROUP = 32  # slots of one block whose least bound is compared first
_WIDEST = 2**14  # slots on each side of a product
_HELD = 0.5  # of the device's free memory, for points that stay there
_WORKING = 0.25  # of it, for one tile
_SHARED = 2**30  # bytes that are taken to be free where the memory is the processor's own
_TRIAL = 1024
_searching = Lock()  # torch has one setting for the precision of all threads


def checked(name: str) -> str:
    """Return the name of a device as torch writes it, with its number.

    Raises
    ------
    InputError
        If torch cannot use it here.
    """
    try:
        value = torch.zeros(1, device=name)
        value.item()
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(
            f"the device {name!r} cannot be used ({reason}): choose one of "
            f"{', '.join(_devices())}, or None to search without torch"
        ) from error
    return str(value.device)


def fill(tiles: NearestTiles, name: str, jobs: int) -> None:
    """Find the best entries of every row of some tiles on a device."""
    device = torch.device(name)
    with _full_precision(device, jobs):
        halves, places = _search(tiles, device)
    bits = np.where(halves > 0, halves, 0).astype(np.float64).view(np.uint64)
    tiles.rows.keys[:, : tiles.kept] = (bits & ~tiles.rows.low_bits) | places.astype(np.uint64)
    tiles.rows.counts[:] = tiles.kept


@cache
def products_hold(name: str) -> bool:
    """Whether a device multiplies in float32: TF32 or parts in bfloat16 would lose these digits."""
    device = torch.device(name)
    value, n_terms = 1 + 2.0**-12 + 2.0**-20, 8
    with _full_precision(device, 1):
        x = torch.full((_TRIAL, n_terms), value, dtype=torch.float32, device=device)
        product, part = torch.empty((2, _TRIAL, _TRIAL), dtype=torch.float32, device=device)
        _multiply(x, x, product, part)
    products = product.cpu().numpy().astype(np.float64)
    exact = n_terms * value**2
    return bool((np.abs(products - exact) <= n_terms * 2.0**-24 * exact).all())


@cache
def doubles_pay(name: str, jobs: int) -> bool:
    """Whether a device multiplies in float64, and faster than ``jobs`` threads do."""
    device = torch.device(name)
    try:
        there = torch.ones((_TRIAL, _TRIAL), dtype=torch.float64, device=device)
    except (TypeError, RuntimeError):  # MPS has none, nor have some other devices
        return False
    here = np.ones((_TRIAL, _TRIAL))
    with _full_precision(device, jobs):
        on_device = _seconds(lambda: (there @ there).sum().item())
    return on_device < _seconds(lambda: here @ here) / jobs


def _seconds(call: Callable[[], Any]) -> float:
    """Measure the second call: the first one warms up."""
    call()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


class _Panel(NamedTuple):
    """Some groups of slots: the slots, the blocks they belong to, and the block of each group.

    The last is on the device and counts from the first of the blocks.
    """

    slots: slice
    blocks: slice
    of_group: torch.Tensor


@dataclass(frozen=True, eq=False)
class _Layout:
    """Where a side's points lie on the device: each block begins a group of slots of its own.

    Attributes
    ----------
    side
        The points.
    blocks
        Shape (n_groups,): the block of each group.
    places
        Shape (n_slots,): the place of the point in a slot; -1 where there is none.
    slots
        Shape (n,): the slot of each place.
    """

    side: Side
    blocks: Int64[np.ndarray, " g"]
    places: Int64[np.ndarray, " s"]
    slots: Int64[np.ndarray, " n"]

    @classmethod
    def of(cls, side: Side) -> _Layout:
        starts = side.blocks.starts
        n_groups = -(-np.diff(starts) // _GROUP)
        blocks = np.repeat(np.arange(len(n_groups)), n_groups)
        moved = _GROUP * (np.cumsum(n_groups) - n_groups) - starts[:-1]
        slots = np.arange(starts[-1]) + np.repeat(moved, np.diff(starts))
        places = np.full(_GROUP * len(blocks), -1)
        places[slots] = np.arange(starts[-1])
        return cls(side, blocks, places, slots)

    def panels(self, most: int, device: torch.device) -> list[_Panel]:
        """All slots, in panels of nearly the same size."""
        n_panels = -(-len(self.places) // most)
        height = -(-len(self.blocks) // n_panels)
        panels = []
        for start in range(0, len(self.blocks), height):
            blocks = self.blocks[start : start + height]
            slots = slice(_GROUP * start, _GROUP * (start + len(blocks)))
            of_group = torch.from_numpy(blocks - blocks[0]).to(device)
            panels.append(_Panel(slots, slice(blocks[0], blocks[-1] + 1), of_group))
        return panels

    def rows(self, home: torch.device) -> torch.Tensor:
        """Shape (n_slots, n_features): the points, zero where there is none."""
        blocks = [torch.from_numpy(block.values) for block in self.side.rows]
        shape = len(self.places), blocks[0].shape[1]
        rows = torch.zeros(shape, dtype=blocks[0].dtype, device=home)
        for start, block in zip(self.slots[self.side.blocks.starts[:-1]], blocks, strict=True):
            rows[start : start + len(block)] = block
        return rows

    def offsets(self, blocks: slice, slots: slice, device: torch.device) -> torch.Tensor:
        """Offsets against some blocks of the points in some slots, infinite where there is none."""
        places = self.places[slots]
        offsets = self.side.offsets[blocks][:, np.maximum(places, 0)]
        offsets[:, places < 0] = np.inf
        return torch.from_numpy(offsets).to(device)


class _Tile(NamedTuple):
    """A product of two panels and the offsets that make bounds of it.

    Attributes
    ----------
    product
        Shape (n, m).
    buffer
        Of that shape and layout, to be written to.
    row_offsets
        Shape (n_blocks of the columns, n).
    column_offsets
        Shape (n_blocks of the rows, m).
    row_blocks, column_blocks
        The block of each group of rows and of columns.
    """

    product: torch.Tensor
    buffer: torch.Tensor
    row_offsets: torch.Tensor
    column_offsets: torch.Tensor
    row_blocks: torch.Tensor
    column_blocks: torch.Tensor

    def mirrored(self) -> _Tile:
        """The tile of the columns with the rows."""
        product, buffer, row_offsets, column_offsets, row_blocks, column_blocks = self
        return _Tile(product.T, buffer.T, column_offsets, row_offsets, column_blocks, row_blocks)

    def smallest(
        self, kept: int, itself: Int64[np.ndarray, " n"]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return half bounds of each row, the ``kept`` smallest among them, and their columns.

        ``itself`` is the column of each row's own point, if that is among the columns.
        """
        by_rows = torch.unflatten(self.buffer, 0, (-1, _GROUP))
        offsets = self.column_offsets.index_select(0, self.row_blocks)
        torch.sub(offsets[:, None], torch.unflatten(self.product, 0, (-1, _GROUP)), out=by_rows)
        present = np.flatnonzero((itself >= 0) & (itself < self.buffer.shape[1]))
        if len(present):
            at = torch.from_numpy(np.stack([present, itself[present]])).to(self.buffer.device)
            self.buffer[at[0], at[1]] = math.inf
        least = torch.unflatten(self.buffer, 1, (-1, _GROUP)).amin(2)
        offsets = self.row_offsets.T.index_select(1, self.column_blocks)
        least += offsets
        groups = _smallest(least, kept)
        within = torch.arange(_GROUP, device=groups.device)
        columns = (groups[:, :, None] * _GROUP + within).flatten(1)
        halves = torch.unflatten(self.buffer.gather(1, columns), 1, (-1, _GROUP))
        return (halves + offsets.gather(1, groups)[:, :, None]).flatten(1), columns


@dataclass(frozen=True, eq=False)
class _Best:
    """The smallest half bounds of each slot so far, and the slots on their other ends."""

    halves: torch.Tensor
    slots: torch.Tensor

    @classmethod
    def empty(cls, n_slots: int, kept: int, dtype: torch.dtype, device: torch.device) -> _Best:
        halves = torch.full((n_slots, kept), math.inf, dtype=dtype, device=device)
        return cls(halves, torch.zeros(halves.shape, dtype=torch.int64, device=device))

    def offer(self, rows: slice, tile: _Tile, first: int, itself: Int64[np.ndarray, " n"]) -> None:
        """Keep the best of a tile whose first column is the slot ``first``."""
        kept = self.halves.shape[1]
        halves, columns = tile.smallest(kept, itself - first)
        halves = torch.cat([self.halves[rows], halves], dim=1)
        slots = torch.cat([self.slots[rows], columns + first], dim=1)
        chosen = _smallest(halves, kept)
        self.halves[rows] = halves.gather(1, chosen)
        self.slots[rows] = slots.gather(1, chosen)


def _search(
    tiles: NearestTiles, device: torch.device
) -> tuple[np.ndarray, Int64[np.ndarray, "n k"]]:
    """The smallest half bounds of each row of the left, and the places that they lead to."""
    left = _Layout.of(tiles.left)
    right = left if tiles.symmetric else _Layout.of(tiles.right)
    room = _free_bytes(device)
    x, y = _points(left, right, device, _HELD * room)
    most = _panel_size(_WORKING * room, tiles.kept, x)
    own_panels = left.panels(most, device)
    panels = own_panels if tiles.symmetric else right.panels(most, device)
    largest = own_panels[0].slots.stop * panels[0].slots.stop
    buffers = torch.empty((2, largest), dtype=x.dtype, device=device)
    best = _Best.empty(len(x), tiles.kept, x.dtype, device)
    twins = np.full(len(x), -1)
    twins[left.slots] = np.where(tiles.twins < 0, -1, right.slots[tiles.twins])
    every = slice(None)
    for i, own in enumerate(own_panels):
        rows = x[own.slots].to(device)
        row_offsets = left.offsets(every, own.slots, device)
        column_offsets = right.offsets(own.blocks, every, device)
        for other in panels[i if tiles.symmetric else 0 :]:
            columns = y[other.slots].to(device)
            shape = 2, len(rows), len(columns)
            product, buffer = buffers[:, : math.prod(shape[1:])].view(shape)
            _multiply(rows, columns, product, buffer)
            offsets = row_offsets[other.blocks], column_offsets[:, other.slots]
            tile = _Tile(product, buffer, *offsets, own.of_group, other.of_group)
            best.offer(own.slots, tile, other.slots.start, twins[own.slots])
            if tiles.symmetric and other is not own:
                best.offer(other.slots, tile.mirrored(), own.slots.start, twins[other.slots])
    halves, slots = (each.cpu().numpy()[left.slots] for each in (best.halves, best.slots))
    return halves, right.places[slots]


def _points(
    left: _Layout, right: _Layout, device: torch.device, room: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the points of both sides, on the device if they fit, else in the host's memory."""
    sides = [left] if left is right else [left, right]
    row_bytes = left.side.rows[0].values[0].nbytes
    fit = row_bytes * sum(len(each.places) for each in sides) <= room
    rows = [each.rows(device if fit else torch.device("cpu")) for each in sides]
    return rows[0], rows[-1]


def _multiply(x: torch.Tensor, y: torch.Tensor, product: torch.Tensor, part: torch.Tensor) -> None:
    """Products of rows into a tensor, DEPTH columns at a time."""
    torch.mm(x[:, :DEPTH], y[:, :DEPTH].T, out=product)
    for start in range(DEPTH, x.shape[1], DEPTH):
        columns = slice(start, start + DEPTH)
        product += torch.mm(x[:, columns], y[:, columns].T, out=part)


def _smallest(values: torch.Tensor, most: int) -> torch.Tensor:
    """Return where the smallest values of each row stand, in any order."""
    return values.topk(min(most, values.shape[1]), largest=False, sorted=False).indices


def _panel_size(room: float, kept: int, rows: torch.Tensor) -> int:
    """Return the slots of a panel whose tile, with all that is made of it, fits in ``room``."""
    size = _WIDEST
    while size > _GROUP:
        values = 2 * size + 2 * rows.shape[1] + 4 * size // _GROUP + 4 * kept * _GROUP
        if size * (values * rows.element_size() + 3 * 8 * kept * _GROUP) <= room:
            break
        size //= 2
    return size


def _free_bytes(device: torch.device) -> float:
    """Memory that torch can still use there."""
    if device.type != "cuda":
        return _SHARED
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + cached


def _devices() -> list[str]:
    """The devices that torch can use here."""
    found = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    return [*found, "mps"] if torch.backends.mps.is_available() else found


@contextmanager
def _full_precision(device: torch.device, jobs: int) -> Iterator[None]:
    """Multiply in full float32, on ``jobs`` threads of the processor; one search at a time."""
    backends = torch.backends.cuda, torch.backends.mkldnn
    products: list[Any] = [getattr(backend, "matmul", None) for backend in backends]
    products = [each for each in products if hasattr(each, "fp32_precision")]  # torch 2.9 or newer
    with _searching:
        try:
            before = torch.get_float32_matmul_precision()
        except RuntimeError:  # set by the newer way only, which the older then refuses to tell
            before = "highest"
        precisions = [each.fp32_precision for each in products]
        n_threads = torch.get_num_threads()
        torch.set_float32_matmul_precision("highest")
        if device.type == "cpu":
            torch.set_num_threads(jobs)
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)
            for each, precision in zip(products, precisions, strict=True):
                each.fp32_precision = precision
            torch.set_num_threads(n_threads)
