"""Other libraries' neighbour searches, each as a function of points and k, on one thread."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search.clocks import Clocks
from benchmarks.search.correctness import Found, without_self
from benchmarks.shared.paths import DADAPY_PYTHON, ROOT

DADAPY = "dadapy"
_BLOCK = 1024


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A library's search; ``load`` imports it and returns it.

    It takes points of ``dtype`` and k, and builds whatever it needs.
    """

    name: str
    title: str
    package: str
    load: Callable[[], Callable[[np.ndarray, int], Found]]
    dtype: Any = np.float32

    @property
    def version(self) -> str | None:
        """None where it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


def _scikit_learn() -> Callable[[np.ndarray, int], Found]:
    from sklearn.neighbors import NearestNeighbors

    def search(x: np.ndarray, k: int) -> Found:
        return Found(
            *NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=1).fit(x).kneighbors()
        )

    return search


def _faiss() -> Callable[[np.ndarray, int], Found]:
    with core_type():
        import faiss

    def search(x: np.ndarray, k: int) -> Found:
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(x)
        squared, indices = index.search(x, k + 1)
        return without_self(np.sqrt(np.maximum(squared, 0)), indices)

    return search


def _torch() -> Callable[[np.ndarray, int], Found]:
    import torch

    torch.set_num_threads(1)

    def search(x: np.ndarray, k: int) -> Found:
        points = torch.from_numpy(x)
        norms = (points * points).sum(1)
        parts = []
        for rows, own in zip(points.split(_BLOCK), norms.split(_BLOCK), strict=True):
            squared = own[:, None] + norms - 2 * rows @ points.T
            parts.append(squared.topk(k + 1, dim=1, largest=False))
        squared = torch.cat([part.values for part in parts]).clamp(min=0)
        indices = torch.cat([part.indices for part in parts])
        return without_self(squared.sqrt().numpy(), indices.numpy())

    return search


def _pynndescent() -> Callable[[np.ndarray, int], Found]:
    from pynndescent import NNDescent

    def search(x: np.ndarray, k: int) -> Found:
        index = NNDescent(x, n_neighbors=k + 1, n_jobs=1, random_state=0)  # counts the point itself
        indices, distances = index.neighbor_graph
        return without_self(distances, indices)

    return search


def _hnswlib() -> Callable[[np.ndarray, int], Found]:
    import hnswlib

    def search(x: np.ndarray, k: int) -> Found:
        index = hnswlib.Index(space="l2", dim=x.shape[1])
        index.init_index(max_elements=len(x), random_seed=0)
        index.set_num_threads(1)
        index.add_items(x)
        index.set_ef(2 * (k + 1))  # its default of 10 is below k + 1
        indices, squared = index.knn_query(x, k + 1, num_threads=1)
        return without_self(np.sqrt(squared), indices.astype(np.int64))

    return search


PEERS = (
    Peer(
        name="scikit-learn",
        title="scikit-learn, float64",
        package="scikit-learn",
        load=_scikit_learn,
        dtype=np.float64,
    ),
    Peer(name="faiss", title="FAISS", package="faiss-cpu", load=_faiss),
    Peer(name="torch", title="torch top-k", package="torch", load=_torch),
    Peer(name="pynndescent", title="pynndescent", package="pynndescent", load=_pynndescent),
    Peer(name="hnswlib", title="hnswlib", package="hnswlib", load=_hnswlib),
)
TITLES = {peer.name: peer.title for peer in PEERS} | {DADAPY: "DADApy, float64"}


def dadapy_version() -> str | None:
    """None where its environment has not been built."""
    code = "import importlib.metadata as m; print(m.version('dadapy'))"
    try:
        call = [str(DADAPY_PYTHON), "-c", code]
        output = subprocess.run(call, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return output.strip()


def run_dadapy(x: np.ndarray, k: int, rounds: int) -> tuple[Clocks, Clocks, Found]:
    """Its time, that of the half product beside it, and what it found, from its own process."""
    with tempfile.TemporaryDirectory() as folder, core_type():
        np.save(f"{folder}/x.npy", x)
        module = "benchmarks.search.dadapy_search"
        call = [str(DADAPY_PYTHON), "-m", module, folder, str(k), str(rounds)]
        output = subprocess.run(call, check=True, capture_output=True, text=True, cwd=ROOT).stdout
        seconds, unit = (Clocks(*pair) for pair in json.loads(output.splitlines()[-1]))
        lists = (np.load(f"{folder}/{name}.npy") for name in Found._fields)
        return seconds, unit, without_self(*lists)


@contextmanager
def core_type() -> Iterator[None]:
    """OPENBLAS_CORETYPE for libraries whose own old OpenBLAS takes a new processor for another.

    It is read when a library is loaded; what has been loaded before keeps its kernels.
    """
    name, before = "OPENBLAS_CORETYPE", os.environ.get("OPENBLAS_CORETYPE")
    if "avx512f" in processor_flags():
        os.environ[name] = "SkylakeX"
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def processor_flags() -> set[str]:
    return set(processor_field("flags").split())


def processor_field(name: str) -> str:
    """A field of the first processor in /proc/cpuinfo; empty where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    fields = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in fields if key.strip() == name), "")
