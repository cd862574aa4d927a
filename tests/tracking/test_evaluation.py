"""Loss and accuracy of a classifier: found without a trace, or refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from training_loops import plain_net

from dimscope.errors import InputError
from dimscope.tracking import evaluate


@pytest.mark.parametrize(
    "output", [lambda y: y[:, None], lambda y: (y, y), lambda y: {"last": y}, lambda y: y[:-1]]
)
def test_an_output_that_is_no_logits_is_refused(x, labels, output):
    with pytest.raises(InputError, match="needs logits"):
        evaluate(plain_net(), (x, labels), forward=lambda model, batch: output(model(batch[0])))


def test_logits_are_found_in_what_a_library_returns(x, labels):
    plain = evaluate(plain_net(), (x, labels))
    for wrap in (lambda y: {"logits": y}, lambda y: SimpleNamespace(logits=y)):
        found = evaluate(plain_net(), (x, labels), forward=lambda m, b, w=wrap: w(m(b[0])))
        assert found == plain


def test_evaluation_leaves_no_trace(x, labels):
    model = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    whole = evaluate(model, (x, labels), batch_size=100)
    assert evaluate(model, (x, labels)) == pytest.approx(whole, rel=1e-12)
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
