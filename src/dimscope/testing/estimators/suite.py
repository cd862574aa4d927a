"""Which checks an estimator must pass, and how they are run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from dimscope.errors import InputError
from dimscope.estimators import Estimator, NeighborEstimator, make_estimator
from dimscope.testing.checks import Check, run_checks
from dimscope.testing.estimators import bad_input, contract, invariance, theory

_EVERY: tuple[Callable[[Any], None], ...] = (
    contract.check_parameters_are_keyword_only_fields,
    contract.check_parameters_are_set_by_name,
    contract.check_says_what_it_is,
    contract.check_settings_are_told,
    contract.check_copies_are_equal,
    contract.check_estimate_is_pure,
    contract.check_no_hidden_randomness,
    contract.check_estimate_says_all,
    contract.check_errors_say_where_they_come_from,
    contract.check_notes_have_codes,
    contract.check_fit_keeps_the_estimate,
    contract.check_only_its_statistic_is_taken,
    contract.check_is_documented,
    invariance.check_order_of_features,
    invariance.check_order_of_points,
    invariance.check_constant_features,
    invariance.check_storage,
    bad_input.check_unknown_values_are_refused,
    bad_input.check_constant_is_refused,
    bad_input.check_few_points,
    bad_input.check_equal_distances,
)
_OF_NEIGHBORS: tuple[Callable[[Any], None], ...] = (
    contract.check_more_neighbors_change_nothing,
    contract.check_given_distances_agree,
    contract.check_local_estimates,
)
_OF_CONTINUOUS_DATA: tuple[Callable[[Any], None], ...] = (
    invariance.check_rotation,
    invariance.check_translation,
    invariance.check_scale,
    theory.check_line,
    theory.check_plane,
    theory.check_sphere,
    theory.check_ball,
    bad_input.check_one_outlier,
)
_OF_CONTINUOUS_NEIGHBORS: tuple[Callable[[Any], None], ...] = (
    invariance.check_duplicates_are_set_aside,
    bad_input.check_discrete_data_are_noted,
)
_OF_DISCRETE_DATA: Mapping[str, Callable[[Any], None]] = {
    "integers": theory.check_lattice,
    "bits": theory.check_fair_bits,
}


class EstimatorCheck(Check):
    """A check of an estimator, run on a copy of it."""

    @property
    def estimator(self) -> Estimator:
        """The estimator that is checked."""
        subject: Estimator = self.subject
        return subject

    def __call__(self) -> None:
        """Run it."""
        self.function(copy.deepcopy(self.estimator))


def estimator_checks(estimator: Estimator) -> list[EstimatorCheck]:
    """Return the checks that apply to an estimator, one by one.

    For pytest: ``@pytest.mark.parametrize("check", estimator_checks(Mine()), ids=str)`` above
    ``def test_mine(check): check()``.

    Which apply depends on the family (neighbours or spectrum) and on the class attribute ``data``:
    ``"continuous"``, ``"integers"`` or ``"bits"``. Only continuous data can be turned and scaled.

    Raises
    ------
    InputError
        If it is not an `Estimator`.

    Examples
    --------
    >>> import dimscope as ds
    >>> checks = {str(check): check for check in estimator_checks(ds.TwoNN())}
    >>> checks["check_rotation"]()
    """
    if not isinstance(estimator, Estimator):
        raise InputError(
            f"{type(estimator).__name__} is not an Estimator: give an instance of a class derived "
            "from NeighborEstimator or SpectrumEstimator"
        )
    functions = list(_EVERY)
    of_neighbors = isinstance(estimator, NeighborEstimator)
    if of_neighbors:
        functions += _OF_NEIGHBORS
    if estimator.data == "continuous":
        functions += _OF_CONTINUOUS_DATA
        functions += _OF_CONTINUOUS_NEIGHBORS if of_neighbors else ()
    else:
        functions.append(_OF_DISCRETE_DATA[estimator.data])
    return [EstimatorCheck(function, estimator) for function in functions]


def check_estimator(
    estimator: Estimator | str, *, expected_failures: Mapping[str, str] | None = None
) -> None:
    """Run every check that applies to an estimator, and say which failed and why.

    A check makes at most about ten estimates, of a few hundred points. All checks take seconds.

    Parameters
    ----------
    estimator
        An instance with the parameters to check, or a registry name.
    expected_failures
        Names of checks that it is known to fail, each with the reason, such as an assumption that
        the points of a check do not meet. One that passes is a failure.

    Raises
    ------
    ConformanceError
        If a check failed; its message has a line for each.
    InputError
        If it is not an `Estimator`, or an expected failure is not a check that applies.

    Examples
    --------
    >>> check_estimator("two_nn_mle")
    """
    made = make_estimator(estimator)
    run_checks(made.name, estimator_checks(made), expected_failures)
