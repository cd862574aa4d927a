"""A package outside the tree that offers an estimator: one file, and one line of entry points.

`install` writes it to a folder; a Python started with `environment` of that folder sees it as
installed, as pip would have left it.
"""

from __future__ import annotations

import os
import subprocess
import sys

#: Registry name of the estimator, and what people call it.
NAME, TITLE = "box", "Box of two neighbours"

BOX = f'''
"""Box: a third party's estimator, TwoNN by maximum likelihood (Facco et al. 2017)."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from dimscope import InputError
from dimscope.estimators import NeighborEstimator, graph_notes


@final
@dataclass(kw_only=True)
class Box(NeighborEstimator):
    """The inverse mean of ln(r_2 / r_1). Cost: N logarithms."""

    name: ClassVar[str] = {NAME!r}
    title: ClassVar[str] = {TITLE!r}

    @property
    def n_neighbors_needed(self):
        return 2

    def estimate(self, graph):
        self._check(graph)
        total = float(np.log(graph.distances[:, 1] / graph.distances[:, 0]).sum())
        if graph.n_samples < 5 or total == 0:
            raise InputError(f"{{graph.n_samples}} points show no dimension")
        return self._answer(
            graph,
            value=(graph.n_samples - 1) / total,
            stderr=None,
            scale=float(graph.distances[:, 1].mean()),
            n_samples=graph.n_samples,
            notes=graph_notes(graph),
            ranks=(1, 2),
        )
'''

#: The same of a linear one.
LINEAR_NAME, LINEAR_TITLE = "box_shape", "Shape of a box"

BOX_SHAPE = f'''
"""Box shape: a third party's linear estimator, the total over the largest variance."""

from dataclasses import dataclass
from typing import ClassVar, final

from dimscope import InputError
from dimscope.estimators import SpectrumEstimator


@final
@dataclass(kw_only=True)
class BoxShape(SpectrumEstimator):
    """The sum of the eigenvalues over the largest. Cost: nothing after the eigenvalues."""

    name: ClassVar[str] = {LINEAR_NAME!r}
    title: ClassVar[str] = {LINEAR_TITLE!r}

    def estimate(self, spectrum):
        if spectrum.trace == 0:
            raise InputError("a constant representation has no shape")
        return self._answer(spectrum, value=spectrum.trace / float(spectrum.eigenvalues[0]))
'''


def install(folder, package="box_dimension", source=BOX, entries=("box = box_dimension:Box",)):
    """Write a package of one module, with entry points, to a folder."""
    (folder / f"{package}.py").write_text(source)
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("\n".join(["[dimscope.estimators]", *entries, ""]))


def environment(folder):
    """The variables with which Python finds what is installed in a folder."""
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def run_python(folder, code):
    """Run code where the packages in a folder are installed; the finished process, with its text.

    Warnings are shown, and not errors as in the tests.
    """
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
