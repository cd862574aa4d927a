"""Products of blocks of 8-bit integers, four in each lane of an instruction of AVX512-VNNI.

Compilers do not find that instruction in a loop, so the innermost loop is written in the compiler's
own language and names it. It multiplies unsigned integers by signed ones. Flipping the highest bit
of the integers of the left adds 128 to each and makes them unsigned; the sums start at minus what
this adds.

Both sides are kept in panels of `PANEL` rows: the integers of four features of a row make one
group of 32 bits, and the groups of the same features of a panel's rows lie beside each other.
"""

# ruff: noqa: ARG001 - the arguments of an intrinsic serve its signature

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import codegen, config
from numba.extending import intrinsic

from dimscope._compiled import compiled

PANEL = 48  # rows of the right whose products are made together: three vectors
STRIP = 8  # rows of the left
PER_GROUP = 4
DEPTH = 512  # groups of a row whose products are summed in 32 bits: never beyond 2**25

_LANES = 16
_N_VECTORS = PANEL // _LANES
_BYTES = 4
_LINE = _BYTES * PANEL

binding.initialize_native_asmparser()  # for the instruction below
_LONG, _INT, _FLOAT = ir.IntType(64), ir.IntType(32), ir.FloatType()
_INTS, _FLOATS = ir.VectorType(_INT, _LANES), ir.VectorType(_FLOAT, _LANES)
_FLIP = ir.Constant(_INT, -0x7F7F7F80)  # the highest bit of each byte
_DOT = ir.InlineAsm(
    ir.FunctionType(_INTS, [_INTS, _INTS, _INTS]), "vpdpbusd $3, $2, $0", "=v,0,v,v"
)


def is_supported() -> bool:
    """Whether this processor has the instruction, and the compiler may use it."""
    settings: Any = config
    compiler: Any = codegen
    if settings.DISABLE_JIT or settings.CPU_NAME is not None:
        return False
    features = settings.CPU_FEATURES
    if features is None:
        features = compiler.get_host_cpu_features()
    return "+avx512vnni" in features.split(",")


def _load(builder: Any, address: Any, offset: int, kind: Any) -> Any:
    return builder.load(_pointer(builder, address, offset, kind), align=_BYTES)


def _pointer(builder: Any, address: Any, offset: int, kind: Any) -> Any:
    moved = builder.add(address, ir.Constant(_LONG, offset))
    return builder.inttoptr(moved, kind.as_pointer())


def _spread(builder: Any, value: Any, kind: Any) -> Any:
    """Make a vector of copies of one value."""
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(one, undefined, ir.Constant(_INTS, [0] * _LANES))


def _sums(builder: Any, left: Any, right: Any, n_groups: Any, start: Any) -> list[list[Any]]:
    """Write the loop over groups: it sums products of a strip and a panel in registers."""
    first = [_load(builder, start, 4 * _LANES * v, _INTS) for v in range(_N_VECTORS)]
    before = builder.block
    loop, after = (builder.append_basic_block(name) for name in ("groups", "after_groups"))
    builder.branch(loop)
    builder.position_at_end(loop)
    group = builder.phi(_LONG)
    sums = [[builder.phi(_INTS) for _ in range(_N_VECTORS)] for _ in range(STRIP)]
    at = builder.mul(group, ir.Constant(_LONG, _LINE))
    rows, columns = builder.add(left, at), builder.add(right, at)
    factors = [_load(builder, columns, _BYTES * _LANES * v, _INTS) for v in range(_N_VECTORS)]
    totals = []
    for r, line in enumerate(sums):
        value = builder.xor(_load(builder, rows, _BYTES * r, _INT), _FLIP)
        spread = _spread(builder, value, _INTS)
        totals.append(
            [builder.call(_DOT, [s, spread, f]) for s, f in zip(line, factors, strict=True)]
        )
    following = builder.add(group, ir.Constant(_LONG, 1))
    group.add_incoming(ir.Constant(_LONG, 0), before)
    group.add_incoming(following, loop)
    for line, total in zip(sums, totals, strict=True):
        for v in range(_N_VECTORS):
            line[v].add_incoming(first[v], before)
            line[v].add_incoming(total[v], loop)
    builder.cbranch(builder.icmp_signed("<", following, n_groups), loop, after)
    builder.position_at_end(after)
    return totals


@intrinsic
def _strip_times_panel(  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    typing,
    left,
    right,
    n_groups,
    start,
    scales,
    others,
    old,
    step,
    out,
    stride,
):
    """Add the products times the scales of both rows to what is at ``old``, into ``out``.

    All arguments are addresses but the number of groups, and ``step`` and ``stride``: the bytes
    between the rows of ``old`` and of ``out``.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        left, right, n_groups, start, scales, others, old, step, out, stride = arguments
        totals = _sums(builder, left, right, n_groups, start)
        theirs = [_load(builder, others, _BYTES * _LANES * v, _FLOATS) for v in range(_N_VECTORS)]
        for r, line in enumerate(totals):
            own = _spread(builder, _load(builder, scales, _BYTES * r, _FLOAT), _FLOATS)
            row = ir.Constant(_LONG, r)
            source = builder.add(old, builder.mul(step, row))
            target = builder.add(out, builder.mul(stride, row))
            for v, total in enumerate(line):
                value = builder.fmul(builder.sitofp(total, _FLOATS), own)
                value = builder.fmul(value, theirs[v])
                offset = _BYTES * _LANES * v
                value = builder.fadd(value, _load(builder, source, offset, _FLOATS))
                builder.store(value, _pointer(builder, target, offset, _FLOATS), align=_BYTES)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 10), generate


@compiled
def _copy(spare, out, row, column, add):  # type: ignore[no-untyped-def]
    """Copy products from the spare buffer to the rows and columns that exist."""
    for r in range(row, min(row + STRIP, out.shape[0])):
        for c in range(column, min(column + PANEL, out.shape[1])):
            out[r, c] = spare[r - row, c - column] + (out[r, c] if add else np.float32(0))


@compiled
def multiply(left, right, out):  # type: ignore[no-untyped-def]
    """Write the products of the rows of two blocks to ``out``, in float32.

    Parameters
    ----------
    left, right
        Three arrays each. Shape (n_panels, n_groups, PANEL): the integers, in int32. Shape
        (n_panels x PANEL,): what those of each row are to be multiplied by. Shape
        (n_panels, ceil(n_groups / DEPTH), PANEL): -128 times the sums of the integers of each row.
    out
        Shape (n, m): the products, of as many rows as the blocks have.
    """
    (integers, scales, _), (others, their_scales, their_starts) = left, right
    height, width = out.shape
    n_groups = integers.shape[1]
    spare = np.zeros((2, STRIP, PANEL), dtype=np.float32)
    zeros, aside, line = spare[0].ctypes.data, spare[1].ctypes.data, np.int64(_LINE)
    for start in range(0, n_groups, DEPTH):
        some = min(DEPTH, n_groups - start)
        for panel in range(others.shape[0]):
            column = panel * PANEL
            theirs = others.ctypes.data + (panel * n_groups + start) * _LINE
            part = panel * their_starts.shape[1] + start // DEPTH
            first = their_starts.ctypes.data + part * _LINE
            factors = their_scales.ctypes.data + _BYTES * column
            for row in range(0, height, STRIP):
                own = integers.ctypes.data + (row // PANEL * n_groups + start) * _LINE
                own += _BYTES * (row % PANEL)
                factor = scales.ctypes.data + _BYTES * row
                if row + STRIP <= height and column + PANEL <= width:
                    target = out.ctypes.data + _BYTES * (row * width + column)
                    stride = np.int64(_BYTES * width)
                    old, step = (target, stride) if start else (zeros, line)
                    _strip_times_panel(  # type: ignore[call-arg]
                        own, theirs, some, first, factor, factors, old, step, target, stride
                    )
                else:
                    _strip_times_panel(  # type: ignore[call-arg]
                        own, theirs, some, first, factor, factors, zeros, line, aside, line
                    )
                    _copy(spare[1], out, row, column, start > 0)
