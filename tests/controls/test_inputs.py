"""What a network receives of its data, and the inputs of a control in the same form."""

import pytest
import torch
from torch import nn

from dimscope.capture import Probe
from dimscope.controls import Control, InputFamily, controls_of, drawn, received
from dimscope.controls.choice import controls_for, n_controls
from dimscope.errors import InputError


def probe_of(data, **options) -> Probe:
    return Probe(model=nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), data=data, **options)


FAMILY = InputFamily(name="fold", dimension=2, embed=lambda u: (u @ torch.ones(2, 12).to(u)).cos())


def test_at_most_a_thousand_samples_are_read():
    data = torch.arange(1100 * 12.0).reshape(1100, 12)
    torch.testing.assert_close(received(probe_of(data)).inputs, data[:1000])
    assert len(received(probe_of(data, n_samples=30)).inputs) == 30


def test_and_at_most_256_mebibytes_of_them():
    data = torch.zeros(1, 12, 2**13).expand(1000, 12, 2**13)  # 393,216 bytes each
    assert len(received(probe_of(data)).inputs) == 2**28 // (4 * 12 * 2**13)


@pytest.mark.parametrize("batch_size", [7, 32, 100])
def test_batches_hold_the_sample_of_the_control_whatever_their_size(batch_size):
    control = Control(family=FAMILY, seed=3, replicate=1)
    batches = list(drawn(control, 100, batch_size))
    assert len(batches[0]) == batch_size
    torch.testing.assert_close(torch.cat(batches).float(), control.inputs(100))


def test_what_is_no_tensor_is_the_same_in_all_batches():
    family = InputFamily(
        name="named", dimension=2, embed=lambda u: {"x": FAMILY.embed(u), "mask": None, "n": 3}
    )
    batch = next(iter(drawn(Control(family=family), 10, 4)))
    assert batch.keys() == {"x", "mask", "n"}
    assert (batch["x"].shape, batch["mask"], batch["n"]) == ((4, 12), None, 3)


def test_families_of_ones_own_need_no_data():
    assert [c.family for c in controls_of(probe_of(iter([])), (FAMILY,), rng=0)] == [FAMILY]


def test_empty_data_are_refused():
    with pytest.raises(InputError, match="empty"):
        controls_of(probe_of(torch.zeros(0, 12)), True, rng=0)


def test_the_number_of_controls_is_known_before_they_are_made():
    data = torch.randn(60, 12, generator=torch.Generator().manual_seed(0))
    for choice in (True, "full", (FAMILY,)):
        assert n_controls(data, choice) == len(controls_for(data, choice))
