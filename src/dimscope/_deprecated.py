"""Old names that keep working for a version, each with a warning that says the new one."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def renamed_parameters(**names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function or class take keywords by their old names, too.

    Parameters
    ----------
    names
        The new name by the old one.

    Examples
    --------
    >>> @renamed_parameters(seed="rng")
    ... def draw(rng=0):
    ...     return rng
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     draw(seed=3)
    3
    """

    def wrap(target: Callable[P, T]) -> Callable[P, T]:
        if inspect.isclass(target):
            setattr(target, "__init__", wrap(target.__init__))  # noqa: B010 - mypy forbids the other
            return cast("Callable[P, T]", target)

        @functools.wraps(target)
        def renamed(*args: P.args, **kwargs: P.kwargs) -> T:
            for old in names.keys() & kwargs.keys():
                new = names[old]
                if new in kwargs:
                    raise TypeError(f"{old} and {new} are the same: give {new} alone")
                warn_renamed(f"{old}=", f"{new}=")
                kwargs[new] = kwargs.pop(old)
            return target(*args, **kwargs)

        return renamed

    return wrap


def moved_names(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` that finds what has moved.

    Parameters
    ----------
    module
        The module that had the names.
    homes
        The module that has each of them now.
    """

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_renamed(f"{module}.{name}", f"{homes[name]}.{name}")
        return getattr(import_module(homes[name]), name)

    return found


def warn_renamed(old: str, new: str) -> None:
    """Warn the caller of the caller that a name has a new one."""
    message = f"{old} is called {new} from dimscope 0.2 on: the old name goes with 0.3"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
