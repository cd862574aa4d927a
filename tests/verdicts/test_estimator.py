"""What N resolves, what calibration says, and how far the estimator inflates."""

from judged_tables import CALIBRATED, TWO_NN, of_sample, tables, tangents

from dimscope.results import Quantity
from dimscope.verdicts import verdicts_of

DATA = of_sample([14.0, 30.0, 20.0, 12.0])


def found(rule, *samples):
    return [v for v in verdicts_of(tables(*samples)) if v.rule == rule]


def test_layers_above_the_ceiling_are_counted_and_shown():
    (said,) = found("resolution", of_sample([22.0, 60.0, 88.0, 31.0], ceiling=38.0))
    assert said.holds is False
    assert said.statement == (
        "N = 500 does not resolve TwoNN above 38.0: 2 of 4 layers read more, and their dimension "
        "may be anything above."
    )
    assert said.evidence == (
        "TwoNN: early 60.0 ± 2.4 (N resolves up to 38.0), middle 88.0 ± 3.5 (N resolves up to "
        "38.0)."
    )


def test_a_ceiling_above_all_layers_resolves_them():
    (said,) = found("resolution", of_sample([22.0, 30.0], ceiling=38.0))
    assert (said.holds, said.statement) == (
        True, "TwoNN reads no layer above 38.0, which N = 500 resolves."
    )  # fmt: skip


def test_each_method_with_a_ceiling_has_its_own_resolution():
    gride = Quantity.of("gride", "intrinsic", title="Gride")
    both = (
        of_sample([22.0, 60.0], ceiling=38.0),
        of_sample([22.0, 30.0], ceiling=38.0, quantity=gride),
    )
    assert {v.statement.split()[0]: v.holds for v in found("resolution", *both)} == {
        "Gride": True, "N": False,
    }  # fmt: skip
    assert found("resolution", of_sample([22.0, 60.0])) == []


def calibrated(first, peak):
    rows = [of_sample([at], quantity=CALIBRATED, low=low, high=high) for at, (low, high) in
            ((25.0, first),)]  # fmt: skip
    other = of_sample([25.0, 70.0], quantity=CALIBRATED, low=peak[0], high=peak[1])[1:]
    return [of_sample([22.0, 60.0]), *rows, other]


def test_calibrated_intervals_apart_show_a_rise_and_overlapping_ones_do_not():
    (apart,) = found("calibrated_rise", *calibrated((17.0, 31.0), (45.0, None)))
    assert apart.holds is True
    assert apart.statement == "The calibrated intervals of input and early are apart."
    assert apart.evidence == (
        "TwoNN, calibrated: input 17.0 to 31.0, early 45.0 to more; raw: input 22.00 ± 0.88, early "
        "60.0 ± 2.4; N = 500."
    )
    (overlap,) = found("calibrated_rise", *calibrated((17.0, 51.0), (45.0, 120.0)))
    assert overlap.holds is None
    assert overlap.statement == (
        "The calibrated intervals of input and early overlap: cannot tell whether the dimension "
        "rises."
    )


def test_without_calibrated_intervals_nothing_is_said_of_them():
    assert found("calibrated_rise", of_sample([22.0, 60.0])) == []
    assert found("calibrated_rise", *calibrated((17.0, 31.0), (None, None))) == []


def test_a_control_read_above_its_true_dimension_tells_how_far_the_estimator_inflates():
    control = of_sample([14.4, 20.0, 34.4, 19.5], sample="smooth_d16")
    (said,) = found("inflation", DATA, control, tangents("smooth_d16", [16] * 4, [9] * 4))
    assert said.holds is True
    assert said.statement == (
        "TwoNN reads 34.4 at middle of a control (smooth maps, d = 16) whose true dimension there "
        "is 16: at this N and curvature it is inflated by x 2.15 there."
    )
    assert "smooth maps, d = 16: middle 34.4 ± 1.4 where the true dimension is 16" in said.evidence


def test_without_tangents_the_true_dimension_is_at_most_that_of_the_inputs():
    (said,) = found("inflation", DATA, of_sample([14.0, 34.4], sample="smooth_d16"))
    assert "whose true dimension there is at most 16" in said.statement


def test_a_lower_rank_makes_the_inflation_larger():
    control = of_sample([14.0, 14.0], sample="smooth_d16")
    (said,) = found("inflation", DATA, control, tangents("smooth_d16", [16, 4], [9, 2]))
    assert (
        "whose true dimension there is 4: at this N and curvature it is inflated by x 3.50"
        in said.statement
    )


def test_a_control_read_below_its_dimension_or_within_errors_shows_no_inflation():
    (said,) = found("inflation", DATA, of_sample([14.0, 17.0], sample="smooth_d16"))
    assert said.holds is False
    assert (
        said.statement == "TwoNN reads no control above its true dimension by more than its errors."
    )
    without = of_sample([14.0, 40.0], sample="smooth_d16", relative_error=None)
    assert found("inflation", DATA, without) == []


def test_directions_that_all_survive_and_how_many_act():
    control = of_sample([36.0, 40.0, 20.0], sample="smooth_d64", quantity=TWO_NN)
    spectra = tangents("smooth_d64", [64, 64, 64], [40.9, 24.5, 8.3])
    (said,) = found("tangent_directions", DATA, control, spectra)
    assert said.holds is True
    assert said.statement == (
        "Of the 64 directions of a control (smooth maps, d = 64) all survive to middle (rank); "
        "40.9 act at input and 8.30 at middle (participation ratio)."
    )
    assert said.evidence.startswith("Rank 64 at each of 3 layers. Participation ratio: input 40.9")
    assert said.evidence.endswith("Tangent spectra at 20 points.")


def test_a_bottleneck_is_found_where_it_is():
    control = of_sample([7.0, 7.0, 4.0], sample="smooth_d8")
    (said,) = found("tangent_directions", DATA, control,
                    tangents("smooth_d8", [8, 3, 3], [6, 2, 2]))  # fmt: skip
    assert said.holds is False
    assert said.statement == (
        "Of the 8 directions of a control (smooth maps, d = 8) 3 survive to middle (rank; fewer "
        "from early on); 6.00 act at input and 2.00 at middle (participation ratio)."
    )
