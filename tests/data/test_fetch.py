from __future__ import annotations

import io
import os
import sys
import tarfile

import pytest

from dimscope.data.fetch import archive_url, debian_package, file_urls, npm_package
from dimscope.errors import DataError

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the stand-ins for the clients are shell scripts"
)


def _archive(path, names):
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            tar.addfile(info, io.BytesIO(name.encode()))
    return path


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Put a shell script in the place of a client, and nothing else but the shell's own tools."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin")

    def install(name, script):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)

    return install


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def test_an_npm_package_is_packed_without_its_scripts_and_unpacked(client, folder, tmp_path):
    archive = _archive(tmp_path / "made.tgz", ["package/a.txt"])
    client("npm", f'echo "$@" > said; cp {archive} toy-1.0.tgz')
    npm_package("toy@1.0")(folder)
    assert (folder / "package" / "a.txt").read_text() == "package/a.txt"
    said = (folder / "said").read_text().split()
    assert said[:2] == ["pack", "--ignore-scripts"]
    assert said[-1] == "toy@1.0"
    assert "install" not in said


def test_a_debian_package_is_unpacked_and_not_installed(client, folder):
    client("apt-get", 'test "$1" = download && touch "$2_1.0_all.deb"')
    client("dpkg-deb", 'test "$1" = -x && mkdir -p "$3/usr" && touch "$3/usr/$2"')
    debian_package("toy")(folder)
    assert (folder / "usr" / "toy_1.0_all.deb").is_file()


def test_a_client_that_is_not_installed_is_named(monkeypatch, folder):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match="npm is not installed"):
        npm_package("toy@1.0")(folder)


def test_a_client_that_fails_gives_its_reason(client, folder):
    client("npm", "printf 'npm error 404\\nno such package\\na log is there' >&2; exit 1")
    with pytest.raises(DataError, match=r"npm failed: npm error 404; no such package$"):
        npm_package("toy@1.0")(folder)
    client("apt-get", "echo 'E: Unable to locate package toy' >&2; exit 100")
    with pytest.raises(
        DataError, match=r"Unable to locate package toy; if .* `apt-get update` may"
    ):
        debian_package("toy")(folder)
    client("npm", "exit 3")
    with pytest.raises(DataError, match="npm failed: exit status 3"):
        npm_package("toy@1.0")(folder)


def test_downloads_arrive_under_their_own_names(folder, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "a.gz").write_text("a")
    (site / "b.gz").write_text("b")
    file_urls(f"{site.as_uri()}/", ["a.gz", "b.gz"])(folder)
    assert sorted(path.read_text() for path in folder.iterdir()) == ["a", "b"]


def test_an_archive_is_downloaded_and_unpacked(folder, tmp_path):
    archive_url(_archive(tmp_path / "toy.tar.gz", ["batches/a"]).as_uri())(folder)
    assert (folder / "batches" / "a").is_file()


def test_a_missing_download_fails(folder, tmp_path):
    with pytest.raises(OSError, match=r"nothing\.tar\.gz"):
        archive_url((tmp_path / "nothing.tar.gz").as_uri())(folder)


def test_an_archive_cannot_write_outside_its_folder(folder, tmp_path):
    archive = _archive(tmp_path / "evil.tar.gz", ["../outside"])
    with pytest.raises(tarfile.TarError):
        archive_url(archive.as_uri())(folder)
    assert not (tmp_path / "outside").exists()
