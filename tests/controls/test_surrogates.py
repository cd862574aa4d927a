"""Surrogates: what each keeps, exactly, and that the Gaussian tells curved from flat."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import special_ortho_group

import dimscope as ds
from dimscope.controls import surrogate_draws
from dimscope.results import Subject


def curved(n=600, rng=0):
    """A closed curve in 12 dimensions: of dimension 1, with a covariance of full rank."""
    angle = np.random.default_rng(rng).uniform(0, 2 * np.pi, n)
    return np.stack([wave(k * angle) / k for k in range(1, 7) for wave in (np.cos, np.sin)], axis=1)


def normal(n=600, d=12, rng=0):
    generator = np.random.default_rng(rng)
    return 3.0 + generator.normal(size=(n, d)) @ generator.normal(size=(d, d))


@pytest.mark.parametrize("shape", [(40, 7), (40, 300)], ids=["tall", "wide"])
def test_gaussian_has_the_mean_and_the_covariance(shape):
    x = 5.0 + np.random.default_rng(0).exponential(size=shape) * np.linspace(1, 3, shape[1])
    n = 10_000
    drawn = ds.surrogate(x, n_samples=n)
    along = np.linalg.svd(x - x.mean(0), full_matrices=False)[2][: min(39, shape[1])]
    variances = np.square((x - x.mean(0)) @ along.T).sum(0) / 39
    whitened = (drawn - x.mean(0)) @ along.T / np.sqrt(variances)
    assert np.abs(whitened.mean(0)).max() < 5 / np.sqrt(n)
    assert np.abs(np.cov(whitened.T) - np.eye(len(along))).max() < 6 / np.sqrt(n)


def test_gaussian_of_wide_data_lies_in_the_span_of_their_rows():
    x = np.random.default_rng(0).normal(size=(20, 500))
    rows = x - x.mean(0)
    drawn = ds.surrogate(x) - x.mean(0)
    kept = drawn @ np.linalg.pinv(rows) @ rows
    assert drawn == pytest.approx(kept, abs=1e-12)


def test_gaussian_does_not_depend_on_the_blocks_in_which_rows_are_read(monkeypatch):
    tall, wide = normal(300, 12), normal(30, 2500)
    whole = ds.surrogate(tall), ds.surrogate(wide)
    monkeypatch.setattr("dimscope.points.points._BLOCK_BYTES", 2**12)
    assert np.cov(ds.surrogate(tall, n_samples=10_000).T) == pytest.approx(
        np.cov(tall.T), rel=0.1, abs=1.0
    )
    assert ds.surrogate(tall).shape == whole[0].shape
    assert ds.surrogate(wide) == pytest.approx(whole[1], rel=1e-12)


@pytest.mark.parametrize("scale", [1e-80, 1e80])
def test_units_come_back(scale):
    x = normal(50, 4)
    assert ds.surrogate(x * scale) == pytest.approx(ds.surrogate(x) * scale, rel=1e-9)
    columns = ds.surrogate(x * scale, "columns")
    assert columns == pytest.approx(ds.surrogate(x, "columns") * scale, rel=1e-12)


@pytest.mark.parametrize("kind", ["gaussian", "columns", "phases"])
def test_a_seed_gives_the_same_and_a_generator_goes_on(kind):
    x = np.random.default_rng(0).normal(size=(10, 3, 4, 4))
    x = x if kind == "phases" else x.reshape(10, -1)
    assert np.array_equal(ds.surrogate(x, kind, rng=1), ds.surrogate(x, kind, rng=1))
    generator = np.random.default_rng(1)
    first, second = (ds.surrogate(x, kind, rng=generator) for _ in range(2))
    assert np.array_equal(first, ds.surrogate(x, kind, rng=1))
    assert not np.array_equal(first, second)


def test_columns_keep_their_values_and_lose_what_they_have_in_common():
    x = curved() + np.arange(12)
    drawn = ds.surrogate(x, "columns")
    assert np.array_equal(np.sort(drawn, axis=0), np.sort(x, axis=0))
    joint = np.corrcoef(np.square(drawn - drawn.mean(0)).T)
    assert np.abs(joint - np.eye(12)).max() < 6 / np.sqrt(600)
    assert ds.estimate(drawn).value > 5 * ds.estimate(x).value


@pytest.mark.parametrize("sides", [(8, 8), (7, 9), (1, 12), (8, 5)])
def test_phases_keep_amplitudes_means_and_what_channels_share(sides):
    x = np.random.default_rng(0).gamma(2.0, size=(5, 3, *sides))
    drawn = ds.surrogate(x, "phases")
    before, after = np.fft.fft2(x), np.fft.fft2(drawn)
    assert drawn.shape == x.shape
    assert not np.allclose(drawn, x)
    assert np.abs(after) == pytest.approx(np.abs(before), abs=1e-9)
    assert drawn.mean((2, 3)) == pytest.approx(x.mean((2, 3)))
    cross = [f[:, 0] * f[:, 1].conj() for f in (before, after)]
    assert np.abs(cross[1] - cross[0]).max() < 1e-9
    flat_before, flat_after = (a.reshape(5, 3, -1) for a in (x, drawn))
    for one, other in zip(flat_before, flat_after, strict=True):
        assert np.cov(other) == pytest.approx(np.cov(one), rel=1e-9)


def test_phases_are_those_of_noise():
    """An image of one bright pixel is flat in amplitude: its twin is white Gaussian-like noise."""
    x = np.zeros((400, 1, 8, 8))
    x[np.arange(400), 0, np.arange(400) % 8, np.arange(400) // 8 % 8] = 1.0
    turned = np.fft.fft2(ds.surrogate(x, "phases"))[:, 0] / np.fft.fft2(x)[:, 0]
    inner = turned[:, 1:4, 1:4]
    assert np.abs(inner.mean(0)).max() < 5 / np.sqrt(400)
    assert np.abs((inner**2).mean(0)).max() < 5 / np.sqrt(400)
    assert set(np.round(turned[:, 4, 4].real).astype(int)) == {-1, 1}


def test_flattened_rows_and_tensors_give_the_same_phases():
    x = np.random.default_rng(0).random((6, 3, 8, 8)).astype(np.float32)
    want = ds.surrogate(x, "phases")
    flat = ds.surrogate(x.reshape(6, -1), "phases", shape=(3, 8, 8))
    assert np.array_equal(flat.reshape(x.shape), want)
    assert np.array_equal(ds.surrogate(torch.from_numpy(x), "phases"), want)


@pytest.mark.statistical
def test_the_gaussian_of_a_curve_reads_far_higher_and_that_of_a_gaussian_the_same():
    bent, flat = ds.surrogate_ratio(curved()), ds.surrogate_ratio(normal())
    assert bent.value + 5 * bent.stderr < 0.25
    assert abs(flat.value - 1) < 2.5 * flat.stderr
    assert flat.stderr < 0.1


@pytest.mark.statistical
def test_rotation_does_not_change_what_the_surrogate_reads():
    x = curved()
    turned = x @ special_ortho_group.rvs(12, random_state=0)
    values = [
        [ds.estimate(ds.surrogate(data, rng=seed)).value for seed in range(start, start + 10)]
        for data, start in ((x, 0), (turned, 100))
    ]
    error = np.hypot(*(np.std(found, ddof=1) for found in values)) / np.sqrt(10)
    assert abs(np.subtract(*map(np.mean, values))) < 3 * error


def test_draws_in_principal_coordinates_have_the_spectrum_of_the_surrogate():
    x = normal(30, 2000)
    subject = Subject(model="net", layer="fc")
    drawn = list(surrogate_draws(x, n_draws=2, subject=subject, rng=3))
    assert [(of.layer, of.sample, of.replicate) for of, _ in drawn] == [
        ("fc", "gaussian_surrogate", 0),
        ("fc", "gaussian_surrogate", 1),
    ]
    again = next(surrogate_draws(x, n_draws=1, rng=3))[1]
    assert np.array_equal(again, drawn[0][1])
    assert not np.array_equal(again, drawn[1][1])
    wide = [np.square(ds.surrogate(x, rng=i) - x.mean(0)).sum(1).mean() for i in range(40)]
    narrow = [np.square(rows).sum(1).mean() for _, rows in surrogate_draws(x, n_draws=40)]
    assert np.mean(narrow) == pytest.approx(np.mean(wide), rel=0.05)
    assert np.mean(narrow) == pytest.approx(np.trace(np.cov(x.T)), rel=0.05)


def test_draws_of_columns_keep_their_values():
    x = normal(30, 4)
    ((of, rows),) = surrogate_draws(x, "columns")
    assert of.sample == "columns_surrogate"
    assert np.array_equal(np.sort(rows, axis=0), np.sort(x, axis=0))


def test_published_form_has_roots_of_singular_values_as_deviations():
    x = normal(200, 5) * [1, 10, 100, 1, 1]
    x = np.insert(x, 2, 0.1, axis=1)  # a constant unit, whose mean is rounded
    drawn = ds.surrogate(x, paper=True, n_samples=40_000)
    live = np.delete(x, 2, axis=1)
    standard = (live - live.mean(0)) / live.std(0)
    singular = np.linalg.svd(standard, compute_uv=False)
    assert drawn.shape == (40_000, 5)
    assert drawn.std(0) == pytest.approx(np.sqrt(singular), rel=0.02)


@pytest.mark.statistical
def test_published_form_reads_higher_where_the_spectrum_falls():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(600, 400)) / np.sqrt(np.arange(1, 401))
    right, wrong = (ds.estimate(ds.surrogate(x, paper=paper)).value for paper in (False, True))
    assert wrong > 1.2 * right


BAD = {
    "kind": (normal(), {"kind": "normal"}, "kind='normal' is not known"),
    "nan": (np.array([[0.0], [np.nan], [1.0]]), {}, "hold NaN or infinite"),
    "constant": (np.ones((5, 3)), {}, "all rows are equal"),
    "too few": (normal(2), {}, r"2 row\(s\) have no covariance"),
    "one dimension": (np.arange(5.0), {}, "expected an array of shape"),
    "no samples": (normal(), {"n_samples": 0}, "n_samples=0 must be at least 1"),
    "paper of columns": (normal(), {"kind": "columns", "paper": True}, "paper belongs to kind"),
    "shape of gaussian": (normal(), {"shape": (3, 2, 2)}, "shape belongs to kind='phases'"),
    "rows of phases": (normal(), {"kind": "phases"}, r"each row has shape \(12,\)"),
    "wrong shape": (normal(), {"kind": "phases", "shape": (3, 2, 3)}, "has 18 values"),
    "one number": (normal(), {"kind": "phases", "shape": 12}, r"each row has shape \(12,\)"),
    "one pixel": (np.ones((5, 3, 1, 1)), {"kind": "phases"}, "more than one pixel"),
    "constant images": (np.ones((5, 3, 4, 4)), {"kind": "phases"}, "all rows are equal"),
    "no images": (np.ones((0, 3, 4, 4)), {"kind": "phases"}, "the array is empty"),
    "huge integers": (2**60 + np.arange(12).reshape(4, 3), {}, "beyond 2\\^53"),
}


@pytest.mark.parametrize(("x", "options", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_used_is_refused(x, options, message):
    with pytest.raises(ds.InputError, match=message):
        ds.surrogate(x, **options)


def test_a_ratio_needs_a_scatter_and_draws_a_number():
    with pytest.raises(ds.InputError, match="n_draws=1 must be at least 2"):
        ds.surrogate_ratio(normal(), n_draws=1)
    with pytest.raises(ds.InputError, match="n_draws=0 must be at least 1"):
        next(surrogate_draws(normal(), n_draws=0))
    with pytest.raises(ds.InputError, match="kind='phases' is not known"):
        next(surrogate_draws(normal(), "phases"))


def test_a_ratio_of_a_method_without_an_error_has_none():
    ratio = ds.surrogate_ratio(normal(), "pca_dimension", n_draws=2)
    assert ratio.value == pytest.approx(1, abs=0.3)
    assert "data over gaussian surrogate" in str(ratio)
    assert ratio.stderr is None or ratio.stderr < 0.2


def test_notes_that_differ_in_numbers_only_are_said_once():
    wide = np.random.default_rng(0).normal(size=(200, 300))
    ratio = ds.surrogate_ratio(wide, n_draws=4)
    every = [note for found in (ratio.data, *ratio.surrogates) for note in found.notes]
    assert ratio.notes[: len(ratio.data.notes)] == ratio.data.notes
    assert {note.code for note in ratio.notes} == {note.code for note in every}
    assert len(ratio.notes) < len(every)
