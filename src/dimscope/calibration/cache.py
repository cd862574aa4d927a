"""Response curves that were simulated here before, on disk by what they are of."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from dimscope._files import digest, seal_holds, sealed, write_file
from dimscope.results import ResponseCurve, plain

#: Names the folder of what was simulated, in place of the user's cache folder.
VARIABLE = "DIMSCOPE_CACHE"
#: Changes with the families or with the way of smoothing: older curves are made again.
_REVISION = 1
_ARRAYS = ("dimensions", "means", "sds", "lows", "highs")


def read_curve(facts: Mapping[str, Any]) -> ResponseCurve | None:
    """Read the curve of these facts; None if there is none, or the file is damaged."""
    try:
        found = json.loads(_path(facts).read_text(encoding="utf-8"))
        if not seal_holds(found):
            return None
        fields: dict[str, Any] = found["curve"]
        arrays = {name: np.array(fields[name], dtype=np.float64) for name in _ARRAYS}
        return ResponseCurve(**(fields | arrays))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_curve(facts: Mapping[str, Any], curve: ResponseCurve) -> None:
    """Keep a curve for later sessions; warn if the folder cannot be written."""
    path = _path(facts)
    fields = {name: plain(getattr(curve, name)) for name in curve.__dataclass_fields__}
    content = json.dumps(sealed({"facts": plain(facts), "curve": fields})).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
    except OSError as error:
        warnings.warn(
            f"a simulated response curve cannot be kept in {str(path.parent)!r} "
            f"({error.strerror or error}), and is simulated again next time: choose another "
            f"folder with {VARIABLE}",
            RuntimeWarning,
            stacklevel=2,
        )


def _path(facts: Mapping[str, Any]) -> Path:
    chosen = os.environ.get(VARIABLE) or platformdirs.user_cache_dir("dimscope")
    key = digest(json.dumps({"revision": _REVISION, **plain(facts)}, sort_keys=True).encode())
    return Path(chosen).expanduser() / "responses" / f"{key[:24]}.json"
