"""Old names, which keep working for a version and warn with the new name."""

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
    """Let a function or class also accept keywords by their old names.

    A dataclass also keeps the attributes of these names.

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
            for old, new in names.items():
                if new in getattr(target, "__dataclass_fields__", ()):
                    setattr(target, old, _renamed_attribute(old, new))
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


def _renamed_attribute(old: str, new: str) -> property:
    """An attribute that reads and writes another one, with a warning."""

    def get(instance: Any) -> Any:
        warn_renamed(f".{old}", f".{new}")
        return getattr(instance, new)

    def put(instance: Any, value: Any) -> None:
        warn_renamed(f".{old}", f".{new}")
        setattr(instance, new, value)

    return property(get, put, doc=f"Old name of `{new}`.")


def moved_names(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a ``__getattr__`` for a module, which finds names that have moved.

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
    message = f"{old} is deprecated: use {new}; dimscope 0.3 will remove the old name"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
