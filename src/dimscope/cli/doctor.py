"""`dimscope doctor`: what is installed, what is at hand, and whether it measures right."""

from __future__ import annotations

import importlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version

import click
import numpy as np

from dimscope.cli.output import print_json, print_table
from dimscope.errors import DimscopeError
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
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def doctor(as_json: bool) -> None:
    """Check this installation: versions, devices, and an estimate whose answer is known."""
    packages = {name: _state(name) for name in _PACKAGES}
    found = estimate(_known_dimension(), "two_nn_mle")
    right = found.value is not None and abs(found.value / _TRUE_DIMENSION - 1) < 0.1
    machine = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "devices": _devices(),
    }
    check = {
        "what": f"TwoNN of 2,000 points on a flat {_TRUE_DIMENSION}-dimensional torus",
        "value": found.value,
        "stderr": found.stderr,
        "right": right,
    }
    if as_json:
        print_json({"machine": machine, "packages": packages, "check": check})
    else:
        print_table(
            ["package", "for", "state"], [[k, _PACKAGES[k], v] for k, v in packages.items()]
        )
        click.echo()
        for key, value in machine.items():
            click.echo(f"{key}: {value}")
        click.echo(f"{check['what']}: {found.value:.2f} ± {found.stderr:.2f}")
        click.echo("all is well" if right else "the estimate is wrong: please report this")
    if not right:
        raise DimscopeError(f"expected {_TRUE_DIMENSION} within 10 %, got {found.value}")


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
