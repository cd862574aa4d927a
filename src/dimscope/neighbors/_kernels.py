"""The compiled loops of the tile search: filter, selection and exact distances.

All release the GIL. A reservoir row holds (key, position) packed into one unsigned integer, the
key (half a lower bound of a squared distance, never negative) in the high half as the bits of a
float32, which order as the numbers do.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GROUP = 64  # entries of a tile that are looked at together: most groups hold no candidate
COLUMNS = 1024  # features whose differences are summed in one go; fixed, so that bits are too

_compiled = njit(nogil=True, cache=True, error_model="numpy")
_reordered = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})


@_compiled
def _keep_smallest(keys, count, kept):  # type: ignore[no-untyped-def]
    """Move the ``kept`` smallest of ``keys[:count]`` to the front, the largest of them last."""
    low, high, target = 0, count - 1, kept - 1
    while low < high:
        pivot = keys[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                i += 1
                j -= 1
        if target <= j:
            high = j
        elif target >= i:
            low = i
        else:
            break


@_compiled
def _bits(key):  # type: ignore[no-untyped-def]
    return np.uint64(np.float32(key).view(np.uint32))


@_compiled
def _insert(reservoirs, row, value, position, kept):  # type: ignore[no-untyped-def]
    """Add an entry to a reservoir; when that is full, keep the smallest and raise the bound."""
    keys, counts, bounds = reservoirs
    half = -value if value < 0 else 0 * value
    near = np.float32(half)
    key = near if near <= half else np.nextafter(near, np.float32(0))  # a float64 is rounded down
    packed = (_bits(key) << np.uint64(32)) | np.uint64(position)
    keys[row, counts[row]] = packed
    counts[row] += 1
    if counts[row] == keys.shape[1]:
        _keep_smallest(keys[row], counts[row], kept)
        counts[row] = kept
        bounds[row] = -np.uint32(keys[row, kept - 1] >> np.uint64(32)).view(np.float32)


@_compiled
def prime(product, row_offset, column_offset, bounds, lanes):  # type: ignore[no-untyped-def]
    """First bounds, one row at a time: at least ``len(lanes)`` entries of the row lie above.

    Each lane holds the best of every ``len(lanes)``-th entry; the worst lane bounds them all.
    """
    width = np.uint64(len(lanes))
    for row in range(product.shape[0]):
        lanes[:] = -np.inf
        offset = row_offset[row]
        line = product[row]
        start = np.uint64(0)
        while start + width <= np.uint64(len(line)):
            for lane in range(width):
                value = line[start + lane] - (offset + column_offset[start + lane])
                lanes[lane] = value if value > lanes[lane] else lanes[lane]
            start += width
        bounds[row] = np.nextafter(np.float32(lanes.min()), np.float32(-np.inf))


@_compiled
def _any_above(line, column_offset, column_bounds, offset, bound, start):  # type: ignore[no-untyped-def]
    """Whether an entry of the group from ``start`` is above the bound of its row or column."""
    hits = np.int32(0)
    for step in range(np.uint64(GROUP)):
        c = start + step
        value = line[c] - (offset + column_offset[c])
        lower = bound if bound < column_bounds[c] else column_bounds[c]
        hits += np.int32(value > lower)
    return hits > 0


@_compiled
def filter_tile(  # type: ignore[no-untyped-def]
    product, row_offset, column_offset, first_row, first_column, rows, columns, kept
):
    """Offer each entry of a tile to the reservoirs of its row and of its column.

    ``rows`` and ``columns`` are (keys, counts, bounds); columns of infinite bounds take nothing.
    """
    row_bounds = rows[2]
    width = np.uint64(product.shape[1])
    column_bounds = columns[2][first_column : first_column + product.shape[1]]
    for r in range(product.shape[0]):
        row = first_row + r
        line = product[r]
        offset = row_offset[r]
        start = np.uint64(0)
        while start < width:
            stop = min(start + np.uint64(GROUP), width)
            if stop - start < np.uint64(GROUP) or _any_above(
                line, column_offset, column_bounds, offset, row_bounds[row], start
            ):
                for c in range(start, stop):
                    value = line[c] - (offset + column_offset[c])
                    if value > row_bounds[row]:
                        _insert(rows, row, value, first_column + np.int64(c), kept)
                    if value > column_bounds[c]:
                        _insert(columns, first_column + np.int64(c), value, row, kept)
            start = stop


@_compiled
def pair_list(  # type: ignore[no-untyped-def]
    keys, first_row, last_row, n_pairs_each, mutual, left, right, slot, mirror
):
    """The pairs to measure: each row with its first candidates, mutual pairs once.

    ``keys`` is sorted along rows. ``slot`` and ``mirror`` (-1 if none) are the places of the
    distance in a matrix (rows, candidates). Returns the number of pairs.
    """
    width = keys.shape[1]
    position = np.uint64(0xFFFFFFFF)
    count = 0
    for row in range(first_row, last_row):
        for s in range(n_pairs_each):
            other = np.int64(keys[row, s] & position)
            place = -1
            if mutual:
                wanted = (keys[row, s] & ~position) | np.uint64(row)
                at = np.searchsorted(keys[other, :n_pairs_each], wanted)
                if at < n_pairs_each and keys[other, at] == wanted:
                    if other < row:
                        continue
                    place = other * width + at
            left[count] = row
            right[count] = other
            slot[count] = row * width + s
            mirror[count] = place
            count += 1
    return count


@_reordered
def squared_differences(values, factor, left, right, out):  # type: ignore[no-untyped-def]
    """Squared distances of pairs of rows in float64, each row times its factor, into ``out``.

    The sums run over fixed blocks of columns, in an order that depends on nothing else.
    """
    n_features = values.shape[1]
    out[:] = 0.0
    for start in range(0, n_features, COLUMNS):
        stop = min(start + COLUMNS, n_features)
        for p in range(len(left)):
            x = values[left[p], start:stop]
            y = values[right[p], start:stop]
            x_factor = factor[left[p]]
            y_factor = factor[right[p]]
            total = 0.0
            for c in range(stop - start):
                difference = x_factor * np.float64(x[c]) - y_factor * np.float64(y[c])
                total += difference * difference
            out[p] += total


@_compiled
def sort_rows(squared, points):  # type: ignore[no-untyped-def]
    """Sort each row by distance and then by point, in place; fast where nearly sorted."""
    for row in range(squared.shape[0]):
        for last in range(1, squared.shape[1]):
            value, point = squared[row, last], points[row, last]
            at = last
            while at > 0 and (
                squared[row, at - 1] > value
                or (squared[row, at - 1] == value and points[row, at - 1] > point)
            ):
                squared[row, at], points[row, at] = squared[row, at - 1], points[row, at - 1]
                at -= 1
            squared[row, at], points[row, at] = value, point
