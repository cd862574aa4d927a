"""Choosing layers by name, glob, module class or predicate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from torch import nn

from dimscope.capture.globs import is_glob, matches
from dimscope.capture.layers import LayerInfo, LayerTable, Source
from dimscope.errors import InputError

#: One way to choose layers: "auto", a name, a glob, a module class, or a predicate.
Choice = str | type[nn.Module] | Callable[[LayerInfo], bool]
Choices = Choice | Sequence[Choice]

_SHOWN = 8
_HINT = "see layer_names(model, data) or `dimscope layers` for all names"


def select_layers(infos: LayerTable, layers: Choices) -> list[str]:
    """Names of the chosen layers, in order of execution.

    Parameters
    ----------
    infos
        The layers to choose from, as `layer_names` gives them.
    layers
        ``"auto"``, the layers at which papers measure; a layer's name; a glob, in which ``*``
        stands for anything but a dot and ``**`` for anything; a class of modules; a predicate on
        `LayerInfo`; or a sequence of these.

    Raises
    ------
    InputError
        If a name is unknown or cannot be measured, or a choice matches no layer.

    Examples
    --------
    >>> import torch
    >>> from dimscope.capture import layer_names
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> infos = layer_names(model, torch.zeros(5, 8))
    >>> select_layers(infos, "auto"), select_layers(infos, ["2:input", torch.nn.Linear])
    (['input', '1', '2'], ['0', '2:input', '2'])
    """
    choices = listed(layers)
    names = {name for choice in choices for name in _chosen(infos, choice)}
    if not names:
        raise InputError("no layers chosen: give at least one, or 'auto'")
    return sorted(names, key=lambda name: infos[name].index)


def left_out(infos: LayerTable, layers: Choices) -> dict[str, str]:
    """What a choice stands for but cannot be measured, with the reasons.

    Parameters
    ----------
    infos, layers
        As in `select_layers`. A name stands for itself, and a predicate for what can be measured.

    Examples
    --------
    >>> import torch
    >>> from dimscope.capture import layer_names
    >>> model = torch.nn.Sequential(torch.nn.Flatten(0), torch.nn.ReLU())
    >>> left_out(layer_names(model, torch.zeros(5, 8)), torch.nn.ReLU)["1"]
    'the batch is merged with another axis: axis 0 of its shape (24,) has 8 rows for each sample'
    """
    choices = listed(layers)
    names = {name for choice in choices for name in _unmeasurable(infos, choice)}
    return {name: why for name, why in infos.excluded.items() if name in names}


def _unmeasurable(infos: LayerTable, choice: Any) -> list[str]:
    if choice == "auto":
        return list(infos.left_out)
    if isinstance(choice, str) and is_glob(choice):
        return [name for name in infos.not_measured if matches(name, choice)]
    if isinstance(choice, type):
        known = [name for name in infos.not_measured if name in infos.sources]
        return [name for name in known if _is_made_by(infos.sources[name], choice)]
    return []


def _chosen(infos: LayerTable, choice: Any) -> list[str]:
    if choice == "auto":
        return _auto(infos)
    if isinstance(choice, str) and not is_glob(choice):
        return [_known(infos, choice)]
    if isinstance(choice, str):
        found = [name for name in infos if matches(name, choice)]
    elif isinstance(choice, type):
        found = [name for name in infos if _is_made_by(infos.sources[name], choice)]
    elif callable(choice):
        found = [name for name, info in infos.items() if choice(info)]
    else:
        raise no_choice(choice)
    if not found:
        raise no_layer(choice, _reasons(infos, choice))
    return found


def _auto(infos: LayerTable) -> list[str]:
    found = [name for name, info in infos.items() if info.auto]
    if not found:
        raise InputError(f"'auto' finds no layer to measure{_reasons(infos, 'auto')}: {_HINT}")
    return found


def _reasons(infos: LayerTable, choice: Any) -> str:
    """The first of the layers that a choice stands for but cannot be measured, with the reason."""
    found = left_out(infos, choice)
    if not found:
        return ""
    name, why = next(iter(found.items()))
    others = f", and {len(found) - 1} more cannot be measured" if len(found) > 1 else ""
    return f" that can be measured ({name!r}: {why}{others})"


def _known(infos: LayerTable, name: str) -> str:
    known = infos.resolve(name)
    if known in infos or known in infos.unlisted:
        return known
    if known in infos.excluded:
        remedy = ""
        if known in infos.sources:
            remedy = "; to measure it, give as pooling a function that makes a row for each sample"
        raise InputError(f"layer {name!r} cannot be measured: {infos.excluded[known]}{remedy}")
    raise unknown_layer(name, [*infos, *infos.unlisted])


def unknown_layer(name: str, known: Iterable[str]) -> InputError:
    """Make the error for a layer that is not there, with the nearest names."""
    near = get_close_matches(name, list(known), n=3)
    guess = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return InputError(f"unknown layer {name!r}: {guess}{_HINT}")


def no_layer(choice: Any, why: str = "") -> InputError:
    """Make the error for a glob, class or predicate that no layer fits."""
    shown = getattr(choice, "__name__", None) or repr(choice)
    return InputError(f"no layer matches {shown}{why}: {_HINT}")


def listed(layers: Choices) -> list[Any]:
    """Each choice of layers, where several may be given."""
    return list(layers) if isinstance(layers, list | tuple) else [layers]


def not_measured(what: str, glob: str, names: Sequence[str]) -> InputError:
    """Make the error for an option of a layer that is not among those to be measured."""
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return InputError(f"{what} of {glob!r} is that of no layer to be measured: these are {shown}")


def no_choice(choice: Any) -> InputError:
    """Make the error for what cannot choose layers at all."""
    return InputError(
        f"cannot choose layers by {choice!r}: give 'auto', a name, a glob, a module class or a "
        "predicate on LayerInfo, or a list of these"
    )


def _is_made_by(source: Source, kind: type) -> bool:
    made_by = source.module_class
    return source.path is not None and made_by is not None and issubclass(made_by, kind)
