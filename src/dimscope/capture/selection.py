"""Choosing layers by name, glob, module class or predicate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

from torch import nn

from dimscope.capture.layers import LayerInfo, LayerTable, Source, is_glob, matches
from dimscope.errors import InputError

#: One way to choose layers: "auto", a name, a glob, a module class, or a predicate.
Choice = str | type[nn.Module] | Callable[[LayerInfo], bool]
Choices = Choice | Sequence[Choice]

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
    choices = list(layers) if isinstance(layers, list | tuple) else [layers]
    names = {name for choice in choices for name in _chosen(infos, choice)}
    if not names:
        raise InputError("no layers chosen: give at least one, or 'auto'")
    return sorted(names, key=lambda name: infos[name].index)


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
        raise InputError(
            f"cannot choose layers by {choice!r}: give 'auto', a name, a glob, a module class or a "
            "predicate on LayerInfo, or a list of these"
        )
    if not found:
        raise InputError(f"no layer matches {_described(choice)}: {_HINT}")
    return found


def _auto(infos: LayerTable) -> list[str]:
    found = [name for name, info in infos.items() if info.auto]
    if not found:
        raise InputError(f"'auto' finds no layer to measure: {_HINT}")
    return found


def _known(infos: LayerTable, name: str) -> str:
    known = infos.resolve(name)
    if known in infos or known in infos.unlisted:
        return known
    if known in infos.excluded:
        raise InputError(f"layer {name!r} cannot be measured: {infos.excluded[known]}")
    near = get_close_matches(name, [*infos, *infos.unlisted], n=3)
    guess = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise InputError(f"unknown layer {name!r}: {guess}{_HINT}")


def _is_made_by(source: Source, kind: type) -> bool:
    made_by = source.module_class
    return source.path is not None and made_by is not None and issubclass(made_by, kind)


def _described(choice: Any) -> str:
    return getattr(choice, "__name__", None) or repr(choice)
