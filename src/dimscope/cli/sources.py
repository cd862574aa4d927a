"""The options that commands share: a network and its data, how to measure it, or an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast, get_args

import click

from dimscope.cli.early import check_measuring, check_sources
from dimscope.cli.output import note
from dimscope.errors import InputError
from dimscope.io import read_labelled, read_source
from dimscope.neighbors import Duplicates, Metric, TimeWindow
from dimscope.profiling import DEFAULT_METHODS
from dimscope.store import BATCH_SIZE

if TYPE_CHECKING:
    from dimscope.models import LoadedModel

F = TypeVar("F", bound=Callable[..., Any])

_N_JOBS = click.option(
    "--n-jobs",
    type=click.IntRange(min=1),
    help="Threads of the neighbour search.  [default: all cores]",
)

_MODEL_OPTIONS = (
    click.option(
        "--model",
        required=True,
        metavar="NAME",
        help="efficientnet_lite0, a network of ours, torchvision:NAME, timm:NAME, hf:NAME, or "
        "file.py:function (the file is executed).",
    ),
    click.option(
        "--weights",
        metavar="FILE",
        help="State dict to load, .pt or .safetensors; nothing in it is executed.",
    ),
    click.option("--untrained", is_flag=True, help="Random weights in place of trained ones."),
    click.option(
        "--data",
        required=True,
        metavar="NAME",
        help="cifar10, fashion_mnist, mnist, digits, photo_crops, imagefolder:DIR, npz:FILE, or "
        "file.py:function.",
    ),
    click.option("--split", default="test", show_default=True, help="test or train."),
    click.option("--class", "class_name", metavar="CLASS", help="Samples of one class only."),
    click.option(
        "--n-samples", type=click.IntRange(min=1), help="Samples to draw.  [default: all]"
    ),
    click.option(
        "--seed", default=0, show_default=True, help="Seed of samples, weights and blocks."
    ),
    click.option(
        "--device",
        default="cpu",
        show_default=True,
        help="Where the network runs: cpu, cuda, cuda:1, mps ...",
    ),
)


def _read_axes(_context: Any, _option: Any, given: Sequence[str]) -> dict[str, str]:
    """Read the axes of layers, written as GLOB=AXES."""
    pairs = [text.rpartition("=") for text in given]
    for text, (glob, _, letters) in zip(given, pairs, strict=True):
        if not glob or not letters:
            raise click.BadParameter(f"{text!r} is not GLOB=AXES, such as 'layers.*=TBC'")
    return {glob: letters for glob, _, letters in pairs}


axes_option = click.option(
    "--axes",
    multiple=True,
    metavar="GLOB=AXES",
    callback=_read_axes,
    help="What the axes of activations are, where the network does not tell: 'layers.*=TBC'. "
    "B is the samples, C the channels, other letters positions.  May be repeated.",
)

_MEASURING_OPTIONS = (
    click.option(
        "--layers",
        "layers",
        multiple=True,
        metavar="NAME|GLOB",
        default=("auto",),
        show_default=True,
        callback=lambda _context, _option, names: "auto" if names == ("auto",) else list(names),
        help="May be repeated.",
    ),
    click.option(
        "--method",
        "methods",
        multiple=True,
        metavar="NAME",
        default=DEFAULT_METHODS,
        show_default=True,
        help="May be repeated.",
    ),
    click.option("--metric", type=click.Choice(get_args(Metric)), default="euclidean"),
    click.option(
        "--pooling",
        default="flatten",
        show_default=True,
        help="flatten, spatial_mean, first_token, last_token or token_mean.",
    ),
    axes_option,
    click.option(
        "--mask",
        metavar="NAME",
        help="Entry of the batches, or argument of the network, that says which tokens are real.  "
        "[default: found by the usual names]",
    ),
    click.option(
        "--n-repeats",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        help="Partitions into disjoint blocks.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(min=1),
        default=BATCH_SIZE,
        show_default=True,
        help="Samples per forward pass.",
    ),
    click.option(
        "--mode",
        type=click.Choice(["eval", "train"]),
        default="eval",
        show_default=True,
        help="How the network runs; train: with dropout and the statistics of each batch.",
    ),
    click.option("--memory", default="1GiB", show_default=True, help="Activations held in memory."),
    click.option(
        "--disk",
        metavar="SIZE",
        help="Activations written to disk; the rest is computed again.  [default: what is free]",
    ),
    _N_JOBS,
    click.option(
        "--search-device",
        help="Where torch searches neighbours: cuda, cuda:1, mps ...  [default: as --device; for "
        "cpu, no torch]",
    ),
    click.option("--label", help="Name of the model in the table."),
)

_ARRAY_OPTIONS = (
    click.argument("file", type=click.Path()),
    click.option(
        "--key", help="Which array of a file that holds several; of a table, a column of lists."
    ),
    click.option("--metric", type=click.Choice(get_args(Metric)), default="euclidean"),
    click.option(
        "--duplicates",
        type=click.Choice(get_args(Duplicates)),
        default="first",
        show_default=True,
        help="What to do with rows that repeat another, exactly or to within rounding.",
    ),
    click.option(
        "--near-copies",
        type=click.Choice(get_args(Duplicates)),
        default="first",
        show_default=True,
        help="What to do with rows that nearly repeat another.",
    ),
    click.option(
        "--groups",
        metavar="COLUMN|FILE",
        help="Labels of rows that depend on each other (texts, films, trials): a column of the "
        "table, or a file with a label for each row.",
    ),
    click.option(
        "--window",
        type=click.IntRange(min=1),
        metavar="STEPS",
        help="Rows are in order of time; those nearer than this are no neighbours.",
    ),
    click.option("--seed", default=0, show_default=True, help="Seed of the blocks of points."),
    _N_JOBS,
    click.option(
        "--search-device",
        help="Where torch searches neighbours: cuda, cuda:1, mps ...  [default: no torch]",
    ),
    click.option("--device", hidden=True),  # the old name
)


class Sources(NamedTuple):
    """A network on its device, and data that are ready for it."""

    loaded: LoadedModel
    data: Any


def model_and_data(command: F) -> F:
    """Add the options that `load_sources` takes to a command."""
    return _with_options(command, _MODEL_OPTIONS)


def how_to_measure(command: F) -> F:
    """Add the options that say which layers to measure, and how, to a command.

    Neighbours are searched on the device of the network, unless another one is given. What can be
    known to be wrong is refused before the command runs.
    """

    @wraps(command)
    def with_device(*, device: str, search_device: str | None, **others: Any) -> Any:
        search_device = search_device or (None if device == "cpu" else device)
        check_measuring(search_device=search_device, **others)
        return command(device=device, search_device=search_device, **others)

    return _with_options(cast(F, with_device), _MEASURING_OPTIONS)


def array_in_a_file(command: F) -> F:
    """Add the options that name an array in a file, and say how to search, to a command."""

    @wraps(command)
    def under_new_names(*, device: str | None, search_device: str | None, **others: Any) -> Any:
        if device is not None:
            note("--device is called --search-device now; the old name goes with version 0.3")
        return command(search_device=search_device or device, **others)

    return _with_options(cast(F, under_new_names), _ARRAY_OPTIONS)


def array_and_groups(
    file: str, key: str | None, groups: str | None, window: int | None
) -> tuple[Any, Any]:
    """Read the array or table in a file, and which of its rows depend on each other.

    Raises
    ------
    InputError
        If the file cannot be read, or both groups and a window are given.
    """
    if groups is None:
        return read_source(file, key=key), None if window is None else TimeWindow(window)
    if window is not None:
        raise InputError("--groups and --window both say which rows depend: give one of them")
    return read_labelled(file, groups, key=key)


def _with_options(command: F, options: Sequence[Callable[[F], F]]) -> F:
    for option in reversed(options):
        command = option(command)
    return command


def load_sources(  # noqa: PLR0913 - one parameter for each option above
    *,
    model: str,
    weights: str | None,
    untrained: bool,
    data: str,
    split: str,
    class_name: str | None,
    n_samples: int | None,
    seed: int,
    device: str,
) -> Sources:
    """Load the network and the data that the options name; say on stderr where each came from.

    Raises
    ------
    InputError
        If a name or file is unknown, or torch cannot use the device.
    DataError
        If data or weights cannot be fetched.
    """
    from dimscope.models import load_model  # noqa: PLC0415 - torch loads when needed

    which: dict[str, Any] = {"split": split, "class_name": class_name, "n_samples": n_samples}
    check_sources(
        model=model, weights=weights, untrained=untrained, data=data, device=device, **which
    )
    samples = load_samples(data, **which, rng=seed)  # before the network, which may be far larger
    loaded = load_model(model, weights=weights, untrained=untrained, rng=seed)
    note(f"model {loaded.label}: {loaded.origin}")
    try:
        loaded.model.to(device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"--device {device} cannot be used: {error}") from error
    return Sources(loaded, prepared(samples, loaded))


def prepared(samples: Any, loaded: LoadedModel) -> Any:
    """Make samples ready for a network, unless they come from the user's own code as they are."""
    from dimscope.data import NamedData  # noqa: PLC0415 - torch loads when needed

    return samples.transformed(loaded.preprocess) if isinstance(samples, NamedData) else samples


def load_samples(data: str, **which: Any) -> Any:
    """Load data by name; say on stderr where they came from.

    Parameters
    ----------
    data
        The name.
    which
        As in `dimscope.data.load_data`: ``split``, ``n_samples`` and others.
    """
    from dimscope.data import NamedData, load_data  # noqa: PLC0415 - torch loads when needed

    found = load_data(data, notify=note, **which)
    if isinstance(found, NamedData):
        note(f"data {found.name}: {found.origin}")
    return found
