"""Which moments are measured."""

import pytest
from hypothesis import given, strategies as st

from dimscope.errors import InputError
from dimscope.tracking import AtSteps, EveryEpoch, EveryStep, LogThenEpochs, make_schedule


def steps_due(schedule, n_steps, epoch=0):
    return [step for step in range(n_steps) if schedule.due_at_step(step, epoch)]


def test_auto_doubles_through_the_first_epoch_then_takes_every_epoch():
    auto = make_schedule("auto")
    assert steps_due(auto, 1100) == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert steps_due(auto, 1100, epoch=1) == []
    assert [auto.due_at_epoch(epoch) for epoch in (1, 2, 3)] == [True] * 3


def test_a_ratio_below_two_gives_its_rounded_powers_without_repeats():
    powers = {round(1.5**k) for k in range(12)}
    assert steps_due(LogThenEpochs(ratio=1.5), 87) == sorted({0, 1} | powers)


def test_epochs_alone_begin_before_the_first_step():
    every_second = EveryEpoch(every=2)
    assert steps_due(every_second, 10) == [0]
    assert [e for e in range(1, 7) if every_second.due_at_epoch(e)] == [2, 4, 6]


def test_steps_by_number_and_by_name_ignore_epochs():
    assert steps_due(make_schedule(4), 10, epoch=3) == [0, 4, 8]
    assert make_schedule([8, 3, 3]) == AtSteps(steps=(3, 8))
    assert steps_due(make_schedule([8, 3]), 10, epoch=3) == [3, 8]
    assert not any(make_schedule(s).due_at_epoch(1) for s in (4, [8, 3]))


@pytest.mark.parametrize("schedule", ["often", 1.5, True, [1.5], None])
def test_what_is_no_schedule_is_refused(schedule):
    with pytest.raises(InputError, match="unknown schedule"):
        make_schedule(schedule)


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_schedule(0),
        lambda: make_schedule([]),
        lambda: AtSteps(steps=(-1,)),
        lambda: LogThenEpochs(ratio=1.0),
        lambda: EveryEpoch(every=0),
    ],
)
def test_schedules_that_cannot_be_are_refused(make):
    with pytest.raises(InputError, match=r"must be|one or more"):
        make()


def test_a_schedule_is_recorded_with_its_kind():
    assert EveryStep(every=5).to_dict() == {"kind": "EveryStep", "every": 5}


@given(
    schedule=st.sampled_from(["auto", "epochs", 3, [0, 4, 5, 30], LogThenEpochs(ratio=1.3)]),
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    epoch=st.integers(0, 1),
)
def test_every_due_step_is_answered_by_the_first_one_that_the_loop_makes(schedule, counts, epoch):
    made = make_schedule(schedule)
    reached = [sum(counts[: i + 1]) for i in range(len(counts))]
    measured = {
        step
        for before, step in zip([0, *reached], reached, strict=False)
        if made.due_since(before, step, epoch)
    }
    due = [step for step in range(1, reached[-1] + 1) if made.due_at_step(step, epoch)]
    assert measured == {min(step for step in reached if step >= one) for one in due}
