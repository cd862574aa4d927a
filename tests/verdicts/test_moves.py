"""Does the dimension rise or fall by more than that of any control? Each answer where deserved."""

import math

import numpy as np
import pytest
from judged_tables import LAYERS, of_sample, tables

from dimscope.results import Tables
from dimscope.verdicts import LEVEL, SCATTER, verdicts_of

DATA = of_sample([22.0, 35.0, 88.0, 31.0, 22.0])
MATCHED = of_sample([21.0, 25.0, 31.0, 44.0, 21.0], sample="smooth_d28_matched")
AFFINE = of_sample([13.5, 36.6, 8.7, 12.0, 15.8], sample="affine_d8")


def verdict(rule, *samples, **options):
    (found,) = [v for v in verdicts_of(tables(*samples, **options)) if v.rule == rule]
    return found


def rise(*samples, **options):
    return verdict("rise_beyond_controls", *samples, **options)


def fall(*samples, **options):
    return verdict("fall_beyond_controls", *samples, **options)


def test_a_rise_beyond_every_control_names_the_controls_and_the_largest_of_them():
    found = rise(DATA, MATCHED, AFFINE)
    assert found.statement == (
        "TwoNN rises by x 4.00 from input to middle; of the controls tried (smooth maps, d = 28, "
        "matched; affine, d = 8) none rises by more than x 2.71."
    )
    assert found.holds is True
    assert found.p_value < 0.02
    assert found.evidence == (
        "TwoNN, N = 500. Data: input 22.00 ± 0.88, middle 88.0 ± 3.5 (x 4.00 ± 0.23). "
        "smooth maps, d = 28, matched: input 21.00 ± 0.84, late 44.0 ± 1.8 (x 2.10 ± 0.12). "
        "affine, d = 8: input 13.50 ± 0.54, early 36.6 ± 1.5 (x 2.71 ± 0.15)."
    )


def test_the_p_value_is_that_of_the_least_clear_comparison():
    error = math.hypot(0.04, 0.04, 0.04, 0.04, SCATTER, SCATTER)
    difference = math.log(4) - math.log(36.6 / 13.5)
    expected = 0.5 * math.erfc(difference / error / math.sqrt(2))
    assert rise(DATA, MATCHED, AFFINE).p_value == pytest.approx(expected)


def test_a_rise_that_one_control_shows_is_no_evidence():
    found = rise(of_sample([22.0, 40.0, 48.0, 31.0, 22.0]), MATCHED, AFFINE)
    assert found.holds is False
    assert found.statement == (
        "TwoNN rises by x 2.18 from input to middle, within what the controls show (x 2.71 of "
        "affine, d = 8): no evidence about the data."
    )


def test_a_factor_below_the_margin_is_no_evidence_however_small_the_errors():
    sharp = {"relative_error": 0.001}
    draws = [of_sample([20.0, 40.0], sample="smooth_d28", replicate=i, **sharp) for i in range(5)]
    assert rise(of_sample([20.0, 49.0], **sharp), *draws).holds is False
    assert rise(of_sample([20.0, 51.0], **sharp), *draws).holds is True


def test_without_controls_nothing_is_said_of_the_data():
    found = rise(DATA)
    assert found.holds is None
    assert found.statement == (
        "TwoNN rises by x 4.00 from input to middle; no control was tried, so this says nothing of "
        "the data beyond the estimator: run with controls=True."
    )
    assert "88.0 ± 3.5" in found.evidence


def test_a_surrogate_is_no_control():
    assert "no control was tried" in rise(DATA, of_sample([22.0, 30.0], sample="phases")).statement


def test_a_control_of_any_name_has_its_dimension_from_the_provenance():
    ring = of_sample([21.0, 25.0, 31.0], sample="ring")
    facts = {"dimension": 1, "facts": {"match": {"mismatch": 0.08}}}
    found = rise(DATA, ring, provenance={"net": {"controls": {"ring_0": facts}}})
    assert "(ring, d = 1)" in found.statement
    assert (
        "ring, d = 1 (at the input within 8 % at two scales): input 21.00 ± 0.84" in found.evidence
    )


@pytest.mark.parametrize("ceiling", [20.0, 38.0])
def test_what_n_does_not_resolve_is_said_with_the_readings(ceiling):
    measured = of_sample([22.0, 35.0, 88.0, 31.0, 22.0], ceiling=ceiling)
    found = rise(measured, of_sample([21.0, 25.0, 31.0, 44.0, 21.0], sample="smooth_d28"))
    assert found.holds is True
    assert found.statement.endswith(
        f"none rises by more than x 2.10, as it is read: N = 500 does not resolve above "
        f"{ceiling:.1f}, so the true factors cannot be told."
    )


def test_what_n_resolves_needs_no_such_words():
    measured = of_sample([22.0, 35.0, 88.0, 31.0, 22.0], ceiling=90.0)
    found = rise(measured, of_sample([21.0, 25.0, 31.0, 44.0, 21.0], sample="smooth_d28"))
    assert found.holds is True
    assert "resolve" not in found.statement


def test_a_control_that_reads_as_much_suffices_to_say_no_whatever_n_resolves():
    control = of_sample([21.0, 60.0], sample="smooth_d28", ceiling=30.0)
    found = rise(of_sample([22.0, 60.0], ceiling=30.0), control)
    assert found.holds is False
    assert "within what the controls show (x 2.86 of smooth maps, d = 28)" in found.statement
    assert "early 60.0 ± 2.4 (N resolves up to 30.0) (x 2.73 ± 0.15)" in found.evidence


def test_unknown_errors_leave_it_open():
    for error_of in ("data", "control"):
        data = of_sample([22.0, 88.0], relative_error=None if error_of == "data" else 0.04)
        control = of_sample([21.0, 31.0], sample="smooth_d28",
                            relative_error=None if error_of == "control" else 0.04)  # fmt: skip
        found = rise(data, control)
        assert (found.holds, found.p_value) == (None, None)
        assert "the errors are unknown" in found.statement


def test_errors_larger_than_the_difference_leave_it_open():
    found = rise(of_sample([22.0, 35.0, 88.0, 31.0], relative_error=0.3), MATCHED)
    assert found.holds is None
    assert (
        "the difference from x 2.10 of smooth maps, d = 28, matched is within the errors"
        in found.statement
    )


def test_a_control_that_is_read_otherwise_at_the_input_does_not_suffice():
    found = rise(DATA, AFFINE)
    assert found.holds is None
    assert "none is read as the data are at input" in found.statement


def test_the_scatter_of_the_draws_is_part_of_the_error_and_the_largest_counts():
    draws = [
        of_sample([21.0, 21.0 * factor], sample="smooth_d28", replicate=i, relative_error=0.01)
        for i, factor in enumerate((1.0, 1.5, 2.1))
    ]
    data = of_sample([22.0, 66.0], relative_error=0.01)
    assert rise(data, draws[2]).holds is True
    found = rise(data, *draws)
    assert found.holds is None
    assert "(the largest of 3 draws): input 21.00 ± 0.21, early 44.10 ± 0.44" in found.evidence


def test_a_control_at_another_n_or_without_values_is_not_compared():
    fewer = of_sample([21.0, 25.0, 31.0], sample="smooth_d28", n_samples=200)
    unknown = of_sample([None, 25.0, 31.0], sample="affine_d8")
    found = rise(DATA, fewer, unknown)
    assert found.holds is None
    assert "no control tried has values at the same N" in found.statement
    assert "Not compared, for want of values at the same N: smooth maps, d = 28; affine, d = 8" in (
        found.evidence
    )
    assert "Not compared" in rise(DATA, MATCHED, unknown).evidence


@pytest.mark.parametrize("value", [None, 0.0, -2.0])
def test_an_unknown_first_layer_is_said(value):
    found = rise(of_sample([value, 35.0, 88.0]), MATCHED)
    assert found.holds is None
    assert found.statement == "TwoNN is unknown at input: cannot tell whether it rises."
    assert "early 35.0" in found.evidence


def test_unknown_layers_in_between_are_passed_over():
    assert rise(of_sample([22.0, None, 88.0, 0.0]), MATCHED).holds is True


def test_one_layer_has_no_course():
    assert verdicts_of(tables(of_sample([22.0]))) == ()


def test_no_rise_is_said_with_controls_and_without():
    falling = of_sample([22.0, 10.0, 5.0])
    for controls in ([], [MATCHED]):
        found = rise(falling, *controls)
        assert found.holds is False
        assert found.statement == "TwoNN is highest at input, the first layer: it does not rise."
        assert "input 22.00 ± 0.88, early 10.00 ± 0.40, middle 5.00 ± 0.20" in found.evidence
    flat = rise(of_sample([22.0, 23.0, 20.0]), MATCHED)
    assert flat.statement == "TwoNN does not rise from input to early by more than its errors."


def test_the_fall_is_judged_as_the_rise_is():
    found = fall(DATA, MATCHED)
    assert found.holds is True
    assert found.statement.startswith("TwoNN falls by x 4.00 from middle to output; of the ")
    assert found.evidence.endswith("At input: data 22.0; smooth maps, d = 28, matched 21.0.")
    assert fall(of_sample([22.0, 50.0, 20.0, 20.0, 22.0]), MATCHED).holds is False
    assert fall(of_sample([5.0, 10.0, 20.0]), MATCHED).statement == (
        "TwoNN is highest at middle, the last layer: it does not fall."
    )


def test_every_network_is_judged_by_its_own_controls():
    twin = of_sample([22.0, 35.0, 88.0, 31.0, 22.0], model="twin")
    found = verdicts_of(tables(DATA, MATCHED, twin))
    held = {v.subject.model: v.holds for v in found if v.rule == "rise_beyond_controls"}
    assert held == {"net": True, "twin": None}


def test_verdicts_do_not_depend_on_the_order_of_rows():
    again = of_sample([20.0, 25.0, 40.0, 44.0, 21.0], sample="smooth_d28", replicate=1)
    whole = tables(DATA, MATCHED, again, AFFINE)
    expected = verdicts_of(whole)
    rng = np.random.default_rng(0)
    for _ in range(5):
        mixed = [t.iloc[rng.permutation(len(t))] for t in (whole.layers, whole.values)]
        assert verdicts_of(Tables(layers=mixed[0], values=mixed[1])) == expected


@pytest.mark.statistical
@pytest.mark.parametrize(("n_draws", "scatter"), [(1, 0.0), (1, 0.1), (3, 0.2), (5, 0.4)])
def test_what_comes_from_a_control_is_seldom_called_more_than_the_control(n_draws, scatter):
    """Data are one more draw of a family whose draws differ by ``scatter`` in their log rise."""
    rng = np.random.default_rng(1)
    shape = np.array([0.0, 0.4, 0.8, 0.5, 0.2])

    def drawn(**names):
        course = shape * (1 + scatter * rng.normal()) + 0.05 * rng.normal(size=len(LAYERS))
        return of_sample(list(20 * np.exp(course)), relative_error=0.05, **names)

    samples = []
    for model in map(str, range(400)):
        samples.append(drawn(model=model))
        samples += [drawn(model=model, sample="smooth_d28", replicate=i) for i in range(n_draws)]
    found = [v for v in verdicts_of(tables(*samples)) if v.rule == "rise_beyond_controls"]
    assert len(found) == 400
    assert sum(bool(v.holds) for v in found) <= 400 * LEVEL
