"""Telling samples from batches where a list may hold either: the network decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from torch.nn.utils.rnn import PackedSequence
from torch.utils.data import DataLoader, Dataset, default_collate

from dimscope.capture.batches import Batch, read_batches
from dimscope.capture.binding import Network, is_array, shown
from dimscope.capture.form import Form, Rows
from dimscope.capture.tensors import leaves
from dimscope.capture.trace import Trace, trace_batch
from dimscope.errors import CaptureError, InputError
from dimscope.store import BATCH_SIZE

_FEW = 2  # a list of so few items holds batches: they would be too few samples to measure
_ALL_AT_ONCE = "all samples at once"
_BOTH_WAYS = (
    "give batches as DataLoader(batches, batch_size=None) or iter(batches), and samples as "
    "DataLoader(samples, batch_size=64) or one stacked tensor"
)


def open_batches(
    data: Any, network: Network, batch_size: int = BATCH_SIZE, n_samples: int | None = None
) -> Iterator[Batch]:
    """Batches of the data, as the network takes them; see `read_batches`.

    Where a list may hold samples or batches, or a batch may be a list of samples, the network runs
    on two and on three samples of each reading: only what it takes is right.

    Raises
    ------
    InputError
        If the data cannot be read, or in several ways.
    """
    form = partial(form_of, network=network)
    return read_batches(settled(data, network), batch_size, n_samples, form)


def settled(data: Any, network: Network) -> Any:
    """The data, with a list or tuple replaced by a DataLoader of its samples or of its batches.

    Data of any other form are returned as they are, and so is a tuple ``(inputs, labels)``.

    Raises
    ------
    InputError
        If a list or tuple can be read in no way, or in several.
    """
    if not isinstance(data, list | tuple) or not data or hasattr(data, "_fields"):
        return data
    if isinstance(data, tuple) and (len(data) <= _FEW or len(set(map(_kind, data))) > 1):
        return (_stacked(data[0], data[1:]), *data[1:])
    readings = [_Reading(_ALL_AT_ONCE, data, data)] if isinstance(data, tuple) else []
    shape = _same_shape(data)
    if shape is not None:
        readings.append(_Reading("samples", _Samples(data), _collated(data[:3])))
    filled = [item for item in data if _n_rows(item) != 0]
    if filled:
        readings.append(_Reading("batches", held(filled), filled[0]))
    return _decided([one for one in readings if one.content is not None], data, network)


def held(batches: Iterable[Any]) -> DataLoader[Any]:
    """Keep batches, so that they can be read again and again."""
    return DataLoader(_Samples(list(batches)), batch_size=None, collate_fn=_unchanged)


def form_of(content: Any, network: Network) -> Form:
    """The form of the batches of which ``content`` is the first.

    It is the first possible one with which the network runs; its samples are rows of the entries
    unless the network takes nothing but a list.
    """
    possible = _possible_rows(content)
    forms = [Form.of(content, rows, network) for rows in possible]
    if len(forms) == 1:
        return forms[0]
    return next((form for form in forms if _takes(network, content, form) is None), forms[0])


class _Reading(NamedTuple):
    """What a list or tuple may be: data that can be read, and their first batch."""

    name: str
    data: Any
    content: Any


class _Samples(Dataset[Any]):
    """The items of a list."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, place: int) -> Any:
        return self._items[place]


def _unchanged(item: Any) -> Any:
    return item


def _decided(readings: Sequence[_Reading], data: Sequence[Any], network: Network) -> Any:
    """The data of the one reading that the network takes."""
    reasons: dict[str, str] = {}
    works: dict[str, Any] = {}
    if not readings:
        raise InputError(f"the {_described(data)} holds no tensor or array: {_BOTH_WAYS}")
    for reading in readings:
        if reading.name == "batches" and (reason := _uneven(data, reading.content, network)):
            reasons[reading.name] = reason
            continue
        reason = _takes(network, reading.content, form_of(reading.content, network))
        if reason is None and reading.name == _ALL_AT_ONCE:
            return reading.data  # as the documentation says of tuples
        if reason is None:
            works[reading.name] = reading.data
        else:
            reasons[reading.name] = reason
    if not works and len(data) <= _FEW and readings[-1].name == "batches":
        return readings[-1].data  # whatever is wrong with them, the network will say
    if not works:
        said = "; ".join(f"as {name}: {reason}" for name, reason in reasons.items())
        raise InputError(
            f"the {_described(data)} cannot be read with this network ({said or 'no tensors'}): "
            f"{_BOTH_WAYS}; samples must have equal shapes"
        )
    if len(works) > 1:
        if len(data) <= _FEW:
            return works["batches"]
        if any(_n_rows(item) != 1 for item in data):
            raise InputError(
                f"the {_described(data)} may be {len(data)} samples or {len(data)} batches, and "
                f"the network takes both: {_BOTH_WAYS}"
            )
    return next(iter(works.values()))


def _takes(network: Network, content: Any, form: Form) -> str | None:
    """Why the network does not take a batch of this form; None if it does.

    It does if it runs on two and on three samples, and gives a tensor with as many rows.
    """
    try:
        batch = Batch.of(content, form).as_tensors()
        traces = trace_batch(network.model, batch, network.forward)
    except (CaptureError, InputError) as error:
        return str(error)
    if len(traces) < 2:
        return "the network does not run on two or three of them"
    few, more = (_made(trace) for trace in traces)
    sizes = [(few[name], more[name]) for name in few.keys() & more.keys()]
    numbers = (traces[0].n_samples, traces[1].n_samples)
    if any((a[:1], b[:1]) == ((numbers[0],), (numbers[1],)) for a, b in sizes):
        return None
    if any(numbers in zip(a, b, strict=False) for a, b in sizes) and form.rows == "columns":
        return None  # layers that have the batch as another axis
    return "no layer has a row for each"


def _made(trace: Trace) -> dict[tuple[str, str], tuple[int, ...]]:
    """The shapes of all tensors that the network made."""
    found = {("", suffix): seen.shape for suffix, seen in trace.outputs.items()}
    for call in (call for root in trace.roots for call in root.walk()):
        found |= {(call.name, suffix): seen.shape for suffix, seen in call.outputs.items()}
    return found


def _possible_rows(content: Any) -> list[Rows]:
    """Where a batch may have its samples."""
    if not isinstance(content, list | tuple) or hasattr(content, "_fields") or not content:
        return ["columns"]
    found: list[Rows] = ["columns"]
    if _are_alike(content):
        found.append("items")
    first = content[0]
    if isinstance(first, list | tuple) and not hasattr(first, "_fields") and _are_alike(first):
        found.append("first items")
    return found


def _are_alike(items: Sequence[Any]) -> bool:
    """Whether items may be samples: arrays, or dicts with arrays, of one kind."""
    may_be = all(is_array(item) and item.ndim > 0 for item in items) or all(
        isinstance(item, Mapping) and _n_rows(item) is not None for item in items
    )
    return may_be and len(set(map(_kind, items))) == 1


def _kind(item: Any) -> Any:
    """What two samples of one data set have in common: the types, and axes of arrays."""
    if is_array(item):
        return (str(item.dtype), item.ndim)
    if isinstance(item, Mapping):
        return ("mapping", *sorted(map(str, item)))
    if isinstance(item, list | tuple):
        return (type(item).__name__, *map(_kind, item))
    return type(item).__name__


def _same_shape(items: Sequence[Any]) -> Any:
    """The structure and shapes that all items share; None if they differ."""

    def shape_of(item: Any) -> Any:
        return tuple(
            (suffix, tuple(leaf.shape) if is_array(leaf) else type(leaf).__name__)
            for suffix, leaf in leaves(item)
        )

    shapes = set(map(shape_of, items))
    return shapes.pop() if len(shapes) == 1 else None


def _collated(items: Sequence[Any]) -> Any:
    """The items as a batch, as torch's DataLoader makes it; None if it makes none."""
    try:
        return default_collate(list(items))
    except (TypeError, RuntimeError):
        return None


def _stacked(inputs: Any, others: Sequence[Any]) -> Any:
    """Stack the inputs of ``(list of samples, labels)``; others are returned as they are."""
    is_list = isinstance(inputs, list | tuple) and not isinstance(inputs, PackedSequence)
    if not is_list or not any(hasattr(o, "__len__") and len(o) == len(inputs) for o in others):
        return inputs
    if not inputs or not all(map(is_array, inputs)):
        return inputs
    if _same_shape(inputs) is None:
        raise InputError(
            f"the {len(inputs)} inputs have different shapes ({_shapes(inputs)}), so they cannot "
            "be stacked: make them equal, or give a DataLoader with a collate_fn that pads them "
            "and a mask"
        )
    return _collated(inputs)


def _n_rows(item: Any) -> int | None:
    """The rows of the first array of an item; None if it has none."""
    arrays = (leaf for _, leaf in leaves(item) if is_array(leaf) and leaf.ndim > 0)
    first = next(arrays, None)
    return None if first is None else len(first)


def _uneven(data: Sequence[Any], first: Any, network: Network) -> str | None:
    """Why items cannot be batches: those of a loader are of one size, but for the last."""
    form = form_of(first, network)
    try:
        sizes = [Batch.of(item, form).n_samples for item in data if _n_rows(item) != 0]
    except InputError as error:
        return str(error)
    if len(sizes) > _FEW and (len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]):
        return f"their sizes differ ({', '.join(map(str, sizes[:4]))}, ...)"
    return None


def _described(data: Sequence[Any]) -> str:
    kind = "list" if isinstance(data, list) else type(data).__name__
    what = _shapes(data) if is_array(data[0]) else shown(data[0])
    return f"{kind} of {len(data)} items ({what})"


def _shapes(items: Sequence[Any]) -> str:
    shapes = list(dict.fromkeys(str(tuple(item.shape)) for item in items if is_array(item)))
    return ", ".join(shapes[:3]) + (", ..." if len(shapes) > 3 else "")
