"""Verdicts follow from the other tables: they are renewed, always with evidence."""

from judged_tables import of_sample, tables, tangents

from dimscope.profiling import Profile
from dimscope.results import Subject, Verdict, table_of
from dimscope.verdicts import RULES, judged, spoken_verdicts, verdicts_of

DATA = of_sample([22.0, 35.0, 88.0, 31.0, 22.0], ceiling=90.0)
MATCHED = of_sample([21.0, 25.0, 31.0, 44.0, 21.0], sample="smooth_d28_matched")


def test_judging_again_changes_nothing_and_keeps_other_rules():
    other = Verdict(subject=Subject(model="net"), rule="plateau", statement="One.", holds=True)
    plain = Profile(**tables(DATA).tables() | {"verdicts": table_of(Verdict, [other])})
    once = judged(plain)
    assert isinstance(once, Profile)
    assert once.verdicts["rule"].tolist()[0] == "plateau"
    assert set(once.verdicts["rule"]) <= {"plateau", *RULES}
    assert judged(once).verdicts.equals(once.verdicts)


def test_joined_with_controls_a_profile_is_judged_anew():
    alone = judged(Profile(**tables(DATA).tables()))
    assert "no control was tried" in alone.verdicts["statement"][0]
    both = alone.add(Profile(**tables(MATCHED).tables()))
    assert not both.verdicts["statement"].str.contains("no control was tried").any()
    assert both.verdicts["holds"][0]


def test_a_joined_and_saved_profile_keeps_its_verdicts(tmp_path):
    both = Profile.join(tables(DATA, MATCHED))
    both.save(tmp_path)
    assert Profile.load(tmp_path).verdicts.equals(both.verdicts)


def test_no_verdict_is_without_evidence():
    found = verdicts_of(tables(DATA, MATCHED, tangents("smooth_d28_matched", [28] * 5, [9] * 5)))
    assert {v.rule for v in found} == set(RULES) - {"calibrated_rise"}
    assert all(v.evidence for v in found)
    assert not any("more than the estimator" in v.statement for v in found)


def test_the_last_step_is_judged_and_the_class_named():
    spoken = spoken_verdicts(judged(tables(DATA)))
    assert {said.who for said in spoken} == {"net"}
    assert all(said.evidence for said in spoken)


def test_tables_without_an_intrinsic_dimension_have_no_verdicts():
    assert verdicts_of(tables()) == ()
