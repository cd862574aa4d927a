"""Parameters that have a new name: the old one works for one more version, and warns."""

from __future__ import annotations

import warnings
from typing import TypeVar

from dimscope.errors import InputError

T = TypeVar("T")


def renamed(old: str, old_value: T | None, new: str, new_value: T | None) -> T | None:
    """The value of a parameter that a caller may still give by its old name.

    Call it straight from the function whose parameter it is: the warning points to that
    function's caller.

    Raises
    ------
    InputError
        If both names are given.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise InputError(f"{old}= is the old name of {new}=: give {new}= only")
    warnings.warn(
        f"{old}= is called {new}= now, and the old name will go in a later version: write "
        f"{new}={old_value!r}",
        DeprecationWarning,
        stacklevel=3,
    )
    return old_value
