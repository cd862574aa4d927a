from __future__ import annotations

import pytest

from dimscope.errors import InputError
from dimscope.store import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("12B", 12),
        ("2GiB", 2 * 2**30),
        ("2 gib", 2 * 2**30),
        ("500MB", 500_000_000),
        (" 1.5 KiB ", 1536),
        ("1TB", 10**12),
    ],
)
def test_parse_size(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "GiB", "-1GB", "2 G", "2GiBs", "1e9", "two"])
def test_parse_size_refuses_what_it_cannot_read(text: str) -> None:
    with pytest.raises(InputError, match="such as 2GiB"):
        parse_size(text)


@pytest.mark.parametrize("n_bytes", [0, 1, 1023, 1024, 5 * 2**20, 3 * 2**30, 2**50])
def test_format_size_reads_back(n_bytes: int) -> None:
    assert parse_size(format_size(n_bytes)) == n_bytes
