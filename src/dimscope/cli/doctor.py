"""`dimscope doctor`: check this installation, or the files of a run."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click
import numpy as np

from dimscope.cli.folders import FileCheck, checked_folder, repaired_folder
from dimscope.cli.output import Output, json_option, print_table, shown
from dimscope.errors import DimscopeError, InputError
from dimscope.estimators import estimate

_PACKAGES = {
    "numpy": "needed",
    "scipy": "needed",
    "pandas": "needed",
    "zarr": "needed",
    "torch": "networks",
    "matplotlib": "plots",
    "plotly": "reports",
    "transformers": "hf: models",
    "torchvision": "torchvision: models",
    "timm": "timm: models",
}
_TRUE_DIMENSION = 5


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option(
    "--repair",
    is_flag=True,
    help="Set damaged lines of journals in DIR aside, and finish a save that was killed.",
)
@json_option("The same, as JSON.")
def doctor(folder: Path | None, repair: bool, output: Output) -> int:
    """Check this installation, or every file of a run.

    Without DIR: versions, devices, and an estimate whose answer is known. With DIR, the folder of
    a profile, of a tracked run, of a study or of a store of activations: which of its files are
    right, which are not, and what to do. Exit code 1 if something is wrong.
    """
    if folder is not None:
        return _check_folder(folder, repair, output)
    if repair:
        raise InputError("--repair needs DIR: give the folder whose files are to be repaired")
    return _check_installation(output)


def _check_folder(folder: Path, repair: bool, output: Output) -> int:
    repaired = repaired_folder(folder) if repair else []
    checks = checked_folder(folder)
    is_right = all(check.is_right for check in checks)
    output.write(
        text=lambda: _print_folder(checks, repaired),
        document=lambda: {
            "folder": str(folder),
            "right": is_right,
            "repaired": repaired,
            "files": [vars(check) for check in checks],
        },
    )
    return 0 if is_right else 1


def _print_folder(checks: Sequence[FileCheck], repaired: Sequence[str]) -> None:
    for line in repaired:
        click.echo(line)
    for check in checks:
        click.echo(f"{'right' if check.is_right else 'WRONG'}  {check.file}: {check.says}")
        if check.to_do:
            click.echo(f"       {check.to_do}")
    click.echo("all is well" if all(check.is_right for check in checks) else "something is wrong")


def _check_installation(output: Output) -> int:
    check = _check()
    found: dict[str, dict[str, Any]] = {
        "machine": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cores": os.cpu_count(),
            "devices": _devices(),
        },
        "packages": {name: _state(name) for name in _PACKAGES},
        "check": check,
    }
    output.write(text=lambda: _print(found), document=lambda: found)
    if not check["right"]:
        raise DimscopeError(f"expected {_TRUE_DIMENSION} within 10 %, got {check['value']}")
    return 0


def _print(found: Mapping[str, Mapping[str, Any]]) -> None:
    packages, check = found["packages"], found["check"]
    print_table(["package", "for", "state"], [[k, _PACKAGES[k], v] for k, v in packages.items()])
    click.echo()
    for key, value in found["machine"].items():
        click.echo(f"{key}: {value}")
    click.echo(f"{check['what']}: {shown(check['value'], check['stderr'])}")
    click.echo("all is well" if check["right"] else "the estimate is wrong: please report this")


def _check() -> dict[str, Any]:
    """Estimate a dimension whose true value is known."""
    found = estimate(_known_dimension(), "two_nn_mle")
    return {
        "what": f"TwoNN of 2,000 points on a flat {_TRUE_DIMENSION}-dimensional torus",
        "value": found.value,
        "stderr": found.stderr,
        "right": found.value is not None and abs(found.value / _TRUE_DIMENSION - 1) < 0.1,
    }


def _known_dimension() -> np.ndarray:
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, (2000, _TRUE_DIMENSION))
    return np.hstack([np.cos(angles), np.sin(angles)])


def _state(package: str) -> str:
    try:
        importlib.import_module(package)
        return version(package)
    except PackageNotFoundError:
        return "unknown version"
    except ModuleNotFoundError:
        return "not installed"
    except Exception as error:
        return f"broken: {str(error).splitlines()[0]}"


def _devices() -> str:
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return "none (torch is not installed)"
    if torch.cuda.is_available():
        return ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return "cpu"
