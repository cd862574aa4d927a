"""Notes: text with a code, whatever happens to them; and the codes that our estimators use."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path

import pytest

import dimscope
from dimscope.results import NOTE_CODES, Note, as_note, plain

NOTE = Note("copies", "12 of 100 rows repeat another row exactly.")
SOURCES = sorted(Path(dimscope.__file__).parent.rglob("*.py"))


def codes_in(sources):
    return [
        code for source in sources for code in re.findall(r'Note\(\s*"(\w*)"', source.read_text())
    ]


@pytest.mark.parametrize(
    "copied", [copy.copy(NOTE), copy.deepcopy(NOTE), pickle.loads(pickle.dumps(NOTE))]
)
def test_copies_keep_the_code(copied):
    assert (copied, copied.code) == (NOTE, "copies")


def test_as_json_and_back():
    assert plain(NOTE) == {"code": "copies", "text": str(NOTE)}
    back = as_note(plain(NOTE))
    assert (back, back.code) == (NOTE, "copies")
    assert as_note("An old note.").code == "unclassified"


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError, match="a note cannot be changed"):
        NOTE.code = "bias"


def test_every_code_of_ours_is_known_and_every_known_one_is_used():
    used = codes_in(SOURCES)
    assert len(used) > 20
    assert set(used) == NOTE_CODES.keys()
