"""What a check is, how a suite of checks runs, and how a check fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dimscope.errors import ConformanceError, InputError


@dataclass(frozen=True)
class Check:
    """One check: a call raises an AssertionError that says what is wrong, if anything is.

    Attributes
    ----------
    function
        The check; its docstring says what must hold.
    subject
        What is passed to it, such as an estimator.
    """

    function: Callable[[Any], None]
    subject: Any

    @property
    def name(self) -> str:
        """The name of the check, such as ``"check_rotation"``."""
        return self.function.__name__

    def __call__(self) -> None:
        """Run it."""
        self.function(self.subject)

    def __str__(self) -> str:
        return self.name


def run_checks(
    name: str, checks: Iterable[Check], expected_failures: Mapping[str, str] | None = None
) -> None:
    """Run all checks of a subject, and say which failed and why.

    Parameters
    ----------
    name
        The subject, for the message.
    checks
        The checks to run.
    expected_failures
        Names of checks that it is known to fail, each with the reason. One that passes is a
        failure.

    Raises
    ------
    ConformanceError
        If a check failed; its message has a line for each.
    InputError
        If an expected failure is not the name of a check.
    """
    checks, expected = list(checks), expected_failures or {}
    unknown = expected.keys() - {check.name for check in checks}
    if unknown:
        raise InputError(
            f"no check of {name} is called {', '.join(sorted(unknown))}: choose from "
            f"{', '.join(map(str, checks))}"
        )
    failures: dict[str, str] = {}
    for check in checks:
        fault = _fault(check)
        if fault is not None and check.name not in expected:
            failures[check.name] = fault
        elif fault is None and check.name in expected:
            failures[check.name] = (
                f"passed, but was expected to fail because {expected[check.name]}"
            )
    if failures:
        raise ConformanceError(name, failures)


def require(holds: bool, fault: str) -> None:
    """Raise an AssertionError that says what is wrong, unless ``holds``."""
    if not holds:
        raise AssertionError(fault)


def _fault(check: Check) -> str | None:
    try:
        check()
    except Exception as error:  # whatever is raised is a fault to list
        kind = "" if type(error) is AssertionError else f"{type(error).__name__}: "
        return f"{kind}{error}"
    return None
