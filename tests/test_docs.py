"""Every Python code block of README and docs runs, in order, and shows what it says."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```(?:\n+^```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCK.search(p.read_text("utf-8"))], ids=str)
def test_code_blocks_run_and_print_what_they_show(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code, shown in BLOCK.findall(page.read_text("utf-8")):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(code, page.name, "exec"), names)
        if shown:
            assert output.getvalue().split() == shown.split()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_to_files_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_readme_opens_with_the_two_commands():
    readme = (ROOT / "README.md").read_text("utf-8")
    first_block = re.search(r"```\w*\n(.*?)```", readme, re.DOTALL)
    assert [line.split()[:2] for line in first_block[1].splitlines()] == [
        ["make", "demo"],
        ["make", "test"],
    ]


def test_every_make_target_of_readme_exists():
    targets = re.findall(r"^([\w-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for name in re.findall(r"make ([\w-]+)", (ROOT / "README.md").read_text("utf-8")):
        assert name in targets


def test_the_page_of_reliability_names_tests_that_exist():
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    named = re.findall(r"(tests/[\w/]+\.py)((?:::\w+)*)", page)
    assert len(named) > 50
    for path, names in named:
        source = (ROOT / path).read_text("utf-8")
        for name in filter(None, names.split("::")):
            assert re.search(rf"^ *(?:def|class) {name}\b", source, re.MULTILINE), (path, name)
