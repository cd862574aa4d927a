"""Arguments of the wrong type: refused by the parameter's name, before anything else happens."""

from __future__ import annotations

import functools
import inspect
import numbers
import os
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, Union, cast, get_args, get_origin

import numpy as np

from dimscope.errors import InputTypeError

P = ParamSpec("P")
T = TypeVar("T")

#: What is accepted where a parameter has one of these types, and what that is called.
_KINDS: Mapping[Any, tuple[tuple[type, ...], str]] = {
    int: ((numbers.Integral,), "a whole number"),
    float: ((numbers.Real,), "a number"),
    bool: ((bool, np.bool_), "True or False"),
    str: ((str,), "a string"),
    Path: ((os.PathLike,), "a path"),
    type(None): ((type(None),), "None"),
    np.random.Generator: ((np.random.Generator,), "a numpy.random.Generator"),
}


def checked_parameters(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function or class refuse arguments that are not of the types of its parameters.

    Only numbers, truth values, strings, paths, generators and None are looked at; the function
    itself checks all else. True is no number, and 20.0 no whole one.

    Examples
    --------
    >>> @checked_parameters
    ... def halved(n: int) -> int:
    ...     return n // 2
    >>> halved(20)
    10
    >>> halved("20")
    Traceback (most recent call last):
    dimscope.errors.InputTypeError: n='20' must be a whole number, got str
    """
    if inspect.isclass(function):
        checked_init = _checked(function.__init__, function.__module__)
        setattr(function, "__init__", checked_init)  # noqa: B010 - mypy forbids the other
        return cast("Callable[P, T]", function)
    return _checked(function, function.__module__)


def _checked(function: Callable[P, T], module: str) -> Callable[P, T]:
    signature = inspect.signature(function)
    annotations = {p.name: p.annotation for p in signature.parameters.values()}

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python names what is missing or unknown
        check_types(given, annotations, module)
        return function(*args, **kwargs)

    return checked


def check_types(values: Mapping[str, Any], annotations: Mapping[str, Any], module: str) -> None:
    """Refuse values that are not of the types with which their parameters are annotated.

    Parameters
    ----------
    values
        By the names of the parameters.
    annotations
        Types, or what Python code says of them in ``module``.
    module
        Where names in the annotations are looked up.

    Raises
    ------
    InputTypeError
        If a value has another type.
    """
    for name, value in values.items():
        kinds = _kinds_of(annotations.get(name, Any), module)
        if kinds and not any(_is_of(value, kind) for kind in kinds):
            wanted = " or ".join(_KINDS[kind][1] for kind in kinds)
            is_float = int in kinds and _is_of(value, float)
            hint = f": write {value:.0f}" if is_float and float(value).is_integer() else ""
            raise InputTypeError(
                f"{name}={value!r} must be {wanted}, got {type(value).__name__}{hint}"
            )


def _is_of(value: Any, kind: type) -> bool:
    if kind in (int, float) and isinstance(value, bool | np.bool_):
        return False
    return isinstance(value, _KINDS[kind][0])


@functools.cache
def _kinds_of(annotation: Any, module: str) -> tuple[type, ...]:
    """The types that a parameter may have, if all are among those looked at; else none."""
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, vars(sys.modules[module]))
        except (NameError, AttributeError):  # known to type checkers only
            return ()
    is_union = get_origin(annotation) in (Union, types.UnionType)
    members = get_args(annotation) if is_union else (annotation,)
    members = tuple(type(None) if member is None else member for member in members)
    return members if all(member in _KINDS for member in members) else ()
