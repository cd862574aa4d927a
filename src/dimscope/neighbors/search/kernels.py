"""The compiled loops of the tile search: filter, selection and exact distances.

All release the GIL. An entry of a reservoir is half a lower bound of a squared distance and the
position of the point it leads to, packed into one integer: the bits of the bound as a float64,
which order as the numbers do where none is negative, with the lowest bits replaced by the
position. This rounds a bound down by a relative 2^(bits - 52), and one in float32 not at all.
"""

from __future__ import annotations

import numpy as np

from dimscope._compiled import compiled, reordered

GROUP = 64  # entries of a tile that are compared together: one bit each
COLUMNS = 1024  # features summed in one go; fixed, so that the last bits are fixed too


@compiled
def _keep_smallest(keys, row, kept, most):  # type: ignore[no-untyped-def]
    """Move the smallest of a row to its front, at least ``kept`` and at most ``most``.

    Return their number, and a key above all of them and above no other. This is quickselect without
    branches that depend on the keys; the pivot, a median of three, is neither end of its range.
    """
    low, high, above = 0, keys.shape[1], np.uint64(0)
    while high > most:
        first, middle, last = keys[row, low], keys[row, (low + high) >> 1], keys[row, high - 1]
        pivot = max(min(first, middle), min(max(first, middle), last))
        smaller = low
        for at in range(low, high):
            key = keys[row, at]
            keys[row, at] = keys[row, smaller]
            keys[row, smaller] = key
            smaller += key < pivot
        if smaller < kept:
            low = smaller
        else:
            high, above = smaller, pivot
    return high, above


@compiled
def _bits(x):  # type: ignore[no-untyped-def]
    return np.float64(x).view(np.uint64)


@compiled
def _number(bits):  # type: ignore[no-untyped-def]
    return np.uint64(bits).view(np.float64)


@compiled
def _insert(reservoirs, row, value, position, kept):  # type: ignore[no-untyped-def]
    """Add an entry to a reservoir; when that is full, keep the smallest and raise the bound."""
    keys, counts, bounds, low_bits = reservoirs
    half = -value if value < 0 else 0 * value
    count = counts[row]
    keys[row, count] = (_bits(half) & ~low_bits) | np.uint64(position)
    counts[row] = count + 1
    if count + 1 == keys.shape[1]:
        counts[row], above = _keep_smallest(keys, row, kept, kept + (count + 1 - kept) // 4)
        bounds[row] = -_number(above & ~low_bits)


@compiled
def _bound_of_largest(values, kept):  # type: ignore[no-untyped-def]
    """Return a number that at least ``kept`` of the values exceed, and few more.

    This is quickselect as above, and reorders the values. Where many are equal it may end early,
    with a lower number.
    """
    low, high, bound = 0, len(values), -np.inf
    while high > kept + kept // 4 + 1:
        first, middle, last = values[low], values[(low + high) >> 1], values[high - 1]
        pivot = max(min(first, middle), min(max(first, middle), last))
        larger = low
        for at in range(low, high):
            value = values[at]
            values[at] = values[larger]
            values[larger] = value
            larger += value > pivot
        if larger >= kept:
            high, bound = larger, pivot
        elif larger > low:
            low = larger
        else:
            break
    return bound


@compiled
def prime(product, offsets, bounds, kept):  # type: ignore[no-untyped-def]
    """Set the first bound of each row, which at least ``kept`` of its entries exceed."""
    row_offset, column_offset = offsets
    line = np.empty(product.shape[1], dtype=product.dtype)
    for row in range(product.shape[0]):
        offset = row_offset[row]
        for c in range(len(line)):
            line[c] = product[row, c] - (offset + column_offset[c])
        bounds[row] = _bound_of_largest(line, kept)


@compiled
def filter_tile(product, offsets, corner, reservoirs, kept):  # type: ignore[no-untyped-def]
    """Offer each entry of a tile to the reservoirs of its row and of its column.

    ``reservoirs`` is (rows, columns), each (keys, counts, bounds, low bits of the keys); columns
    with infinite bounds take nothing. ``corner`` is the position of the first row and column.
    """
    row_offset, column_offset = offsets
    first_row, first_column = corner
    rows, columns = reservoirs
    row_bounds = rows[2]
    column_bounds = columns[2][first_column : first_column + product.shape[1]]
    width = np.uint64(product.shape[1])
    for r in range(product.shape[0]):
        row = first_row + r
        line = product[r]
        offset = row_offset[r]
        start = np.uint64(0)
        while start < width:
            bound = row_bounds[row]
            hits = np.uint64(0)
            if start + np.uint64(GROUP) <= width:  # a constant length becomes vector instructions
                for step in range(np.uint64(GROUP)):
                    c = start + step
                    value = line[c] - (offset + column_offset[c])
                    lower = bound if bound < column_bounds[c] else column_bounds[c]
                    hits |= np.uint64(value > lower) << step
            else:
                hits = (np.uint64(1) << (width - start)) - np.uint64(1)
            while hits:
                lowest = hits & (~hits + np.uint64(1))
                hits ^= lowest
                c = start + (_bits(lowest) >> np.uint64(52)) - np.uint64(1023)  # its exponent
                value = line[c] - (offset + column_offset[c])
                column = first_column + np.int64(c)
                if value > row_bounds[row]:
                    _insert(rows, row, value, column, kept)
                if value > column_bounds[c]:
                    _insert(columns, column, value, row, kept)
            start += np.uint64(GROUP)


@compiled
def pair_list(keys, low_bits, rows, mutual, pairs):  # type: ignore[no-untyped-def]
    """List the pairs to measure: some rows with their candidates, mutual pairs once.

    Parameters
    ----------
    keys
        Shape (n, c): the candidates, sorted along each row.
    low_bits
        The bits of a key that hold the position.
    rows
        The first row and the end of the last.
    mutual
        Whether rows and positions mean the same points, so that a pair may be in two rows.
    pairs
        Shape (4, rows x c), filled with: row, position, the place of the distance in a matrix of
        the shape of ``keys``, and its place in the row of the other point (-1 if none).

    Returns
    -------
    int
        The number of pairs.
    """
    width = keys.shape[1]
    count = 0
    for row in range(rows[0], rows[1]):
        for slot in range(width):
            key = keys[row, slot]
            other = np.int64(key & low_bits)
            mirror = -1
            if mutual:
                wanted = (key & ~low_bits) | np.uint64(row)
                if wanted <= keys[other, width - 1]:
                    at = np.searchsorted(keys[other], wanted)
                    if keys[other, at] == wanted:
                        if other < row:
                            continue
                        mirror = other * width + at
            pairs[0, count] = row
            pairs[1, count] = other
            pairs[2, count] = row * width + slot
            pairs[3, count] = mirror
            count += 1
    return count


@reordered
def squared_differences(values, left, right, out):  # type: ignore[no-untyped-def]
    """Write squared distances of pairs of rows to ``out``, in float64.

    The sums run over fixed blocks of columns, in an order that depends on nothing else.
    """
    n_features = values.shape[1]
    out[:] = 0.0
    for start in range(0, n_features, COLUMNS):
        stop = min(start + COLUMNS, n_features)
        for p in range(len(left)):
            x = values[left[p], start:stop]
            y = values[right[p], start:stop]
            total = 0.0
            for c in range(stop - start):
                difference = np.float64(x[c]) - np.float64(y[c])
                total += difference * difference
            out[p] += total


@compiled
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


@reordered
def centre_rows(values, rows, centre, scale, out):  # type: ignore[no-untyped-def]
    """Write scaled differences of some rows from a centre to ``out``; return squared norms.

    The rows are read where they lie: copying them first would take longer.
    """
    norms = np.empty(len(rows))
    for i in range(len(rows)):
        x = values[rows[i]]
        line = out[i]
        total = 0.0
        for c in range(len(x)):
            difference = (np.float64(x[c]) - centre[c]) * scale
            line[c] = difference
            total += difference * difference
        norms[i] = total
    return norms
