"""Response curves: shipped, simulated and kept, against an oracle and a law that is known."""

import numpy as np
import pytest

from dimscope.calibration import curves, response_curve
from dimscope.calibration.cache import VARIABLE
from dimscope.calibration.simulation import DIMENSIONS, Draws, fitted
from dimscope.errors import InputError
from dimscope.estimators import BID, ESTIMATORS, Gride, LevinaBickel, TwoNN, make_estimator
from dimscope.estimators.responses import shipped_curves, shipped_methods, shipped_range

#: TwoNN's mean reading of isotropic sets, simulated by independent code: N, family, {d: reading}.
ORACLE = [
    (450, "gaussian", {10: 9.41, 20: 16.11, 50: 29.77, 100: 44.8, 200: 67.3}),
    (450, "cube", {10: 8.38, 20: 14.89, 50: 29.5, 100: 45.9, 200: 70.2}),
    (1800, "gaussian", {10: 9.61, 20: 16.8, 50: 31.9, 100: 49.1, 200: 73.3}),
    (500, "torus", {10: 12.7, 20: 24.2, 50: 47.5}),
]


@pytest.mark.parametrize(("n_samples", "family", "readings"), ORACLE)
def test_the_oracle_lies_on_the_curves(n_samples, family, readings):
    """The oracle's sets are even; the members are not, and read up to 6 % less on average."""
    curve = response_curve("two_nn", n_samples, family)
    for dimension, reading in readings.items():
        found = curve.at(dimension)
        assert found.low < reading < found.high
        assert found.mean == pytest.approx(reading, rel=0.08)


def test_every_method_that_ships_is_one_of_ours_and_rises_with_the_dimension():
    least, most = shipped_range()
    for method in shipped_methods():
        assert method.partition("(")[0] in ESTIMATORS
        for n_samples in (least, 333, most):
            for curve in shipped_curves(method, n_samples).values():
                assert (np.diff(curve.means[:10]) > 0).all()
                assert (curve.lows <= curve.means).all()
                assert (curve.means <= curve.highs).all()
                assert curve.means[0] == pytest.approx(1, abs=0.12)


def test_none_ships_outside_of_the_numbers_simulated():
    least, most = shipped_range()
    assert shipped_curves("two_nn", least - 1) is shipped_curves("two_nn", most + 1) is None
    assert shipped_curves("two_nn(discard_fraction=0.2)", 500) is None
    assert shipped_curves("box_dimension", 500) is None


def test_the_fit_finds_a_law_that_is_known():
    """Readings d^0.9 N^0.01 with a scatter of 30 % over the root of N."""
    rng = np.random.default_rng(0)
    dimensions = np.tile(np.repeat(DIMENSIONS, 40), 3).astype(float)
    n_samples = np.repeat([100, 400, 1600], 40 * len(DIMENSIONS)).astype(float)
    logs = 0.9 * np.log(dimensions) + 0.01 * np.log(n_samples)
    logs += rng.normal(size=len(logs)) * 3 / np.sqrt(n_samples)
    curves = fitted(Draws(dimensions, n_samples, np.exp(logs)), [100, 1600])
    for n, (mean, sd, low, high) in zip([100, 1600], curves, strict=True):
        spread, centre = 3 / np.sqrt(n), np.array(DIMENSIONS) ** -0.1 * n**0.01
        np.testing.assert_allclose(mean, centre * np.exp(spread**2 / 2), rtol=5 * spread / 15)
        np.testing.assert_allclose(sd / mean, spread, rtol=0.25)
        np.testing.assert_allclose(np.log(high / low) / spread, 2 * 1.96, rtol=0.25)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and simulations that are as small as can be."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(curves, "_DIMENSIONS", (1, 5, 40, 300))
    monkeypatch.setattr(curves, "_MOST_DRAWS", 5)
    return tmp_path


def files(folder):
    return sorted(folder.rglob("*.json"))


def test_other_settings_are_simulated_once_and_kept(cache, monkeypatch):
    method = LevinaBickel(n_neighbors=5)
    made = response_curve(method, 60)
    assert made.method == "levina_bickel(n_neighbors=5)"
    assert made.at(1).mean == pytest.approx(1, abs=0.2)
    assert 10 < made.at(40).mean < 30
    assert len(files(cache)) == 1
    monkeypatch.setattr(curves, "_simulated", None)  # which would fail
    kept = response_curve(method, 60)
    np.testing.assert_array_equal(kept.means, made.means)


def test_a_damaged_file_is_made_again(cache):
    made = response_curve(TwoNN(discard_fraction=0.2), 50, "torus")
    (path,) = files(cache)
    whole = path.read_bytes()
    for damaged in (b"", whole[:-40], whole.replace(b"torus", b"cubes")):
        path.write_bytes(damaged)
        again = response_curve(TwoNN(discard_fraction=0.2), 50, "torus")
        np.testing.assert_array_equal(again.means, made.means)
        assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_costs_a_warning_only(cache, monkeypatch):
    (cache / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(cache / "file"))
    with pytest.warns(RuntimeWarning, match="DIMSCOPE_CACHE"):
        made = response_curve(TwoNN(discard_fraction=0.2), 50)
    assert made.n_samples == 50


def test_settings_and_default_are_told_apart():
    four, two = (response_curve(Gride(n1=n1), 500, "cube") for n1 in (4, 2))
    assert (four.method, two.method) == ("gride(n1=4)", "gride")
    assert four.at(50).mean < two.at(50).mean


@pytest.mark.parametrize(
    ("method", "n_samples", "family", "said"),
    [
        ("participation_ratio", 500, "cube", "variances"),
        (BID(), 500, "cube", "bits"),
        ("two_nn", 20, "cube", "at least 50"),
        ("two_nn", 500, "cubes", "did you mean cube"),
        ("two_n", 500, "cube", "did you mean two_nn"),
    ],
)
def test_what_has_no_curve_is_refused(method, n_samples, family, said):
    with pytest.raises(InputError, match=said):
        response_curve(method, n_samples, family)


def test_a_generator_may_give_the_seed(cache):
    first, second = (
        response_curve(make_estimator("two_nn"), 50, "cube", rng=np.random.default_rng(seed))
        for seed in (1, 2)
    )
    assert not np.array_equal(first.means, second.means)
