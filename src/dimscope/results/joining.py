"""Join the tables of several measurements, unless these contradict each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.results.documents import plain
from dimscope.results.tables import Tables, tick_table

_MEASURED = ["model", "step", "layer", "pooling", "data"]
_SUBJECT = [*_MEASURED, "sample", "replicate", "group"]
_QUANTITY = ["name", "method", "setting"]
#: Values that a message leaves out.
_USUAL = {"sample": "data", "replicate": 0, "setting": ""}
_USUAL_MODE = "eval"  # also of profiles that do not say it: those of older versions
_OTHER = [f"other_{name}" for name in _SUBJECT]

#: The columns by which the rows of a table are told apart.
KEYS: Mapping[str, list[str]] = {
    "layers": _MEASURED,
    "values": [*_SUBJECT, *_QUANTITY],
    "curves": [*_SUBJECT, *_QUANTITY, "axis", "at", "other"],
    "pairs": [*_SUBJECT, *_OTHER, *_QUANTITY],
    "locals": [*_SUBJECT, *_QUANTITY, "row"],
    "verdicts": [*_SUBJECT, "rule", "statement"],
    "ticks": ["model", "step"],
}


def joined_tables(parts: Sequence[Tables]) -> dict[str, Any]:
    """Join the tables and the provenance of several measurements, each row once.

    Raises
    ------
    InputError
        If two rows differ and have the same key.
    """
    _require_one_network(parts)
    listed = [part.tables() for part in parts]
    joined: dict[str, Any] = {
        name: _joined(name, [tables[name] for tables in listed]) for name in KEYS
    }
    joined["ticks"] = tick_table(joined["ticks"].to_dict("records"))
    return joined | {"provenance": _provenance(parts)}


def _joined(name: str, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    known = [table for table in tables if len(table)]
    if len(known) < 2:
        return known[0] if known else tables[0]
    whole = pd.concat(known, ignore_index=True)
    if name == "layers":
        whole = _in_one_order(whole)
    distinct = whole[~_comparable(whole).duplicated()]
    twice = distinct[distinct.duplicated(KEYS[name])]
    if len(twice):
        raise InputError(
            f"the profiles contradict each other: two {name} of {_described(twice, KEYS[name])}. "
            "Give each measurement its own label, or join only one of them"
        )
    return distinct.reset_index(drop=True)


def _described(rows: pd.DataFrame, columns: Sequence[str]) -> str:
    """Name the first row by its key, for a message."""
    first = rows.astype(object).iloc[0]
    said = {c: first[c] for c in columns if not (pd.isna(first[c]) or first[c] == _USUAL.get(c))}
    return ", ".join(f"{column} {value!r}" for column, value in said.items())


def _comparable(table: pd.DataFrame) -> pd.DataFrame:
    """Turn columns of objects into text, so that pandas can compare rows."""
    objects = [name for name in table.columns if table[name].dtype == object]
    return table.assign(**{name: table[name].map(str) for name in objects})


def _in_one_order(layers: pd.DataFrame) -> pd.DataFrame:
    """Number the layers of one network anew if several measurements numbered them.

    Each measurement counts its own layers from 0, so the same layer can have two indices.
    """
    once = layers.drop_duplicates([*_MEASURED, "relative_depth", "n_features"])
    parts = []
    for _, own in once.groupby(["model", "step", "pooling", "data"], dropna=False, sort=False):
        if own["index"].duplicated().any():
            own = own.sort_values(["relative_depth", "index"], kind="stable")
            own = own.assign(index=range(len(own)))
        parts.append(own)
    return pd.concat(parts, ignore_index=True).astype(layers.dtypes.to_dict())


def _provenance(parts: Sequence[Tables]) -> dict[str, Any]:
    """Collect the facts of every label; further facts of the same label get a number."""
    whole: dict[str, Any] = {}
    for part in parts:
        for label, facts in part.provenance.items():
            names = (label if i == 1 else f"{label} ({i})" for i in itertools.count(1))
            name = next(n for n in names if plain(whole.get(n, facts)) == plain(facts))
            whole[name] = facts
    return whole


def _require_one_network(parts: Sequence[Tables]) -> None:
    """Refuse two networks with the same label at the same step, and one label in two modes."""
    hashes: dict[tuple[str, Any], str] = {}
    modes: dict[str, str] = {}
    for part in parts:
        for model, facts in part.provenance.items():
            mode = facts.get("mode", _USUAL_MODE)
            if modes.setdefault(model, mode) != mode:
                raise InputError(
                    f"two profiles share the model label {model!r} and were measured in the modes "
                    f"{modes[model]!r} and {mode!r}: give each its own label"
                )
        steps = part.layers[["model", "step"]].drop_duplicates().astype(object)
        for model, step in steps.itertuples(index=False):
            found = part.provenance.get(model, {}).get("model_hash")
            key = model, None if pd.isna(step) else step
            if found is not None and hashes.setdefault(key, found) != found:
                raise InputError(
                    f"two profiles share the model label {model!r} and are of different networks: "
                    "give each its own label"
                )
