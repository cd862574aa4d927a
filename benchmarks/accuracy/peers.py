"""Estimators of other libraries by their defaults, each as a function of points.

Run in the environment of one library, it answers one request after the other: a line of JSON with
the method, the file of the points and a limit comes in, a line with the value and the CPU seconds
goes out. A call that takes more CPU seconds than its limit ends the process.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared.paths import DADAPY_PYTHON, ROOT

SCIKIT_DIMENSION, DADAPY, TORCHID = "scikit-dimension", "dadapy", "torchid"
PYTHONS: Mapping[str, Path] = {
    SCIKIT_DIMENSION: ROOT / ".venv/bin/python",
    DADAPY: DADAPY_PYTHON,
    TORCHID: ROOT / ".venv-torchid/bin/python",
}
#: torchid's are those of scikit-dimension, which it follows, less two.
METHODS: Mapping[str, Sequence[str]] = {
    SCIKIT_DIMENSION: (
        *("CorrInt", "DANCo", "ESS", "FisherS", "GRIDE", "KNN", "MADA", "MLE", "MOM"),
        *("MiND_ML", "PH", "TLE", "TwoNN", "lPCA"),
    ),
    DADAPY: ("2NN (base)", "2NN (ml)", "Gride (2, 4)"),
    TORCHID: (
        *("CorrInt", "DANCo", "ESS", "FisherS", "KNN", "MADA", "MLE", "MOM"),
        *("MiND_ML", "TLE", "TwoNN", "lPCA"),
    ),
}

Estimate = Callable[[np.ndarray], float]


def _scikit_dimension(method: str) -> Estimate:
    import skdim

    quiet = {"verbose": False} if method == "lPCA" else {}
    seeded = {"random_state": 0} if method in {"DANCo", "ESS", "KNN", "PH"} else {}
    made = getattr(skdim.id, method)(**quiet, **seeded)
    return lambda x: float(made.fit(x).dimension_)


def _torchid(method: str) -> Estimate:
    import torch
    from torchid import estimators

    torch.manual_seed(0)
    torch.set_num_threads(1)
    made = getattr(estimators, method)()
    return lambda x: float(made.fit(torch.from_numpy(x)).dimension_)


def _dadapy(method: str) -> Estimate:
    from dadapy import Data

    def estimate(x: np.ndarray) -> float:
        np.random.seed(0)  # noqa: NPY002 - DADApy decimates by NumPy's global generator
        data = Data(coordinates=x, maxk=min(100, len(x) - 1), n_jobs=1)
        data.compute_distances()
        if method.startswith("Gride"):
            return float(data.return_id_scaling_gride(range_max=4)[0][-1])
        algorithm = method.partition("(")[2].rstrip(")")
        return float(data.compute_id_2NN(algorithm=algorithm)[0])

    return estimate


LIBRARIES: Mapping[str, Callable[[str], Estimate]] = {
    SCIKIT_DIMENSION: _scikit_dimension,
    DADAPY: _dadapy,
    TORCHID: _torchid,
}


def answer(estimate: Estimate, x: np.ndarray, limit: float) -> dict[str, Any]:
    """The value of one call, or what was wrong, and the CPU seconds it took."""
    signal.setitimer(signal.ITIMER_PROF, limit)
    before = time.process_time()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            value, note = estimate(x), ""
    except Exception as error:  # whatever a library raises is its answer
        value, note = None, f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - before
    if value is not None and not np.isfinite(value):
        value, note = None, str(value)
    return {"value": value, "seconds": seconds, "note": note}


def main() -> None:
    library = sys.argv[1]
    replies = sys.stdout
    print(json.dumps({"version": version(library)}), file=replies, flush=True)
    warm = np.random.default_rng(0).normal(size=(200, 5))
    ready: dict[str, Estimate] = {}
    for line in sys.stdin:
        request = json.loads(line)
        method, limit = request["method"], request["limit"]
        try:
            if method not in ready:
                ready[method] = LIBRARIES[library](method)
                answer(ready[method], warm, limit)  # loads and compiles
            reply = answer(ready[method], np.load(request["points"]), limit)
        except Exception as error:
            reply = {"value": None, "seconds": 0.0, "note": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
