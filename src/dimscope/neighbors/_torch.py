"""Tiles on a device that torch drives: a block of points against many others in one product.

The bounds are those of `_blocks`, and `_rounding` there holds for them on any device whose
products of float32 are sums of products of float32 with IEEE rounding: it allows every order of
the sum of DEPTH columns, so that of cuBLAS too, split or fused, and the parts are added one by one
as in `Floats.products`. TF32 and bfloat16 are switched off for as long as a search takes (autocast
leaves a product into a given tensor alone), and `products_hold` tries whether they are. The offset of the column is added before that
of the row here: in either order the three terms and the rounding of both offsets come to at most
8 u |a|^2 + 5 u |d|^2, of which the bound has room for 10 and 8. What a device flushes to zero is
below what _SMALLEST or the products' own share covers.

A row's smallest bounds lie in the groups of columns whose least bounds are smallest, so that only
these are looked at one by one. Nothing waits for the device before all tiles are done. The
candidates are measured by the processor, as those of the other tiles are: a sum in another order
would have other last bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64

from dimscope.errors import InputError
from dimscope.neighbors._blocks import DEPTH, Side
from dimscope.neighbors._tiles import Tiles

_GROUP = 32  # columns of one block that share a least bound
_WIDTH = 2**15  # columns of a product
_HELD = 0.5  # of the device's free memory, for points that stay there
_WORKING = 0.25  # of it, for one product and what comes with it
_TRIAL = 1024
_searching = Lock()  # torch has one setting for the precision of all threads


def checked_device(name: str) -> str:
    """The name of a device as torch writes it.

    Raises
    ------
    InputError
        If torch cannot use it here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(
            f"device={name!r} cannot be used ({reason}): there is {', '.join(_devices())}, or None "
            "for the search without torch"
        ) from error
    return str(device)


def fill(tiles: Tiles, name: str, jobs: int) -> None:
    """Give every row of some tiles its best entries, found on a device."""
    device = torch.device(name)
    with _full_precision(device, jobs):
        halves, slots = (found.cpu() for found in _search(tiles, device))
    bounds = halves.numpy().astype(np.float64)
    bits = np.where(bounds > 0, bounds, 0.0).view(np.uint64)
    places = _Slots.of(tiles.right).places[slots.numpy()].astype(np.uint64)
    tiles.rows.keys[:, : tiles.kept] = (bits & ~tiles.rows.low_bits) | places
    tiles.rows.counts[:] = tiles.kept


@cache
def products_hold(name: str) -> bool:
    """Whether a device multiplies in float32: TF32 or parts in bfloat16 would lose these digits."""
    device = torch.device(name)
    value, n_terms = 1 + 2.0**-12 + 2.0**-20, 8
    with _full_precision(device, 1):
        x = torch.full((_TRIAL, n_terms), value, dtype=torch.float32, device=device)
        buffers = torch.empty((2, _TRIAL**2), dtype=torch.float32, device=device)
        products = _products(x, x, buffers).cpu().numpy().astype(np.float64)
    exact = n_terms * value**2
    return bool((np.abs(products - exact) <= n_terms * 2.0**-24 * exact).all())


@cache
def doubles_pay(name: str, jobs: int) -> bool:
    """Whether a device multiplies in float64, and faster than as many threads as jobs do."""
    device = torch.device(name)
    try:
        there = torch.ones((_TRIAL, _TRIAL), dtype=torch.float64, device=device)
    except (TypeError, RuntimeError):  # MPS has none, nor have some other devices
        return False
    here = np.ones((_TRIAL, _TRIAL))
    with _full_precision(device, jobs):
        on_device = _seconds(lambda: (there @ there)[0, 0].item())
    return on_device < _seconds(lambda: here @ here) / jobs


def _seconds(call: Callable[[], Any]) -> float:
    """Time of a call that was made before."""
    call()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


@dataclass(frozen=True, eq=False)
class _Slots:
    """Where a side's points lie on the device: each block begins a group of its own.

    Attributes
    ----------
    starts
        Shape (n_blocks + 1,): the first slot of each block, and the end of the last.
    places
        Shape (n_slots,): the place of the point that a slot holds; -1 if it is empty.
    slots
        Shape (n,): the slot of each place.
    """

    starts: Int64[np.ndarray, " b1"]
    places: Int64[np.ndarray, " s"]
    slots: Int64[np.ndarray, " n"]

    @classmethod
    def of(cls, side: Side) -> _Slots:
        sizes = np.diff(side.blocks.starts)
        starts = np.concatenate([[0], np.cumsum(-(-sizes // _GROUP) * _GROUP)])
        n = len(side.blocks.points)
        slots = np.arange(n) + np.repeat(starts[:-1] - side.blocks.starts[:-1], sizes)
        places = np.full(starts[-1], -1)
        places[slots] = np.arange(n)
        return cls(starts, places, slots)


def _search(tiles: Tiles, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The smallest half bounds of each row and the slots that they are of, on the device."""
    left, right = tiles.left, tiles.right
    slots = _Slots.of(right)
    rows, columns = _points(tiles, slots, device)
    height = max(len(block) for block in rows)
    width = _width(height, columns, device)
    halves = torch.full(
        (len(left.blocks.points), tiles.kept), math.inf, dtype=columns.dtype, device=device
    )
    found = torch.zeros(halves.shape, dtype=torch.int64, device=device)
    buffers = torch.empty((2, height * width), dtype=columns.dtype, device=device)
    twins = np.where(tiles.twins < 0, -1, slots.slots[tiles.twins])
    for start in range(0, len(columns), width):
        panel = _Panel.of(tiles, slots, slice(start, min(start + width, len(columns))), device)
        held = columns[start : start + width].to(device)
        for i, block in enumerate(rows):
            part = left.blocks.block(i)
            bounds = _products(block.to(device), held, buffers)
            torch.sub(panel.column_offsets[i], bounds, out=bounds)
            _leave_out(bounds, twins[part] - start)
            best, at = _smallest(bounds, panel.row_offsets[:, part], panel.blocks, tiles.kept)
            both = torch.cat([halves[part], best], dim=1)
            halves[part], chosen = both.topk(tiles.kept, largest=False)
            found[part] = torch.cat([found[part], at + start], dim=1).gather(1, chosen)
    return halves, found


def _points(
    tiles: Tiles, slots: _Slots, device: torch.device
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The rows of each block of the left and the slots of the right, on the device if they fit."""
    left, right = tiles.left, tiles.right
    dtype, n_features = right.offsets.dtype, right.rows[0].values.shape[1]
    n_rows = len(slots.places) + (0 if tiles.symmetric else len(left.blocks.points))
    fits = n_rows * n_features * dtype.itemsize <= _HELD * _free_bytes(device)
    home = device if fits else torch.device("cpu")
    kind = torch.from_numpy(np.empty(0, dtype)).dtype
    columns = torch.zeros((len(slots.places), n_features), dtype=kind, device=home)
    held = []
    for start, block in zip(slots.starts, right.rows, strict=False):
        held.append(columns[start : start + len(block.values)])
        held[-1].copy_(torch.from_numpy(block.values))
    if tiles.symmetric:
        return held, columns
    return [torch.from_numpy(block.values).to(home) for block in left.rows], columns


@dataclass(frozen=True, eq=False)
class _Panel:
    """What the products with some slots of the right need, on the device.

    Attributes
    ----------
    row_offsets
        Shape (n_blocks of the panel, n): offsets of the left.
    column_offsets
        Shape (n_blocks of the left, n_slots): offsets of the right, infinite where a slot is empty.
    blocks
        Shape (n_groups,): the block of each group, counted from the panel's first.
    """

    row_offsets: torch.Tensor
    column_offsets: torch.Tensor
    blocks: torch.Tensor

    @classmethod
    def of(cls, tiles: Tiles, slots: _Slots, part: slice, device: torch.device) -> _Panel:
        groups = np.arange(part.start, part.stop, _GROUP)
        blocks = np.searchsorted(slots.starts, groups, side="right") - 1
        places = slots.places[part]
        offsets = tiles.right.offsets[:, np.maximum(places, 0)]
        offsets[:, places < 0] = np.inf
        row_offsets = tiles.left.offsets[blocks[0] : blocks[-1] + 1]
        arrays = row_offsets, offsets, blocks - blocks[0]
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))


def _products(x: torch.Tensor, y: torch.Tensor, buffers: torch.Tensor) -> torch.Tensor:
    """Products of rows, DEPTH columns at a time, in the first buffer."""
    product, part = buffers[:, : len(x) * len(y)].view(2, len(x), len(y))
    torch.mm(x[:, :DEPTH], y[:, :DEPTH].T, out=product)
    for start in range(DEPTH, x.shape[1], DEPTH):
        columns = slice(start, start + DEPTH)
        product += torch.mm(x[:, columns], y[:, columns].T, out=part)
    return product


def _leave_out(bounds: torch.Tensor, itself: Int64[np.ndarray, " n"]) -> None:
    """Make the bound of a point with itself infinite."""
    present = np.flatnonzero((itself >= 0) & (itself < bounds.shape[1]))
    if len(present):
        at = torch.from_numpy(present * bounds.shape[1] + itself[present])
        bounds.view(-1).index_fill_(0, at.to(bounds.device), math.inf)


def _smallest(
    bounds: torch.Tensor, row_offsets: torch.Tensor, blocks: torch.Tensor, kept: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The smallest half bounds of each row and their columns; the row's offsets are yet to come."""
    groups = bounds.view(len(bounds), -1, _GROUP)
    offsets = row_offsets.T.index_select(1, blocks)
    chosen = (groups.amin(2) + offsets).topk(min(kept, len(blocks)), largest=False).indices
    members = chosen[:, :, None].expand(-1, -1, _GROUP)
    halves = (groups.gather(1, members) + offsets.gather(1, chosen)[:, :, None]).flatten(1)
    columns = members * _GROUP + torch.arange(_GROUP, device=bounds.device)
    best, at = halves.topk(min(kept, halves.shape[1]), largest=False)
    return best, columns.flatten(1).gather(1, at)


def _width(height: int, columns: torch.Tensor, device: torch.device) -> int:
    """Columns of a product whose memory the device can spare."""
    values = columns.shape[1] + 2 * height + 4 * height // _GROUP
    spare = _WORKING * _free_bytes(device) / (values * columns.element_size())
    return int(max(1, min(_WIDTH, spare) // _GROUP)) * _GROUP


def _free_bytes(device: torch.device) -> float:
    """Memory that torch can still use there; without bound where it is the processor's own."""
    if device.type != "cuda":
        return math.inf
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + cached


def _devices() -> list[str]:
    """The devices that torch can use here."""
    found = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    return [*found, "mps"] if torch.backends.mps.is_available() else found


@contextmanager
def _full_precision(device: torch.device, jobs: int) -> Iterator[None]:
    """Products of float32 as such, on the processor by as many threads as jobs; one at a time."""
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
