"""`dimscope layers`: list the layers of a network that can be measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from dimscope.cli.output import Output, json_option, print_table
from dimscope.cli.sources import load_sources, model_and_data

if TYPE_CHECKING:
    from dimscope.capture import LayerInfo


@click.command()
@model_and_data
@json_option("Every field, as JSON.")
def layers(output: Output, **sources: Any) -> None:
    """List the layers of a network: name, type, shape for one sample, relative depth.

    A star marks the layers that --layers auto chooses.
    """
    from dimscope.capture import layer_names  # noqa: PLC0415 - torch loads when needed

    loaded, data = load_sources(**sources)
    infos = list(layer_names(loaded.model, data).values())
    output.write(
        text=lambda: _print_layers(infos),
        document=lambda: {"model": loaded.label, "layers": [asdict(info) for info in infos]},
    )


def _print_layers(infos: Sequence[LayerInfo]) -> None:
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
