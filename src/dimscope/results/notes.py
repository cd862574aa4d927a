"""Notes: what a reader must know about a number, as a sentence, with a code for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

#: What the codes of our own notes mean; estimators of other libraries may use others.
NOTE_CODES: Mapping[str, str] = {
    "above_features": "the interval, or by far the value, lies above the number of features",
    "assumption": "what the value assumes",
    "bias": "edges or curvature bias the value by more than its interval",
    "block_errors": "the error is the scatter over disjoint blocks of points",
    "calibration": "the data that a calibrated method was compared with",
    "copies": "rows that repeat another exactly were set aside, or counted as well",
    "dependence": "the interval takes points as independent",
    "disagreement": "two forms of one value differ by more than their errors",
    "discrete": "points at equal distances: the data look discrete",
    "even_spacing": "near neighbours come at regular distances, as on a grid",
    "extrapolated": "the data are unlike those that a calibrated method was compared with",
    "fallback": "the preferred method could not be used, so another was",
    "fewer_directions": "fewer directions act than the family has coordinates",
    "groups": "points of one group stood together among neighbours, or were seen as neighbours",
    "inapplicable": "a form that was asked for does not apply",
    "index_column": "a column seems to number the rows, as an id does",
    "kinks": "the network has kinks, which derivatives do not see",
    "left_out": "some points could not be used",
    "limit": "the value lies at the limit of what this method can resolve",
    "mixture": "several dimensions were found",
    "near_copies": "rows that nearly repeat another were set aside, or kept",
    "not_a_metric": "the distances given break the triangle inequality, as squares do",
    "not_included": "a part of the noise, or of its error, is not in the value",
    "other_library": "another library's estimator gave no usable answer",
    "outlier": "a few rows far from all others decide a linear dimension",
    "padding": "padding tokens are part of the vectors",
    "row_order": "nearest neighbours are the next rows: rows depend on each other",
    "rounding": "distances hardly exceed the rounding of the stored values",
    "scales": "what other methods see, or cannot see, at the same scales",
    "undetermined": "the data do not determine a value",
    "unclassified": "a note of a file of version 0.1, which had no codes",
    "unknown": "why there is no value, where the method failed",
}


class Note(str):
    """One sentence for people, with a code for programs.

    A note is a string: it prints, joins and compares as its sentence.

    Parameters
    ----------
    code
        A word in lower case; those of our own notes are in `NOTE_CODES`.
    text
        The sentence.

    Examples
    --------
    >>> note = Note("copies", "12 of 100 rows repeat another row exactly.")
    >>> note.code, note.endswith("exactly.")
    ('copies', True)
    """

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> Self:
        """Make a note."""
        note = super().__new__(cls, text)
        object.__setattr__(note, "code", code)
        return note

    def __reduce__(self) -> tuple[type[Note], tuple[str, str]]:
        return type(self), (self.code, str(self))  # else copies and pickles would set the code

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a note cannot be changed: {name} = {value!r}")


def as_note(said: Any) -> Note:
    """Return a note from a note, from its JSON, or from a sentence without a code."""
    if isinstance(said, Note):
        return said
    if isinstance(said, Mapping):
        return Note(said["code"], said["text"])
    return Note("unclassified", str(said))


def joined(notes: Iterable[str]) -> str:
    """Join the sentences to one text."""
    return " ".join(notes)
