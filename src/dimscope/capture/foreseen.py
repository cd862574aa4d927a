"""What the modules of a network tell of its layers before it runs: which names none can have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from torch import nn

from dimscope.capture.globs import is_glob, matches
from dimscope.capture.selection import (
    Choices,
    listed,
    no_choice,
    no_layer,
    not_measured,
    unknown_layer,
)
from dimscope.capture.trace import outer_names
from dimscope.capture.uncompiled import uncompiled
from dimscope.errors import InputError

_AFTER_PATH = "#:"  # these begin what follows the path of a module in the name of a layer


@dataclass(frozen=True)
class Foreseen:
    """The modules of a network that has not run.

    Attributes
    ----------
    modules
        The modules by path, shared ones under all their paths.
    outer
        What the network's own input and output are called.
    """

    modules: Mapping[str, nn.Module]
    outer: tuple[str, str]

    @classmethod
    def of(cls, model: nn.Module) -> Self:
        """Read the modules of a network."""
        with uncompiled(model):
            named = dict(model.named_modules(remove_duplicate=False))
        return cls({path: module for path, module in named.items() if path}, outer_names(model))

    def require_layers(self, layers: Choices) -> None:
        """Refuse names, globs and classes of layers that no module can have.

        Raises
        ------
        InputError
            If there is one.
        """
        for choice in listed(layers):
            if isinstance(choice, type):
                if not any(isinstance(module, choice) for module in self.modules.values()):
                    raise no_layer(choice)
            elif isinstance(choice, str):
                if choice != "auto" and not self._may_have(choice):
                    known = [*self.outer, *self.modules]
                    raise no_layer(choice) if is_glob(choice) else unknown_layer(choice, known)
            elif not callable(choice):
                raise no_choice(choice)

    def require_used(self, globs: Iterable[str], what: str, layers: Choices = "auto") -> None:
        """Refuse an option for layers that do not exist, or are not among those given by name.

        Parameters
        ----------
        globs
            Of the layers that the option is for.
        what
            The option, for the message.
        layers
            The layers to measure.

        Raises
        ------
        InputError
            If a glob matches none.
        """
        choices = listed(layers)
        named = [c for c in choices if isinstance(c, str) and c != "auto" and not is_glob(c)]
        for glob in globs:
            if not self._may_have(glob):
                raise InputError(
                    f"{what} of {glob!r}: this stands for no layer, as no module of the network "
                    "has such a name; see layer_names(model, data) or `dimscope layers`"
                )
            others = {other for name in named for other in self._names_of(name)}
            if len(named) == len(choices) > 0 and not any(matches(name, glob) for name in others):
                raise not_measured(what, glob, named)

    def _may_have(self, glob: str) -> bool:
        """Whether a layer may have a name that matches."""
        heads, paths = list(_heads(glob)), {*self.outer, *self.modules}
        if not is_glob(glob):
            return any(head in paths for head in heads)
        return any(matches(path, head) for head in heads for path in paths)

    def _names_of(self, name: str) -> Iterator[str]:
        """All names of a layer: those of a module that has several paths, each."""
        path = min((name.partition(mark)[0] for mark in _AFTER_PATH), key=len)
        module = self.modules.get(path)
        yield name
        for other, same in self.modules.items():
            if same is module:
                yield other + name[len(path) :]


def _heads(glob: str) -> Iterator[str]:
    """The starts of a glob that may match the path, where its rest matches what follows the path.

    Examples
    --------
    >>> list(_heads("fc#2")), list(_heads("conv?"))
    (['fc', 'fc#2'], ['conv', 'conv?'])
    """
    for end in range(1, len(glob) + 1):
        may_split = glob[end - 1] == "*" or end == len(glob)
        if may_split or glob[end] in f"{_AFTER_PATH}*?":
            yield glob[:end]
