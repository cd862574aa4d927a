"""The one grammar of names that data sets and models share.

A bare name is in our own registry, ``source:name`` belongs to a library or a file, and
``file.py:function`` is the user's own code, which runs only because it was named.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from dimscope.errors import CaptureError, DimscopeError, InputError

_USER_CODE = re.compile(r"(?P<file>.+\.py):(?P<function>[^:]*)")


def is_user_code(name: str) -> bool:
    """Tell whether ``name`` has the form ``file.py:function``."""
    return _USER_CODE.fullmatch(name) is not None


def call_user_function(name: str) -> Any:
    """Import the file of ``file.py:function`` and return what the function returns.

    The file may import its neighbours, as a script may. Neither ``sys.path`` nor ``sys.modules``
    keeps a trace of the file itself.

    Parameters
    ----------
    name
        Such as ``"my_net.py:build"``. The function is called without arguments.

    Raises
    ------
    InputError
        If there is no such file, or no such function in it.
    CaptureError
        If the file or its function fails; the user's own error is its cause.
    """
    path, function = user_file(name)
    try:
        with _imported(path) as module:
            return _function(module, function, path)()
    except DimscopeError:
        raise
    except Exception as error:  # the user's code may raise anything
        reason = str(error).partition("\n")[0]
        raise CaptureError(f"{name} failed: {type(error).__name__}: {reason}") from error


def user_file(name: str) -> tuple[Path, str]:
    """The file and the function of ``file.py:function``; nothing runs.

    Raises
    ------
    InputError
        If the name has another form, or there is no such file.
    """
    match = _USER_CODE.fullmatch(name)
    if match is None:
        raise InputError(f"{name!r} is not of the form file.py:function")
    path = Path(match["file"])
    if not path.is_file():
        raise InputError(f"{name!r}: there is no file {str(path)!r}; check the path")
    return path, match["function"]


@contextmanager
def _imported(path: Path) -> Iterator[ModuleType]:
    """Execute a file as a module that exists only inside the ``with`` block."""
    module_name = f"_dimscope_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{str(path)!r} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)
    sys.modules[module_name] = module  # dataclasses look up their own module while they are defined
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.modules.pop(module_name, None)
        if folder in sys.path:
            sys.path.remove(folder)


def _function(module: ModuleType, function: str, path: Path) -> Any:
    found = getattr(module, function, None)
    if not callable(found):
        own = [
            key
            for key, value in vars(module).items()
            if getattr(value, "__module__", None) == module.__name__ and callable(value)
        ]
        raise InputError(
            f"{str(path)!r} has no function {function!r}; it has: {', '.join(own) or 'none'}"
        )
    return found


def unknown_name(kind: str, name: str, known: Collection[str], grammar: str) -> InputError:
    """Make the error for an unknown name, with the nearest names and the grammar.

    Examples
    --------
    >>> print(unknown_name("data set", "cifar", ["cifar10", "mnist"], "cifar10 | mnist"))
    unknown data set 'cifar'; did you mean cifar10? It can be: cifar10 | mnist
    """
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return InputError(f"unknown {kind} {name!r}; {hint}It can be: {grammar}")
