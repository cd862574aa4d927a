"""Golden rows as JSON: floats as hexadecimal text, which keeps every bit, and None as null."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: What was measured, by column.
Row = dict[str, Any]
#: Rows by subject: parts joined by " / ", the method among them.
Rows = dict[str, Row]

#: Ranks of the eigenvalues that are kept.
EIGENVALUES = (1, 2, 3, 5, 8, 13)
_HEX = re.compile(r"-?0x[01]\.[0-9a-f]+p[+-]\d+|nan|-?inf")


def encode(value: Any) -> Any:
    """``value`` as JSON keeps it; floats as text, so that nan and every bit survive."""
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return encode(value.tolist())
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or isinstance(value, bool | int | str):
        return None if value is pd.NA else value
    return value.hex() if isinstance(value, float) else str(value)


def decode(value: Any) -> Any:
    """A part of an encoded value: text of a float as that float, all else as it is."""
    is_float = isinstance(value, str) and _HEX.fullmatch(value) is not None
    return float.fromhex(value) if is_float else value


def encode_frame(frame: pd.DataFrame) -> list[Row]:
    """The rows of a frame; missing values are None."""
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): encode(value) for name, value in record.items()} for record in records]


def encode_profile(frame: pd.DataFrame) -> list[Row]:
    """The rows of a profile's frame, of the eigenvalues only a few."""
    is_kept = (frame["curve"] != "spectrum") | frame["rank"].isin(EIGENVALUES)
    return encode_frame(frame[is_kept])


def by_subject(rows: Iterable[Row], keys: Iterable[str], prefix: str = "") -> Rows:
    """Rows under the values of some of their columns, which they lose; a None is left out.

    Raises
    ------
    ValueError
        If two rows have one name.
    """
    found: Rows = {}
    names = list(keys)
    for row in rows:
        parts = [prefix, *(str(row[name]) for name in names if row.get(name) is not None)]
        subject = " / ".join(part for part in parts if part)
        if subject in found:
            raise ValueError(f"two rows are called {subject!r}: name them by more columns")
        found[subject] = {name: value for name, value in row.items() if name not in names}
    return found


def write_rows(path: Path, rows: Rows) -> None:
    """Rows as a table: the columns once, then a line for each row.

    A column that a row does not have is the text ``"absent"`` there.
    """
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [
        f"{json.dumps(subject)}: {json.dumps([row.get(c, 'absent') for c in columns])}"
        for subject, row in rows.items()
    ]
    table = ",\n".join(lines)
    path.write_text(
        f'{{"columns": {json.dumps(columns)},\n"rows": {{\n{table}\n}}}}\n', encoding="utf-8"
    )


def read_rows(path: Path) -> Rows:
    """What `write_rows` wrote."""
    table = json.loads(path.read_text(encoding="utf-8"))
    return {
        subject: {
            name: value
            for name, value in zip(table["columns"], values, strict=True)
            if value != "absent"
        }
        for subject, values in table["rows"].items()
    }
