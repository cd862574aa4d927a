"""Names that no layer can have are known from the modules alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dimscope.capture import Probe, layer_names, select_layers
from dimscope.capture.foreseen import Foreseen
from dimscope.errors import InputError


class Halves(nn.Module):
    """Has a shared module, one that is called twice, and one that returns several tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleDict({"fc": nn.Linear(6, 6), "act": nn.ReLU()})
        self.same = self.body["fc"]
        self.rnn = nn.LSTM(6, 4, batch_first=True)

    def forward(self, x):
        x = self.body["act"](self.body["fc"](self.body["act"](self.body["fc"](x))))
        return {"last": self.rnn(x[:, None])[0][:, -1], "x.y": x}


class Untouched:
    """Data that must not be read."""

    def __len__(self) -> int:
        return 100

    def __getitem__(self, _row):
        raise AssertionError("the data were read")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Halves()


GLOBS = ("*", "**", "body.*", "body.f?", "body.fc#*", "body.fc*2", "rnn:*", "r*:0", "?nn*", "*ut")
GLOBS += ("out*:last", "**.y", "*:input", "body.**", "s*")


def test_every_name_of_a_layer_and_every_glob_that_matches_one_is_foreseen(model):
    infos = layer_names(model, torch.randn(5, 6))
    foreseen = Foreseen.of(model)
    foreseen.require_layers([*infos, *infos.unlisted, "same", "same#2", "same:input"])
    assert "body.fc#2" in infos
    assert any(name.startswith("rnn:") for name in infos)
    for glob in GLOBS:
        foreseen.require_layers(glob)
        foreseen.require_used([glob], "the pooling")


@pytest.mark.parametrize("layers", ["fcc", "encoder.*", "body.g*", "body:*", nn.Conv2d, 5, ["act"]])
def test_what_no_module_fits_is_refused_before_the_data_are_read(model, layers):
    if layers == "body:*":
        Probe(model=model, data=Untouched(), layers=layers)  # a module might return several
        return
    with pytest.raises(InputError, match=r"unknown layer|no layer matches|cannot choose layers"):
        Probe(model=model, data=Untouched(), layers=layers)


def test_what_is_refused_early_is_refused_late_too(model):
    infos = layer_names(model, torch.randn(5, 6))
    for glob in ("encoder.*", "body.g*", nn.Conv2d):
        with pytest.raises(InputError, match="no layer matches"):
            select_layers(infos, glob)


@pytest.mark.parametrize("glob", ["encoder.*", "fcc", "body.fcc"])
def test_a_pooling_or_axes_of_no_layer_are_refused_before_the_data_are_read(model, glob):
    for options in ({"pooling": {glob: "flatten"}}, {"axes": {glob: "BC"}}):
        with pytest.raises(InputError, match="stands for no layer"):
            Probe(model=model, data=Untouched(), **options)


def test_a_pooling_must_be_of_a_layer_that_is_measured_where_all_have_names(model):
    with pytest.raises(InputError, match="no layer to be measured: these are rnn, output"):
        Probe(
            model=model, data=Untouched(), layers=["rnn", "output"], pooling={"body.*": "flatten"}
        )
    for shared in ("same", "body.fc"):
        Probe(model=model, data=Untouched(), layers=["same"], pooling={shared: "flatten"})
    Probe(model=model, data=Untouched(), layers=["r*"], pooling={"body.*": "flatten"})


def test_axes_for_what_is_no_name_are_refused(model):
    with pytest.raises(InputError, match="axes are given for 5: give a name or glob"):
        Probe(model=model, data=Untouched(), axes={5: "BC"})
