"""`dimscope layers`: list the layers of a network, and what cannot be measured of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from dimscope.cli.output import Output, json_option, print_table
from dimscope.cli.sources import axes_option, load_sources, model_and_data

if TYPE_CHECKING:
    from dimscope.capture import LayerInfo, LayerTable

_SHOWN = 6


@click.command()
@model_and_data
@axes_option
@json_option("Every field, as JSON.")
def layers(output: Output, axes: dict[str, str], **sources: Any) -> None:
    """List the layers of a network: name, type, shape for one sample, axes, relative depth.

    A star marks the layers that --layers auto chooses. The axes are those of the whole activation:
    B the samples, C the channels, ? unknown, others positions. What cannot be measured follows,
    with the reasons.
    """
    from dimscope.capture import layer_names  # noqa: PLC0415 - torch loads when needed

    loaded, data = load_sources(**sources)
    infos = layer_names(loaded.model, data, axes=axes)
    output.write(
        text=lambda: _print_layers(infos),
        document=lambda: {
            "model": loaded.label,
            "layers": [asdict(info) for info in infos.values()],
            "not_measured": [
                {"name": name, "reason": why, "left_out_by_auto": name in infos.left_out}
                for name, why in infos.not_measured.items()
            ],
        },
    )


def _print_layers(infos: LayerTable) -> None:
    print_table(
        ["layer", "type", "shape", "axes", "features", "depth", "auto"],
        map(_row, infos.values()),
        left=2,
    )
    if infos.not_measured:
        click.echo("\nNot measured:")
        for why, names in _by_reason(infos.not_measured).items():
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            click.echo(f"  {', '.join(names[:_SHOWN])}{more}: {why}")
    if infos.left_out:
        click.echo(f"--layers auto would choose {', '.join(infos.left_out)} of these.")


def _row(info: LayerInfo) -> list[str]:
    return [
        info.name,
        info.type,
        "-" if info.shape is None else " x ".join(map(str, info.shape)),
        info.axes or "-",
        "-" if info.n_features is None else str(info.n_features),
        "-" if info.relative_depth is None else f"{info.relative_depth:.2f}",
        "*" if info.auto else "",
    ]


def _by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """Names that share a reason, together."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, why in reasons.items():
        found[why].append(name)
    return dict(found)
