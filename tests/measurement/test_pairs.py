"""Statistics of two representations: linear CKA, whose value and scatter are known."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.measurement import Representation, measure_pair


class LinearCKA:
    """|X'Y|^2 / |X'X| |Y'Y| of centred columns (Kornblith et al. 2019)."""

    name = "linear_cka"

    def value_of(self, first, second):
        x, y = (self._centred(of) for of in (first, second))
        norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
        return float(np.linalg.norm(x.T @ y) ** 2 / norms)

    def _centred(self, of):
        values = np.hstack(list(of.points.column_blocks()))
        return values - values.mean(axis=0)


class Fails:
    name = "fails"

    def value_of(self, first, second):
        raise ds.InputError("never works")


def pair(n, seed):
    """Two views of 3 features that share all but noise."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 3))
    return [Representation.of(shared + 0.7 * rng.normal(size=(n, 3))) for _ in range(2)]


def cka(n=800, seed=0):
    return measure_pair(*pair(n, seed), {"cka": LinearCKA()})["cka"]


@pytest.mark.statistical
def test_the_error_is_the_scatter_over_fresh_samples():
    found = [cka(seed=seed) for seed in range(60)]
    values, errors = (np.array([getattr(f, n) for f in found]) for n in ("value", "stderr"))
    assert {f.n_blocks for f in found} == {16}
    assert np.sqrt(np.square(errors).mean()) == pytest.approx(values.std(ddof=1), rel=0.3)
    low, high = np.array([f.interval for f in found]).T
    assert ((low < values.mean()) & (values.mean() < high)).mean() >= 0.85


def test_of_one_representation_with_itself_there_is_nothing_to_scatter():
    of = pair(400, 0)[0]
    found = measure_pair(of, of, {"cka": LinearCKA()})["cka"]
    assert found.value == pytest.approx(1)
    assert found.stderr is None or found.stderr < 1e-12


def test_few_rows_have_no_blocks():
    assert cka(90).stderr is None
    assert cka(100).n_blocks == 2


def test_one_failure_costs_no_other():
    found = measure_pair(*pair(200, 0), {"fails": Fails(), "cka": LinearCKA()})
    assert found["fails"].problem == "never works"
    assert found["cka"].stderr > 0


def test_rows_must_be_the_same_samples():
    with pytest.raises(ds.InputError, match="have 300 and 200 rows"):
        measure_pair(pair(300, 0)[0], pair(200, 0)[0], {})
