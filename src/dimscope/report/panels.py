"""A figure with its controls and its explanation, as HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

#: Outlines of the markers used, in a box of 24 x 12, by Plotly's names.
_OUTLINES = {
    "circle": '<circle cx="12" cy="6" r="3.6"/>',
    "square": '<rect x="8.5" y="2.5" width="7" height="7"/>',
    "triangle-up": '<path d="M12 1.6 16 9.2 8 9.2Z"/>',
    "diamond": '<path d="M12 1.4 16.4 6 12 10.6 7.6 6Z"/>',
    "triangle-down": '<path d="M12 10.4 16 2.8 8 2.8Z"/>',
    "cross": '<path d="M10.5 2h3v2.5h2.5v3h-2.5V10h-3V7.5H8v-3h2.5Z"/>',
}
MARKERS = tuple(_OUTLINES)


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One choice in a group.

    Attributes
    ----------
    label
        Text of the button.
    value
        The value that shows a trace: for each group, one pressed chip must have the value that the
        trace's ``meta`` has under the key of the group.
    pressed
        Whether it starts pressed.
    color, marker, dashed, dotted
        How its line looks; the button shows a sample if it has a colour or a marker.
    relayout
        Changes of the figure's layout when it is pressed.
    """

    label: str
    value: str
    pressed: bool = True
    color: str | None = None
    marker: str | None = None
    dashed: bool = False
    dotted: bool = False
    relayout: Mapping[str, Any] = field(default_factory=dict)

    def html(self) -> str:
        """The button."""
        layout = escape(json.dumps(self.relayout)) if self.relayout else "{}"
        return (
            f'<button type="button" class="chip" data-value="{escape(self.value)}" '
            f'data-relayout="{layout}" aria-pressed="{str(self.pressed).lower()}">'
            f"{self._sample()}{escape(self.label)}</button>"
        )

    def _sample(self) -> str:
        if self.color is None and self.marker is None and not self.dotted:
            return ""
        color = self.color or "currentColor"
        dash = ' stroke-dasharray="4 3"' if self.dashed else ""
        dash = ' stroke-dasharray="2 2"' if self.dotted else dash
        outline = _OUTLINES[self.marker] if self.marker else ""
        fill = "var(--card)" if self.dashed else color
        return (
            f'<svg viewBox="0 0 24 12" aria-hidden="true" stroke="{color}" fill="{fill}">'
            f'<path d="M1 6H23" stroke-width="2"{dash}/>{outline}</svg>'
        )


@dataclass(frozen=True, kw_only=True)
class Group:
    """Chips of which one (``single``) or any number are pressed.

    ``key`` is the entry of a trace's ``meta`` by which they choose traces; it is empty if they only
    change the layout.
    """

    title: str
    chips: Sequence[Chip]
    key: str = ""
    single: bool = False

    def html(self) -> str:
        """The group; nothing if there is no choice."""
        if len(self.chips) < 2:
            return ""
        every = (
            '<button type="button" class="every" data-every="true">all</button>'
            '<button type="button" class="every" data-every="false">none</button>'
        )
        return (
            f'<div class="group" role="group" aria-label="{escape(self.title)}" '
            f'data-key="{self.key}" data-single="{str(self.single).lower()}">'
            f"<span>{escape(self.title)}</span>"
            f"{every if not self.single and len(self.chips) > 4 else ''}"
            f"{''.join(chip.html() for chip in self.chips)}</div>"
        )


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A figure (Plotly's own JSON), its controls, and how to read it."""

    name: str
    title: str
    figure: str
    groups: Sequence[Group]
    reading: str

    def html(self) -> str:
        """The section of the page."""
        return (
            f'<section id="{self.name}"><h2>{escape(self.title)}</h2><div class="card">'
            f'<div class="groups">{"".join(group.html() for group in self.groups)}</div>'
            f'<div class="figure" data-figure="{self.name}" role="figure" '
            f'aria-label="{escape(self.title)}"></div></div>'
            f'<p class="reading"><strong>How to read this.</strong> {escape(self.reading)}</p>'
            f"{embed(f'{self.name}-data', self.figure)}</section>"
        )


def embed(name: str, text: str) -> str:
    """Embed JSON as a script element that is not run and that no text in it can close."""
    inert = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{inert}</script>'
