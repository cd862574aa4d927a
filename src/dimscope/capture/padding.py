"""What becomes of the padding in a layer: left out by its pooling, or part of its vectors."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dimscope.results import Note


@dataclass(frozen=True)
class Padding:
    """What became of the padding in a layer.

    Attributes
    ----------
    n_positions
        Tokens (or pixels) that a mask tells of.
    n_left_out
        Padding that the pooling left out.
    n_kept
        Padding that is part of the vectors.
    misfit
        Where there is padding but no mask fits: the shapes of the mask and of the layer.
    """

    n_positions: int = 0
    n_left_out: int = 0
    n_kept: int = 0
    misfit: str = ""

    def __add__(self, other: Padding) -> Padding:
        """The padding of more samples."""
        return Padding(
            self.n_positions + other.n_positions,
            self.n_left_out + other.n_left_out,
            self.n_kept + other.n_kept,
            self.misfit or other.misfit,
        )

    def kept(self) -> Padding:
        """The same, where the pooling takes no mask."""
        return replace(self, n_left_out=0, n_kept=self.n_kept + self.n_left_out)

    def note(self, pooling: str) -> Note | None:
        """What a reader must know of it."""
        if self.n_kept:
            return Note(
                "padding",
                f"{self.n_kept} of {self.n_positions} tokens are padding and part of the vectors, "
                f"as pooling {pooling!r} leaves none out here: use 'token_mean' or 'last_token' "
                "for tokens, 'spatial_mean' for maps, or a function pooling(activation, mask).",
            )
        if self.misfit:
            return Note(
                "padding",
                f"There is padding, but the mask does not fit this layer ({self.misfit}), so that "
                "padding is part of the vectors: give mask=, a function of the batch that returns "
                "one that does.",
            )
        return None
