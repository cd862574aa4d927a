"""Importing optional dependencies, with one message for those that are missing or broken."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from dimscope.errors import MissingDependencyError


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import ``module``, or say which extra of dimscope brings it.

    Parameters
    ----------
    module
        Name of the module to import, such as ``"plotly.graph_objects"``.
    extra
        The extra of dimscope that installs it, such as ``"report"``.
    purpose
        What it is needed for, such as ``"HTML reports"``.

    Raises
    ------
    MissingDependencyError
        If the module is not installed, or fails to import.
    """
    remedy = f"install it with: pip install 'dimscope[{extra}]'"
    return require_from_elsewhere(module, remedy=remedy, purpose=purpose)


def require_from_elsewhere(module: str, *, remedy: str, purpose: str) -> ModuleType:
    """Import ``module``, or say what to do about its absence.

    Parameters
    ----------
    module, purpose
        As in `require`.
    remedy
        What the reader should do.

    Raises
    ------
    MissingDependencyError
        If the module is not installed, or fails to import.
    """
    try:
        return importlib.import_module(module)
    except Exception as error:  # a broken binary raises OSError or RuntimeError, not ImportError
        package = module.partition(".")[0]
        state = "is not installed" if isinstance(error, ModuleNotFoundError) else "fails to import"
        raise MissingDependencyError(
            f"{package}, needed for {purpose}, {state} ({error}): {remedy}"
        ) from error


def installed_folder(package: str, *, remedy: str, purpose: str) -> Path:
    """Folder of an installed package, which is not imported: its own dependencies may be missing.

    Parameters
    ----------
    package
        Its name in an import.
    remedy, purpose
        As in `require_from_elsewhere`.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(f"{package}, needed for {purpose}, is not installed: {remedy}")
    return Path(spec.submodule_search_locations[0])
