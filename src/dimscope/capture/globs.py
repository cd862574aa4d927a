"""Globs of layer names."""

from __future__ import annotations

import re


def is_glob(text: str) -> bool:
    """Whether ``text`` has wildcards."""
    return "*" in text or "?" in text


def matches(name: str, glob: str) -> bool:
    """Whether a layer's name matches: ``*`` stays within a part between dots, ``**`` crosses them.

    Examples
    --------
    >>> matches("blocks.3", "blocks.*"), matches("blocks.3.conv", "blocks.*")
    (True, False)
    >>> matches("blocks.3.conv", "blocks.**"), matches("blocks.3.conv", "**.conv")
    (True, True)
    """
    pattern = re.escape(glob).replace(r"\*\*", ".*").replace(r"\*", "[^.]*").replace(r"\?", "[^.]")
    return re.fullmatch(pattern, name) is not None
