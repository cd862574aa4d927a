"""Every error that dimscope raises on purpose, in one tree."""


class DimscopeError(Exception):
    """Base of all of dimscope's own errors."""


class InputError(DimscopeError, ValueError):
    """What was given cannot be used; the message says why and what to do.

    It is a `ValueError` too, so that code written for scikit-learn catches it.
    """


class InputTypeError(InputError, TypeError):
    """A value among those given is not a number at all; a `TypeError` too, as NumPy's is."""


class DataError(DimscopeError):
    """A data set or pretrained weights could not be found, fetched or verified."""


class StoreError(DimscopeError):
    """Activations or results could not be written or read back."""


class CaptureError(DimscopeError):
    """The network itself failed while its activations were captured."""


class MissingDependencyError(DimscopeError, ImportError):
    """An optional dependency is not installed; the message says how to install it."""
