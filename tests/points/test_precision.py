"""The precision that values show: 16 bits stay 16 bits wherever the numbers went since."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import dimscope as ds
from dimscope.capture import capture
from dimscope.io import read_array
from dimscope.points import as_points
from dimscope.points.precision import Precision
from dimscope.store import ActivationStore

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 20))


def seen(values: np.ndarray) -> tuple[float, float]:
    precision = Precision()
    precision.add(values[: len(values) // 2])
    precision.add(values[len(values) // 2 :])
    return precision.rounding


def shortened(x: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    return torch.tensor(x).to(dtype).float().numpy()


class TestWhatValuesShow:
    @pytest.mark.parametrize(
        ("values", "relative"),
        [
            (shortened(X, torch.bfloat16), 2.0**-8),
            (shortened(X, torch.float16), 2.0**-11),
            (X.astype(np.float16).astype(np.float64), 2.0**-11),
            (X.astype(np.float32).astype(np.float64), 2.0**-24),
            (X.astype(np.float32), 0),
            (X, 0),
        ],
    )
    def test_shorter_floats(self, values, relative):
        assert seen(values) == (relative, 0)

    @pytest.mark.parametrize("step", [2.0**-10, 0.25, 4.0])
    def test_multiples_of_a_step_are_rounded_to_half_of_it(self, step):
        values = step * RNG.integers(-100, 100, size=(300, 20))
        assert seen(values) == seen(values.astype(np.float32)) == (0, step / 2)

    @pytest.mark.parametrize("offset", [10, 300])
    def test_floats_of_one_size_are_multiples_of_a_step(self, offset):
        relative, step = seen(shortened(offset + 0.3 * X, torch.bfloat16))
        assert relative == 0
        assert step == 2.0**-8 * 2 ** np.floor(np.log2(offset))

    @pytest.mark.parametrize(
        "values",
        [np.floor(100 * X), np.eye(20), np.zeros((5, 5)), X[:2, :3].astype(np.float16), 3 * X > 0],
        ids=["whole numbers", "one-hot", "zeros", "few", "booleans"],
    )
    def test_exact_numbers_show_no_rounding(self, values):
        assert seen(values) == (0, 0)

    def test_the_rounding_bounds_what_shortening_did(self):
        for dtype in (torch.bfloat16, torch.float16):
            for offset in (0, 20):
                short = shortened(X + offset, dtype)
                moved = np.linalg.norm(short - (X + offset), axis=1)
                points = as_points(short)
                assert (moved <= points.rounding_of_rows).all()
                assert (moved >= points.rounding_of_rows / 10).all()

    def test_a_step_is_scaled_with_the_rows(self):
        """Of a row that is divided by its norm, the share of the norm that rounding may be."""
        short = shortened(X + 20, torch.bfloat16)
        plain, cosine = as_points(short), as_points(short).normalised()
        norms = np.linalg.norm(short, axis=1)
        np.testing.assert_allclose(cosine.rounding_of_rows, plain.rounding_of_rows / norms)


def surface(n: int = 1000) -> torch.Tensor:
    """Three dimensions far from 0, where bfloat16 is coarse."""
    rng = np.random.default_rng(0)
    return torch.tensor(100 + np.sin(rng.normal(size=(n, 3)) @ rng.normal(size=(3, 40))))


class TestItTravels:
    """TwoNN reads 4.4, where 3.0 is right, and says why."""

    short = surface().bfloat16()

    def says_it(self, x) -> bool:
        estimate = ds.estimate(x)
        assert 4 < estimate.value < 5
        return any(note.code == "rounding" for note in estimate.notes)

    def test_from_a_tensor_and_one_that_was_widened(self):
        assert self.says_it(self.short)
        assert self.says_it(self.short.float())
        assert self.says_it(self.short.double().numpy())

    def test_from_files(self, tmp_path):
        torch.save(self.short, tmp_path / "x.pt")
        np.save(tmp_path / "x.npy", self.short.float().numpy())
        assert self.says_it(read_array(tmp_path / "x.pt"))
        assert self.says_it(read_array(tmp_path / "x.npy"))

    def test_from_a_network_through_a_store(self, tmp_path):
        net = nn.Sequential(nn.Identity(), nn.Identity()).bfloat16()
        with ActivationStore(directory=tmp_path / "store") as store:
            capture(net, self.short, ["1"], store=store)
        assert self.says_it(ActivationStore.open(tmp_path / "store")["1"])
        profile = ds.profile(net, self.short, ["1"], methods=["two_nn"], progress=False)
        note = profile.to_frame("estimate")["notes"].iloc[0]
        assert "the rounding of stored values of this size" in note

    def test_finer_numbers_are_silent(self):
        assert ds.estimate(surface() - 100).notes == ()
        estimate = ds.estimate((surface() - 100).bfloat16())
        assert estimate.notes == ()
        assert estimate.value == pytest.approx(3, abs=0.2)
