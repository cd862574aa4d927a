"""The conformance suite: every estimator of ours passes it, and broken ones do not."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import pytest
import skdim

import dimscope as ds
from dimscope.errors import ConformanceError
from dimscope.estimators import ESTIMATORS, NeighborEstimator, danco, graph_notes, make_estimator
from dimscope.results import Note
from dimscope.testing import check_estimator, estimator_checks

#: Lighter than by default, for some fifty estimates.
LIGHT = {"hidalgo": {"n_sweeps": 200, "n_chains": 2}}
EXPECTED = {
    "geodesic": {
        "check_line": "joined to their nearest, points on a line fall apart: half are not connected"
    },
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_registered_estimator_conforms(name, monkeypatch):
    monkeypatch.setattr(danco, "_LEAST_SIMULATED", 200)
    estimator = make_estimator(name).set_params(**LIGHT.get(name, {}))
    check_estimator(estimator, expected_failures=EXPECTED.get(name))


@pytest.mark.parametrize(
    "estimator",
    [
        ds.MADA(combination="vote"),
        ds.ParticipationRatio(correction="none"),
        ds.LocalPCA(rule="participation_ratio"),
        ds.TwoNN(discard_fraction=0.0),
        ds.Gride(n1=16),
    ],
    ids=repr,
)
def test_so_do_other_parameters(estimator):
    check_estimator(estimator)


@dataclass(kw_only=True)
class Sound(NeighborEstimator):
    """TwoNN by maximum likelihood (Facco et al. 2017), to be broken below.

    Cost: N logarithms.
    """

    name: ClassVar[str] = "sound"

    @property
    def n_neighbors_needed(self):
        """Neighbours used: 2."""
        return 2

    def ratios(self, graph):
        return graph.distances[:, 0], graph.distances[:, 1]

    def dimension(self, graph):
        r1, r2 = self.ratios(graph)
        total = float(np.log(r2 / r1).sum())
        if len(r1) < 5 or total == 0:
            raise ds.InputError(f"{len(r1)} points with a sum of ratios {total} show no dimension")
        return (len(r1) - 1) / total

    def estimate(self, graph):
        self._check(graph)
        return self._answer(
            graph,
            value=self.dimension(graph),
            stderr=None,
            scale=float(graph.distances[:, 1].mean()),
            n_samples=graph.n_samples,
            notes=graph_notes(graph),
            ranks=(1, 2),
        )


@final
@dataclass(kw_only=True)
class AbsoluteEpsilon(Sound):
    """As `Sound` (2017), with distances below 1e-9 taken as 0. Cost: the same."""

    def ratios(self, graph):
        apart = graph.distances[:, 0] > 1e-9
        return graph.distances[apart, 0], graph.distances[apart, 1]


@final
@dataclass(kw_only=True)
class AddsEpsilon(Sound):
    """As `Sound` (2017), with a number added against division by 0. Cost: the same."""

    def ratios(self, graph):
        return graph.distances[:, 0] + 1e-8, graph.distances[:, 1] + 1e-8


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
class MeanOfLocal(Sound):
    """Levina and Bickel (2004): the mean of local dimensions of k = 20. Cost: N k."""

    @property
    def n_neighbors_needed(self):
        """Neighbours used: 20."""
        return 20

    def dimension(self, graph):
        shares = graph.distances[:, :19] / graph.distances[:, 19:20]
        with np.errstate(divide="ignore"):
            values = 18 / -np.log(shares).sum(axis=1)
        if not np.isfinite(values).all():
            raise ds.InputError("all 20 neighbours of a point are at one distance")
        return float(values.mean())


@final
@dataclass(kw_only=True)
class ZeroForUnknown(Sound):
    """As `Sound` (2017), with 0 where nothing can be seen. Cost: the same."""

    def dimension(self, graph):
        try:
            return super().dimension(graph)
        except ds.InputError:
            return 0.0


@final
@dataclass(kw_only=True)
class InUnitsOfItsOwn(Sound):
    """As `Sound` (2017), weighted by the distances in their units. Cost: the same."""

    def dimension(self, graph):
        return super().dimension(graph) * (1 + 0.01 * np.tanh(graph.distances.mean()))


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
class DependsOnTheFirstPoint(Sound):
    """As `Sound` (2017), with the first point counted twenty times. Cost: the same."""

    def ratios(self, graph):
        rows = np.r_[np.zeros(20, dtype=int), 1 : graph.n_samples]
        return graph.distances[rows, 0], graph.distances[rows, 1]


@final
@dataclass(kw_only=True)
class TwiceTooHigh(Sound):
    """As `Sound` (2017), times 2. Cost: the same."""

    def dimension(self, graph):
        return 2 * super().dimension(graph)


@final
@dataclass(kw_only=True)
class UsesAllNeighbors(Sound):
    """As `Sound` (2017), with the last neighbour that the graph happens to have. Cost: the same."""

    def ratios(self, graph):
        return graph.distances[:, 0], graph.distances[:, -1]


@final
@dataclass(kw_only=True)
class SaysNothing(Sound):
    """As `Sound` (2017), without any notes. Cost: the same."""

    def estimate(self, graph):
        return dataclasses.replace(Sound.estimate(self, graph), notes=())


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


def test_what_is_to_be_broken_is_sound():
    check_estimator(Sound())


@pytest.mark.parametrize(
    ("broken", "failed"),
    [
        (AbsoluteEpsilon(), {"check_scale"}),
        (AddsEpsilon(), {"check_scale"}),
        (KeepsState(), {"check_estimate_is_pure"}),
        (Remembers(), {"check_estimate_is_pure", "check_no_hidden_randomness"}),
        (MeanOfLocal(), {"check_one_outlier"}),
        (ZeroForUnknown(), {"check_equal_distances", "check_few_points"}),
        (InUnitsOfItsOwn(), {"check_scale"}),
        (WritesIntoTheGraph(), {"check_estimate_is_pure"}),
        (DrawsFromTheGlobalGenerator(), {"check_no_hidden_randomness"}),
        (DependsOnTheFirstPoint(), {"check_order_of_points"}),
        (TwiceTooHigh(), {"check_line", "check_plane", "check_sphere", "check_ball"}),
        (UsesAllNeighbors(), {"check_more_neighbors_change_nothing"}),
        (SaysNothing(), {"check_discrete_data_are_noted", "check_duplicates_are_set_aside"}),
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
    with pytest.raises(ConformanceError) as caught:
        check_estimator(broken)
    assert failed <= caught.value.failures.keys()
    for check, fault in caught.value.failures.items():
        assert f"{check}: {fault}" in str(caught.value)


@pytest.mark.parametrize(
    ("broken", "only"),
    [
        (AbsoluteEpsilon(), "check_scale"),
        (MeanOfLocal(), "check_one_outlier"),
        (UsesAllNeighbors(), "check_more_neighbors_change_nothing"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_fault_is_one_failure(broken, only):
    with pytest.raises(ConformanceError, match=f"sound failed 1 checks:\n  {only}: ") as caught:
        check_estimator(broken)
    assert list(caught.value.failures) == [only]
    check_estimator(broken, expected_failures={only: "it was made so"})


class TestExpectedFailures:
    def test_one_that_passes_is_a_failure(self):
        with pytest.raises(
            ConformanceError, match="check_line: passed, but was expected to fail because x"
        ):
            check_estimator(Sound(), expected_failures={"check_line": "x"})

    def test_one_that_is_no_check_is_bad_input(self):
        with pytest.raises(ds.InputError, match="no check of i3d is called check_rotation: choose"):
            check_estimator("i3d", expected_failures={"check_rotation": "integers"})


@pytest.mark.parametrize("check", estimator_checks(ds.TwoNNMLE()), ids=str)
def test_checks_are_ready_for_pytest(check):
    check()
    assert check.function.__doc__


def test_what_is_no_estimator_is_bad_input():
    with pytest.raises(ds.InputError, match="lPCA is not an Estimator: give an instance"):
        list(estimator_checks(skdim.id.lPCA()))


@pytest.mark.filterwarnings("ignore::RuntimeWarning:skdim")
@pytest.mark.parametrize(
    ("peer", "fault"),
    [
        (skdim.id.MOM(), "check_one_outlier"),  # a mean of local dimensions
        (skdim.id.TLE(), "check_scale"),  # 1e-4 in the units of the data
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_finds_what_scikit_dimension_is_known_for(peer, fault):
    """Version 0.5.0, through `External`."""
    check = {str(c): c for c in estimator_checks(ds.External(estimator=peer))}[fault]
    with pytest.raises(AssertionError):
        check()


def test_it_runs_without_pytest_and_without_scikit_learn():
    code = (
        "import sys\n"
        "from dimscope.testing import check_estimator\n"
        "check_estimator('levina_bickel')\n"
        "assert not {'pytest', 'sklearn', '_pytest'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
