"""Dimension does not change under rotation, translation, scaling and reordering."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dimscope import (
    ABID,
    CAPCA,
    ESS,
    MADA,
    MOM,
    TLE,
    AlphaReQ,
    Binomial,
    CorrelationDimension,
    CorrelationIntegral,
    EffectiveRank,
    FisherS,
    Gride,
    LevinaBickel,
    LocalPCA,
    MiNDMLi,
    MiNDMLk,
    NeighborGraph,
    ParticipationRatio,
    PCADimension,
    Spectrum,
    StableRank,
    TwoNN,
    TwoNNBayes,
    TwoNNMLE,
)

OF_NEIGHBORS = [
    TwoNN(),
    TwoNNMLE(),
    TwoNNBayes(),
    Gride(n1=3),
    LevinaBickel(n_neighbors=8),
    MOM(n_neighbors=8),
    MADA(n_neighbors=7),
    MADA(n_neighbors=8, combination="vote"),
    MiNDMLk(n_neighbors=8),
    MiNDMLi(n_neighbors=8),
    CorrelationIntegral(k1=4, k2=8),
    CorrelationDimension(n_neighbors=8),
    LocalPCA(n_neighbors=8),
    LocalPCA(n_neighbors=8, rule="participation_ratio"),
    ABID(n_neighbors=8),
    TLE(n_neighbors=8),
    ESS(n_neighbors=8),
    Binomial(n_neighbors=8),
    CAPCA(n_neighbors=7),
]
OF_SPECTRUM = [
    ParticipationRatio(),
    ParticipationRatio(correction="none"),
    PCADimension(),
    EffectiveRank(),
    StableRank(),
    AlphaReQ(),
    FisherS(),
]
D = 6
SEEDS = st.integers(0, 2**32 - 1)


def cloud(seed, n=80):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, D)) * np.arange(1, D + 1)


def rotation(seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(D, D)))[0]


def dimensions(x):
    graph, spectrum = NeighborGraph.from_points(x, 8), Spectrum.from_points(x)
    estimates = [e.estimate(graph) for e in OF_NEIGHBORS] + [
        e.estimate(spectrum) for e in OF_SPECTRUM
    ]
    return [estimate.value or 0.0 for estimate in estimates]  # 0 where it is unknown


@given(seed=SEEDS, turn=SEEDS)
def test_rotation(seed, turn):
    x = cloud(seed)
    assert dimensions(x @ rotation(turn)) == pytest.approx(dimensions(x), rel=1e-7)


@given(seed=SEEDS, exponent=st.floats(-12, 12))
def test_scale(seed, exponent):
    x = cloud(seed)
    assert dimensions(x * 10**exponent) == pytest.approx(dimensions(x), rel=1e-7)


@given(seed=SEEDS, offset=st.lists(st.floats(-1e4, 1e4), min_size=D, max_size=D))
def test_translation(seed, offset):
    x = cloud(seed)
    assert dimensions(x + np.array(offset)) == pytest.approx(dimensions(x), rel=1e-7)


@given(seed=SEEDS, order=SEEDS)
def test_order_of_rows_and_columns(seed, order):
    x = cloud(seed)
    rng = np.random.default_rng(order)
    shuffled = rng.permutation(rng.permutation(x, axis=0), axis=1)
    assert dimensions(shuffled) == pytest.approx(dimensions(x), rel=1e-9)


@given(seed=SEEDS, width=st.integers(1, 200))
@settings(max_examples=10)
def test_features_that_never_change(seed, width):
    x = cloud(seed)
    wider = np.hstack([x, np.full((len(x), width), 0.1)])
    assert dimensions(wider) == pytest.approx(dimensions(x), rel=1e-9)


@given(seed=SEEDS, share=st.floats(0, 0.4))
@settings(max_examples=10)
def test_exact_duplicates_of_neighbour_estimates(seed, share):
    x = cloud(seed)
    copies = np.concatenate([x, x[: int(share * len(x))]])
    for estimator in OF_NEIGHBORS:
        assert estimator.fit(copies).dimension_ == pytest.approx(estimator.fit(x).dimension_)
