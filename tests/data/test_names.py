from __future__ import annotations

import sys

import pytest

from dimscope.data.names import call_user_function, is_user_code
from dimscope.errors import CaptureError, InputError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net.py:build", True),
        ("C:\\nets\\net.py:build", True),
        ("net.py:", True),
        ("net.py", False),
        ("torchvision:resnet18", False),
        ("cifar10", False),
    ],
)
def test_what_is_user_code(name, expected):
    assert is_user_code(name) is expected


def test_a_file_may_use_dataclasses_and_its_neighbours(tmp_path):
    (tmp_path / "a_neighbour_of_mine.py").write_text("VALUE = 41")
    (tmp_path / "mine.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from a_neighbour_of_mine import VALUE\n"
        "@dataclass\n"
        "class Box:\n    value: int\n"
        "def build(): return Box(VALUE + 1)\n"
    )
    path_before = list(sys.path)
    try:
        assert call_user_function(f"{tmp_path / 'mine.py'}:build").value == 42
    finally:
        sys.modules.pop("a_neighbour_of_mine", None)
    assert sys.path == path_before
    assert not [name for name in sys.modules if "_dimscope_user" in name]


def test_each_call_sees_the_file_as_it_is(tmp_path):
    path = tmp_path / "mine.py"
    for value in (1, 22):
        path.write_text(f"def build(): return {value}")
        assert call_user_function(f"{path}:build") == value


def test_a_missing_file_or_function_says_what_there_is(tmp_path):
    path = tmp_path / "mine.py"
    with pytest.raises(InputError, match="there is no file"):
        call_user_function(f"{path}:build")
    path.write_text("import math\nfrom pathlib import Path\nx = 1\ndef make(): ...\n")
    for function in ("build", "x", ""):
        with pytest.raises(InputError, match=rf"no function '{function}'; it has: make$"):
            call_user_function(f"{path}:{function}")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def build(:", "SyntaxError"),
        ("import no_such_package_at_all", "ModuleNotFoundError"),
        ("def build(): raise OSError('disk')", "OSError: disk"),
        ("def build(size): return size", "TypeError"),
    ],
)
def test_an_error_in_the_file_is_kept_as_the_cause(tmp_path, code, message):
    path = tmp_path / "mine.py"
    path.write_text(code)
    before = set(sys.modules)
    with pytest.raises(CaptureError, match=message) as caught:
        call_user_function(f"{path}:build")
    assert caught.value.__cause__ is not None
    assert not [name for name in set(sys.modules) - before if "_dimscope_user" in name]
