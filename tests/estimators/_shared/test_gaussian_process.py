"""The Gaussian process of `Consensus` against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel

from dimscope.estimators._shared.gaussian_process import GaussianProcess, Kernel, log_likelihood

KERNEL = Kernel(length=1.5, signal=0.8, linear=0.1, noise=0.05)


class TestGaussianProcess:
    @pytest.fixture
    def cases(self):
        rng = np.random.default_rng(0)
        inputs = rng.normal(size=(60, 3)) * [1.0, 10, 0.1] + [0.0, 5, 1]
        return inputs, np.sin(inputs[:, 0]) + 10 * inputs[:, 2] + 0.1 * rng.normal(size=60)

    @pytest.fixture
    def peer(self):
        kernel = (
            ConstantKernel(KERNEL.signal) * RBF(KERNEL.length)
            + ConstantKernel(KERNEL.linear) * DotProduct(0.0, "fixed")
            + WhiteKernel(KERNEL.noise)
        )
        return GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0)

    def test_predicts_as_scikit_learn_does(self, cases, peer):
        inputs, targets = cases
        new = inputs[:7] + 0.3
        centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
        peer.fit((inputs - centre) / spread, targets - targets.mean())
        expected = targets.mean() + peer.predict((new - centre) / spread)
        process = GaussianProcess.of_cases(inputs, targets, KERNEL)
        assert process.predict(new) == pytest.approx(expected, rel=1e-9)

    def test_likelihood_is_scikit_learns(self, cases, peer):
        inputs, targets = cases
        peer.fit(inputs, targets)
        found = log_likelihood(inputs, targets, KERNEL)
        assert found == pytest.approx(peer.log_marginal_likelihood_value_, rel=1e-9)

    def test_what_is_left_out_is_predicted_from_the_others(self, cases, peer):
        inputs, targets = cases
        standard = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
        centred = targets - targets.mean()
        others = np.arange(len(targets)) != 11
        peer.fit(standard[others], centred[others])
        expected = peer.predict(standard[[11]])[0] - centred[11]
        process = GaussianProcess.of_cases(inputs, targets, KERNEL)
        assert process.left_out[11] == pytest.approx(expected, rel=1e-8)

    def test_alike_are_the_nearest_of_the_others(self, cases):
        inputs, targets = cases
        process = GaussianProcess.of_cases(inputs, targets, KERNEL)
        assert process.alike(inputs, 1).positions[:, 0].tolist() == list(range(60))
        alike = process.alike_among_known(5)
        standard = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
        distances = np.linalg.norm(standard - standard[11], axis=1)
        assert alike.positions[11].tolist() == np.argsort(distances)[1:6].tolist()
        assert alike.distances[11] == pytest.approx(np.sort(distances)[1:6])
