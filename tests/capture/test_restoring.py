"""Whatever a forward pass does to a network, the network is as it was afterwards, or says so."""

from __future__ import annotations

import copy
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

import dimscope as ds
from dimscope.capture import capture
from dimscope.errors import CaptureError, InputError
from dimscope.store import ActivationStore

X = torch.randn(12, 4, generator=torch.Generator().manual_seed(0))


def normalised() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))


def read(model, layers=("output",), *, data=X, **options):
    with ActivationStore() as store:
        capture(model, data, list(layers), store=store, batch_size=6, **options)
        return {name: store[name][:].copy() for name in layers}


def in_training_mode(model, batch):
    model.train()
    return model(batch)


def state_of(model):
    modes = [module.training for module in model.modules()]
    return modes, {name: value.clone() for name, value in model.state_dict().items()}


def assert_as_before(model, before):
    modes, values = state_of(model)
    assert modes == before[0]
    for name, value in before[1].items():
        assert torch.equal(values[name], value), name


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("how", [{"forward": in_training_mode}, {"mode": "train"}])
def test_batch_statistics_are_restored_by_value(how, training):
    model = normalised().train(training)
    model[2].eval()
    before = state_of(model)
    read(model, **how)
    assert_as_before(model, before)


def test_they_are_restored_when_the_network_fails_in_training_mode():
    model = normalised()
    before = state_of(model)

    def fails_later(model, batch):
        model.train()
        model(batch)
        if len(batch) == 6:
            raise ValueError("broken")
        return model(batch)

    with pytest.raises(CaptureError, match="broken"):
        read(model, forward=fails_later)
    assert_as_before(model, before)


def test_a_buffer_without_a_number_and_one_with_shared_rows_are_left_alone():
    model = nn.Linear(4, 2)
    model.register_buffer("shared", torch.tensor([float("nan")]).expand(3))
    model.register_buffer("flags", torch.tensor([True, False]))
    read(model)
    assert model.shared.stride() == (0,)


def test_a_backward_pass_that_began_before_can_end():
    model = normalised().train()
    loss = model(X).square().sum()
    read(model, mode="train")
    loss.backward()


def test_what_the_forward_function_does_to_gradients_is_forgotten():
    model = normalised().train()
    model(X).sum().backward()
    model[0].weight.grad = None
    frozen = model[3].weight.requires_grad_(False)
    gradients = {name: p.grad for name, p in model.named_parameters()}
    values = {name: None if g is None else g.clone() for name, g in gradients.items()}

    def differentiated(model, batch):
        model.requires_grad_(True)
        with torch.enable_grad():
            model(batch).sum().backward()
        return model(batch)

    read(model, forward=differentiated)
    assert not frozen.requires_grad
    for name, parameter in model.named_parameters():
        assert parameter.grad is gradients[name], name
        assert parameter.grad is None or torch.equal(parameter.grad, values[name]), name


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model[3].weight.mul_(1.01),
        lambda model: model[3].weight.data.add_(1e-3),
        lambda model: setattr(model[3].weight, "data", torch.zeros(2, 8)),
    ],
)
def test_a_forward_function_that_changes_parameters_is_refused(change):
    def learns(model, batch):
        change(model)
        return model(batch)

    with pytest.raises(CaptureError, match=r"changed its parameter '3.weight' \(1 of 6 .*deepcopy"):
        read(normalised(), forward=learns)


def test_a_parameter_that_is_replaced_comes_back():
    model = normalised()
    before, own = state_of(model), model[3].weight

    def replaces(model, batch):
        model[3].weight = nn.Parameter(torch.zeros(2, 8))
        return model(batch)

    read(model, forward=replaces)
    assert model[3].weight is own
    assert_as_before(model, before)


def test_an_embedding_that_rescales_its_own_weights_is_restored():
    model = nn.Sequential(nn.Embedding(5, 3, max_norm=0.1), nn.Flatten())
    before = state_of(model)
    read(model, data=torch.arange(10).reshape(5, 2) % 5)
    assert_as_before(model, before)


def test_the_generator_of_a_sampler_is_as_before():
    own = torch.Generator().manual_seed(3)
    sampler = RandomSampler(TensorDataset(X), generator=own)
    state = own.get_state()
    read(nn.Linear(4, 2), data=DataLoader(TensorDataset(X), 4, sampler=sampler))
    assert torch.equal(own.get_state(), state)


def test_threads_that_measure_one_network_leave_it_as_it_was():
    model = normalised().train()
    before, states = state_of(model), (torch.get_rng_state(), np.random.get_state()[1])  # noqa: NPY002
    expected = read(model, ["0", "output"])
    together, found = threading.Barrier(4), []

    def measure():
        together.wait()
        found.extend(read(model, ["0", "output"]) for _ in range(5))

    threads = [threading.Thread(target=measure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_as_before(model, before)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002
    assert torch.backends.mha.get_fastpath_enabled()
    assert len(found) == 20
    for one in found:
        for name, values in expected.items():
            np.testing.assert_array_equal(one[name], values)


def test_training_mode_takes_the_statistics_of_each_batch():
    model = normalised()
    found = read(model, ["1"], mode="train")["1"]
    with torch.no_grad():
        linear = model[0](X)
    expected = [(b - b.mean(0)) / (b.var(0, correction=0) + 1e-5).sqrt() for b in linear.split(6)]
    np.testing.assert_allclose(found, torch.cat(expected).numpy(), atol=1e-5)


def test_dropout_draws_the_same_in_every_pass_and_nothing_of_trainings_numbers():
    model = normalised().eval()
    state = torch.get_rng_state()
    one = read(model, ["2"], mode="train")["2"]
    torch.manual_seed(99)
    again = read(model, ["2"], mode="train")["2"]
    np.testing.assert_array_equal(one, again)
    assert 0.3 < (one == 0).mean() < 0.7
    assert not np.array_equal(one[:6] == 0, one[6:] == 0)  # every batch its own
    torch.set_rng_state(state)
    read(model, mode="train")
    assert torch.equal(torch.get_rng_state(), state)


def test_a_layer_that_is_computed_again_has_the_same_dropout():
    model = nn.Sequential(nn.Linear(4, 40), nn.Dropout(0.5), nn.Linear(40, 2), nn.Dropout(0.5))
    data = torch.randn(64, 4, generator=torch.Generator().manual_seed(1))
    how = {"methods": "two_nn", "n_repeats": 1, "batch_size": 16, "mode": "train"}
    held = ds.profile(model, data, ["1"], **how)
    again = ds.profile(model, data, ["1"], memory_budget=2000, disk_budget=0, **how)
    np.testing.assert_array_equal(held.values["value"], again.values["value"])
    assert held.provenance["Sequential"]["mode"] == "train"


def test_runs_of_two_modes_are_not_mixed(tmp_path):
    model, data = normalised(), torch.randn(60, 4)
    how = {"methods": "two_nn", "schedule": 1, "progress": False}
    with ds.Tracker(model, data, tmp_path, **how) as tracker:
        assert tracker.profile.provenance["Sequential"]["mode"] == "eval"
    with (
        pytest.raises(InputError, match="a run with other layers, mode"),
        ds.Tracker(model, data, tmp_path, mode="train", **how),
    ):
        pass
    both = [ds.profile(model, data, [x], mode=m) for x, m in (("0", "eval"), ("1", "train"))]
    with pytest.raises(InputError, match="'eval' and 'train': give each its own label"):
        both[0].add(both[1])


def test_an_unknown_mode_is_refused_before_anything_runs():
    for measure in (ds.profile, ds.layer_names, read):
        with pytest.raises(InputError, match=r"mode='training': it must be 'eval' or 'train'"):
            measure(copy.deepcopy(normalised()), X, mode="training")
