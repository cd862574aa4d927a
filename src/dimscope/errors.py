"""Every error that dimscope raises on purpose, in one tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


class DimscopeError(Exception):
    """Base of all of dimscope's own errors."""


class InputError(DimscopeError, ValueError):
    """What was given cannot be used; the message says why and what to do.

    It is a `ValueError` too, so that code written for scikit-learn catches it.
    """


class InputTypeError(InputError, TypeError):
    """A value has the wrong type; it is a `TypeError` too."""


class DataError(DimscopeError):
    """A data set or pretrained weights could not be found, fetched or verified."""


class StoreError(DimscopeError):
    """Activations or results could not be written or read back."""


class CaptureError(DimscopeError):
    """The network itself failed while its activations were captured."""


class TrainingError(DimscopeError):
    """A network could not be trained to its end."""


class MissingDependencyError(DimscopeError, ImportError):
    """An optional dependency is not installed; the message says how to install it."""


class ConformanceError(DimscopeError, AssertionError):
    """An estimator, store or engine failed checks of `dimscope.testing`; a line for each.

    Attributes
    ----------
    failures
        What went wrong, by name of the check.
    """

    def __init__(self, name: str, failures: Mapping[str, str]) -> None:
        self.failures = dict(failures)
        lines = "\n".join(f"  {check}: {fault}" for check, fault in failures.items())
        super().__init__(f"{name} failed {len(failures)} checks:\n{lines}")


def or_reason(make: Callable[[], T]) -> T | str:
    """Return ``make()``, or the message of the `InputError` that it raises."""
    try:
        return make()
    except InputError as error:
        return str(error)
