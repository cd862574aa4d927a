"""`dimscope layers`: what can be measured in a network."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from dimscope.cli.output import print_json, print_table
from dimscope.cli.sources import load_sources, model_and_data


@click.command()
@model_and_data
@click.option("--json", "as_json", is_flag=True, help="Every field, as JSON.")
def layers(as_json: bool, **sources: Any) -> None:
    """List the layers of a network: name, type, shape for one sample, relative depth.

    A star marks those that --layers auto takes.
    """
    from dimscope.capture import layer_names  # noqa: PLC0415 - torch loads when needed

    loaded, data, _ = load_sources(**sources)
    infos = layer_names(loaded.model, data).values()
    if as_json:
        print_json({"model": loaded.label, "layers": [asdict(info) for info in infos]})
        return
    print_table(
        ["layer", "type", "shape", "features", "depth", "auto"],
        [
            [
                info.name,
                info.type,
                "-" if info.shape is None else " x ".join(map(str, info.shape)),
                "-" if info.n_features is None else str(info.n_features),
                "-" if info.relative_depth is None else f"{info.relative_depth:.2f}",
                "*" if info.auto else "",
            ]
            for info in infos
        ],
        left=2,
    )
