"""What an estimator is: broken ones are found."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import pytest
from sound_estimator import Sound, assert_found, assert_only_failure

from dimscope.results import Note


@final
@dataclass(kw_only=True)
class KeepsState(Sound):
    """As `Sound` (2017), with what it saw kept. Cost: the same."""

    def dimension(self, graph):
        self.seen_ = graph.n_samples
        return super().dimension(graph)


@final
@dataclass(kw_only=True)
class Remembers(Sound):
    """As `Sound` (2017), with the mean of all that its class ever saw. Cost: the same."""

    memory: ClassVar[list] = []

    def dimension(self, graph):
        self.memory.append(super().dimension(graph))
        return float(np.mean(self.memory))


@final
@dataclass(kw_only=True)
class WritesIntoTheGraph(Sound):
    """As `Sound` (2017), sorting in place what others share. Cost: the same."""

    def dimension(self, graph):
        value = super().dimension(graph)
        graph.distances[:] = np.sort(graph.distances, axis=0)
        return value


@final
@dataclass(kw_only=True)
class DrawsFromTheGlobalGenerator(Sound):
    """As `Sound` (2017), of a random half of the points. Cost: the same."""

    def ratios(self, graph):
        half = np.random.rand(graph.n_samples) < 0.9  # noqa: NPY002
        return graph.distances[half, 0], graph.distances[half, 1]


@final
@dataclass(kw_only=True)
class UsesAllNeighbors(Sound):
    """As `Sound` (2017), with the last neighbour that the graph happens to have. Cost: the same."""

    def ratios(self, graph):
        return graph.distances[:, 0], graph.distances[:, -1]


@final
@dataclass(kw_only=True)
class HasNotesWithoutCodes(Sound):
    """As `Sound` (2017), with notes that are only text. Cost: the same."""

    def estimate(self, graph):
        found = Sound.estimate(self, graph)
        return dataclasses.replace(found, notes=tuple(str(note) for note in found.notes))


@final
@dataclass(kw_only=True)
class ShoutsItsCodes(Sound):
    """As `Sound` (2017), with a code that is no word. Cost: the same."""

    def estimate(self, graph):
        found = Sound.estimate(self, graph)
        return dataclasses.replace(found, notes=(*found.notes, Note("Oh no", "It is.")))


@final
@dataclass(kw_only=True)
class PromisesAnError(Sound):
    """As `Sound` (2017), with a standard error in its class alone. Cost: the same."""

    error_kind: ClassVar[str] = "theory"


@final
@dataclass(kw_only=True)
class HasAnErrorOfNoKind(Sound):
    """As `Sound` (2017), with an error that comes from nowhere. Cost: the same."""

    def estimate(self, graph):
        return dataclasses.replace(Sound.estimate(self, graph), stderr=0.1)


@final
@dataclass(kw_only=True)
class OfNoFamily(Sound):
    """As `Sound` (2017), of a family that there is not. Cost: the same."""

    family: ClassVar[str] = "curved"


@final
@dataclass(kw_only=True)
class WithoutWords(Sound):
    """As `Sound` (2017), with a number for a title. Cost: the same."""

    title: ClassVar[int] = 7


@final
@dataclass(kw_only=True)
class HidesItsSetting(Sound):
    """As `Sound` (2017), whatever ``extra`` is. Cost: the same."""

    setting: ClassVar[str] = ""
    extra: int = 1


@final
@dataclass
class Positional(Sound):
    """Its parameter may be given by position, and has no description. No source, no price."""

    extra: int = 1


@pytest.mark.parametrize(
    ("broken", "failed"),
    [
        (KeepsState(), {"check_estimate_is_pure"}),
        (Remembers(), {"check_estimate_is_pure", "check_no_hidden_randomness"}),
        (WritesIntoTheGraph(), {"check_estimate_is_pure"}),
        (DrawsFromTheGlobalGenerator(), {"check_no_hidden_randomness"}),
        (UsesAllNeighbors(), {"check_more_neighbors_change_nothing"}),
        (HasNotesWithoutCodes(), {"check_notes_have_codes"}),
        (ShoutsItsCodes(), {"check_notes_have_codes"}),
        (PromisesAnError(), {"check_errors_say_where_they_come_from"}),
        (HasAnErrorOfNoKind(), {"check_errors_say_where_they_come_from"}),
        (OfNoFamily(), {"check_says_what_it_is"}),
        (WithoutWords(), {"check_says_what_it_is"}),
        (HidesItsSetting(), {"check_settings_are_told"}),
        (Positional(), {"check_parameters_are_keyword_only_fields", "check_is_documented"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_broken_is_found(broken, failed):
    assert_found(broken, failed)


def test_one_fault_is_one_failure():
    assert_only_failure(UsesAllNeighbors(), "check_more_neighbors_change_nothing")
