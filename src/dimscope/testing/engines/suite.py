"""Which checks an engine must pass, and how they are run.

The true answers are those of direct differences of all pairs in float64. There are few points, but
enough of them to reach the algorithms that an engine may use for larger searches only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dimscope.neighbors import Engine, require_engine
from dimscope.testing.checks import Check, run_checks
from dimscope.testing.engines import contract, exactness, inputs

_CHECKS: tuple[Callable[[Engine], None], ...] = (
    contract.check_says_its_resources,
    contract.check_shapes_and_types,
    exactness.check_nearest,
    exactness.check_some_points_among_others,
    exactness.check_all_neighbors,
    exactness.check_ties_are_ordered_by_index,
    exactness.check_copies_are_neighbors,
    exactness.check_distances_at_ranks,
    exactness.check_counts_within,
    inputs.check_units,
    inputs.check_points_under_a_metric,
    inputs.check_storage,
    inputs.check_taken_points,
    contract.check_points_are_left_alone,
    contract.check_answers_repeat,
)


def engine_checks(engine: Engine, *, others: Sequence[Engine] = ()) -> list[Check]:
    """Return the checks of an engine, one by one, for pytest; see `check_engine`.

    Parameters
    ----------
    engine
        The engine to check.
    others
        The same engine with other resources.

    Raises
    ------
    InputError
        If it, or one of the others, is not an `Engine`.
    """
    for one in (engine, *others):
        require_engine(one)
    checks = [Check(function, engine) for function in _CHECKS]
    if others:
        checks.append(Check(contract.check_resources_change_nothing, (engine, *others)))
    return checks


def check_engine(
    engine: Engine,
    *,
    others: Sequence[Engine] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> None:
    """Run every check of an engine, and say which failed and why.

    Its answers are compared with direct differences in float64, on clouds with offsets, outliers,
    classes far apart, ties and copies. All checks together take seconds.

    Parameters
    ----------
    engine
        The engine to check.
    others
        The same engine with other resources: fewer threads, a device. Their answers must be equal
        to the last bit.
    expected_failures
        Names of checks that it is known to fail, each with the reason. One that passes is a
        failure.

    Raises
    ------
    ConformanceError
        If a check failed; its message has a line for each.
    InputError
        If it is not an `Engine`, or an expected failure is not the name of a check.
    """
    checks = engine_checks(engine, others=others)
    run_checks(type(engine).__name__, checks, expected_failures)
