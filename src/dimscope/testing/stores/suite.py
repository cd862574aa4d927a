"""Which checks a kind of store must pass, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dimscope.testing.checks import Check, run_checks
from dimscope.testing.stores import held, reopened
from dimscope.testing.stores._kind import StoreKind

_OF_EVERY_STORE: tuple[Callable[[StoreKind], None], ...] = (
    held.check_rows_come_back,
    held.check_special_values_come_back,
    held.check_dtypes_are_kept,
    held.check_slices,
    held.check_layers_are_points,
    held.check_reading_between_batches,
    held.check_batches_are_copied,
    held.check_empty_batches,
    held.check_counts,
    held.check_unknown_layers_are_key_errors,
    held.check_dropped_layers_are_gone,
    held.check_bad_batches_are_refused,
)
_OF_STORES_THAT_STAY: tuple[Callable[[StoreKind], None], ...] = (
    reopened.check_layers_are_read_back,
    reopened.check_an_unfinished_store_is_refused,
    reopened.check_another_folder_is_refused,
    reopened.check_nothing_is_overwritten,
    reopened.check_lost_files_are_noticed,
    reopened.check_truncated_files_are_noticed,
    reopened.check_changed_files_are_noticed,
    reopened.check_exchanged_files_are_noticed,
    reopened.check_files_lost_later_are_noticed,
)


def store_checks(
    make: Callable[[Path], Any], *, reopen: Callable[[Path], Mapping[str, Any]] | None = None
) -> list[Check]:
    """Return the checks of a kind of store, one by one, for pytest; see `check_store`.

    Parameters
    ----------
    make
        Makes a new store, given an empty folder.
    reopen
        Opens the folder of a closed store; None for stores that leave nothing.
    """
    functions = _OF_EVERY_STORE + (_OF_STORES_THAT_STAY if reopen is not None else ())
    return [Check(function, StoreKind(make, reopen)) for function in functions]


def check_store(
    make: Callable[[Path], Any],
    *,
    reopen: Callable[[Path], Mapping[str, Any]] | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> None:
    """Run every check of a kind of store, and say which failed and why.

    A store is a mapping of layers, and a context manager that closes it. It has ``append(name,
    batch)``, ``drop(name)``, ``n_samples`` and ``nbytes``, as `dimscope.store.ActivationStore`.

    Parameters
    ----------
    make
        Makes a new store, given an empty folder that it may use or not.
    reopen
        Opens the folder of a closed store and gives its layers as a mapping; None for stores that
        leave nothing, which need to pass fewer checks.
    expected_failures
        Names of checks that it is known to fail, each with the reason. One that passes is a
        failure.

    Raises
    ------
    ConformanceError
        If a check failed; its message has a line for each.
    InputError
        If an expected failure is not the name of a check.

    Examples
    --------
    >>> from dimscope.store import ActivationStore
    >>> check_store(lambda folder: ActivationStore())
    """
    name = getattr(make, "__qualname__", repr(make))
    run_checks(name, store_checks(make, reopen=reopen), expected_failures)
