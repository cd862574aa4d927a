"""What `controls_for` makes of each choice, and the samples that go through a network."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from dimscope.controls import Control, InputFamily, controls_for, smooth_maps
from dimscope.errors import InputError


def _vectors(n=60):
    return torch.from_numpy(np.random.default_rng(0).random((n, 6))).float()


def _images(channels=3, n=60):
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.random((n, channels, 8, 8))).float()


def test_true_makes_two_kinds_that_fit_the_inputs():
    smooth, torus = controls_for(_vectors(), True)
    assert smooth.family.name.startswith("smooth_d")
    assert torus.family.name.startswith("torus_d")
    smooth, picture = controls_for(_images(), True)
    assert smooth.family.name.startswith("smooth_d")
    assert picture.family.name.startswith("affine_d")
    for control in smooth, picture:
        assert control.inputs(7).shape == (7, 3, 8, 8)
        assert control.inputs(7).dtype == torch.float32
        assert json.dumps(dict(control.family.facts))


@pytest.fixture(scope="module", autouse=True)
def _coarse_search():
    """What is matched how well is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dimscope.controls.matching._LENGTH_SCALES", (0.3, 1.0))
        patch.setattr("dimscope.controls.matching._AMPLITUDES", (0.5, 1.0))
        yield


@pytest.fixture(scope="module")
def full():
    return controls_for(_images(1), "full", rng=3)


def test_full_makes_five_replicates_of_every_kind(full):
    names = {control.family.name for control in full}
    assert {"smooth_d4", "smooth_d16", "smooth_d64"} <= names
    assert {"affine_d1", "affine_d2", "affine_d4", "affine_d7"} <= names
    assert sum(name.endswith("half_length") for name in names) == 1
    assert sum(name.endswith(("matched", "nearest")) for name in names) == 3
    rows = [(control.family.name, control.replicate) for control in full]
    assert len(rows) == len(set(rows)) == 5 * len(names)


def test_replicates_are_other_maps_other_pictures_and_other_coordinates(full):
    for name in ("smooth_d4", "affine_d2"):
        first, second = [c for c in full if c.family.name == name][:2]
        u = first.family.draw(3)
        assert not torch.allclose(first.family.embed(u), second.family.embed(u), atol=1e-3)
        assert not torch.equal(first.inputs(3), second.inputs(3))
    pictures = [c.family.facts["row"] for c in full if c.family.name == "affine_d2"]
    assert len(set(pictures)) == 5


def test_the_same_seed_makes_the_same_controls():
    first, again, other = (controls_for(_vectors(), True, rng=rng) for rng in (3, 3, 4))
    assert [c.family.facts for c in again] == [c.family.facts for c in first]
    assert torch.equal(again[0].inputs(5), first[0].inputs(5))
    assert not torch.equal(other[0].inputs(5), first[0].inputs(5))


def test_pictures_of_one_colour_each_are_no_images():
    inputs = _vectors()[:, :3, None, None].expand(-1, -1, 4, 4)
    _, torus = controls_for(inputs, True)
    assert torus.family.name.startswith("torus_d")


def test_none_are_made_of_false():
    assert controls_for(_vectors(), False) == ()


def test_families_of_the_user_are_taken_as_they_are():
    family = InputFamily(name="mine", dimension=2, embed=lambda u: u @ torch.ones(2, 3).double())
    (control,) = controls_for("whatever the network takes", [family])
    assert control.family is family
    assert control.inputs(4).shape == (4, 3)


def test_a_sample_may_be_a_dict_or_a_tuple():
    def embed(u):
        return {"inputs_embeds": u[:, None, :], "attention_mask": torch.ones(len(u), 1).long()}

    family = InputFamily(name="mine", dimension=2, embed=embed)
    x = Control(family=family).inputs(150)
    assert x["inputs_embeds"].shape == (150, 1, 2)
    assert (x["inputs_embeds"].dtype, x["attention_mask"].dtype) == (torch.float32, torch.int64)
    pair = Control(family=InputFamily(name="pair", dimension=1, embed=lambda u: (u, 2 * u)))
    first, second = pair.inputs(3)
    assert torch.equal(2 * first, second)


def test_a_small_sample_is_the_beginning_of_a_larger_one():
    control = Control(family=smooth_maps(_vectors(), 3))
    assert torch.allclose(control.inputs(10), control.inputs(200)[:10], atol=1e-5)


@pytest.mark.parametrize(
    ("inputs", "choice", "message"),
    [
        (torch.zeros(100, 4, dtype=torch.int64), True, "of your own"),
        (torch.rand(100, 4), "all", '"full"'),
        (torch.rand(100, 4), 3, '"full"'),
        (torch.rand(100, 4), [3], "hold a int"),
        (
            torch.rand(100, 4),
            [InputFamily(name="a", dimension=1, embed=torch.cos)] * 2,
            "named 'a'",
        ),
    ],
)
def test_what_names_no_controls_is_refused(inputs, choice, message):
    with pytest.raises(InputError, match=message):
        controls_for(inputs, choice)
