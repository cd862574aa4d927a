from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dimscope.capture import LayerInfo, layer_names
from dimscope.errors import CaptureError, InputError


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(4 * 36, 5)
        self.unused = nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.relu(self.conv(x)).flatten(1))


class Returns(nn.Module):
    """A network whose result is whatever the function makes of its input."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(self.linear(x))


IMAGES = torch.zeros(4, 3, 8, 8)
VECTORS = torch.zeros(4, 4)


def test_layers_come_in_order_of_execution_with_their_shapes() -> None:
    infos = layer_names(Tiny(), IMAGES)
    assert list(infos) == ["input", "conv", "relu", "fc", "output"]
    assert [info.shape for info in infos.values()] == [(3, 8, 8), *[(4, 6, 6)] * 2, (5,), (5,)]
    assert [info.n_features for info in infos.values()] == [192, 144, 144, 5, 5]
    assert [info.relative_depth for info in infos.values()] == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert [info.type for info in infos.values()] == ["Tensor", "Conv2d", "ReLU", "Linear", "Tiny"]
    indices = [info.index for info in infos.values()]
    assert indices == sorted(set(indices))


def test_without_data_modules_are_listed_as_defined() -> None:
    infos = layer_names(Tiny())
    assert list(infos) == ["input", "conv", "relu", "fc", "unused", "output"]
    assert infos["conv"] == LayerInfo("conv", "Conv2d", None, None, None, 1, None)


def test_what_a_module_receives_is_found_by_name_but_not_listed() -> None:
    infos = layer_names(Tiny(), IMAGES)
    assert "fc:input" not in infos
    assert infos["fc:input"].shape == (144,)
    assert infos["fc:input"].relative_depth == 0.5
    assert infos["relu"].index < infos["fc:input"].index < infos["fc"].index
    with pytest.raises(KeyError):
        infos["fc:other"]


def test_a_module_called_twice_has_a_numbered_second_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.linear(self.act(self.linear(x))))

    infos = layer_names(Twice(), VECTORS)
    assert list(infos) == ["input", "linear", "act", "linear#2", "act#2", "output"]
    assert infos["linear"].relative_depth == 0.5
    assert infos["linear#2"].relative_depth == 1.0
    assert infos["linear#2:input"].relative_depth == 0.5


def test_every_name_of_a_shared_module_resolves() -> None:
    block = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    infos = layer_names(nn.ModuleDict({"a": block, "b": block})["a"], VECTORS)
    assert list(infos)[1] == "0"

    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = block
            self.second = block

        def forward(self, x: Tensor) -> Tensor:
            return self.second(self.first(x))

    infos = layer_names(Shared(), VECTORS)
    assert list(infos)[1:-1] == ["first.0", "first.1", "first", "first.0#2", "first.1#2", "first#2"]
    assert infos["second.0"].name == "first.0"
    assert infos["second.0#2:input"].name == "first.0#2:input"


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x: (x, x + 1), ["output:0", "output:1"]),
        (lambda x: {"logits": x, "loss": None}, ["output"]),
        (lambda x: {"a": x, "more": [x + 1, {"b": x + 2}]}, None),
        (lambda x: [x.sum(), x], ["output:1"]),
        (lambda x: x.sum(), []),
    ],
)
def test_names_of_several_outputs(function: Any, names: list[str] | None) -> None:
    names = ["output:a", "output:more:0", "output:more:1:b"] if names is None else names
    found = [name for name in layer_names(Returns(function), VECTORS) if "output" in name]
    assert found == names


def test_several_inputs_are_named_by_key() -> None:
    class Two(nn.Module):
        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return left + right

    infos = layer_names(Two(), {"left": VECTORS, "right": VECTORS})
    assert list(infos) == ["input:left", "input:right", "output"]
    assert infos["output"].relative_depth is None


def test_modules_called_input_and_output_keep_their_names() -> None:
    class Clash(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.input = nn.Linear(4, 3)
            self.output = nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.output(self.input(x)) * 2

    for infos in (layer_names(Clash()), layer_names(Clash(), VECTORS)):
        assert list(infos) == ["(input)", "input", "output", "(output)"]
        assert infos["input"].type == "Linear"


@pytest.mark.parametrize("n_samples", [1, 2, 3, 7])
def test_the_batch_is_told_from_other_dimensions(n_samples: int) -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 6, num_layers=n_samples)
            self.batch_first = nn.LSTM(6, 5, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:  # n_samples is also the number of time steps
            return self.batch_first(self.lstm(x.transpose(0, 1))[0].transpose(0, 1))[0][:, -1]

    infos = layer_names(Recurrent(), torch.zeros(n_samples, n_samples, 4))
    states = [f"{name}:{part}" for name in ("lstm", "batch_first") for part in ("0", "1:0", "1:1")]
    assert list(infos) == ["input", *states, "output"]
    assert [infos[name].axes for name in states] == [*["TBC"] * 3, "BTC", *["TBC"] * 2]
    assert infos["lstm:0"].shape == (n_samples, 6)  # of one sample: steps, features
    assert "choose one of lstm:0" in infos.excluded["lstm"]


def test_a_width_that_grows_with_the_batch_is_not_a_layer() -> None:
    infos = layer_names(Returns(lambda x: x @ x.T), VECTORS)
    assert list(infos) == ["input", "linear"]
    assert "depends on the size of the batch" in infos.excluded["output"]


def test_a_network_for_one_batch_size_is_traced_with_it() -> None:
    infos = layer_names(Returns(lambda x: x.reshape(5, 4)), [torch.zeros(5, 4)])
    assert list(infos) == ["input", "linear", "output"]


def test_modules_that_return_no_tensor_or_never_run_are_explained() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.silent = Returns(lambda x: "text")
            self.never = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            self.silent(x)
            return x * 2

    infos = layer_names(Odd(), VECTORS)
    assert list(infos) == ["input", "silent.linear", "output"]
    assert infos.excluded["silent"] == "it returns no tensor"
    assert infos.excluded["never"] == "the network does not call it"


def test_a_call_whose_error_the_network_catches_is_left_out() -> None:
    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wrong = nn.Sequential(nn.Linear(9, 9))
            self.right = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            try:
                return self.wrong(x)
            except RuntimeError:
                return self.right(x)

    assert list(layer_names(Careful(), VECTORS)) == ["input", "right", "output"]


def test_torchscript_shows_its_input_and_output_only() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 3), nn.ReLU()))
        frozen = torch.jit.freeze(scripted.eval())
    for model in (scripted, frozen):
        infos = layer_names(model, VECTORS)
        assert list(infos) == ["input", "output"]
        assert all(info.auto for info in infos.values())
    infos = layer_names(nn.Sequential(nn.Linear(4, 4), scripted), VECTORS)
    assert list(infos) == ["input", "0", "output"]
    assert infos.excluded["1.0"] == "TorchScript hides its modules"


def test_the_meta_device_is_enough() -> None:
    infos = layer_names(Tiny().to("meta"), IMAGES)
    assert infos["conv"].shape == (4, 6, 6)


def test_lazy_modules_are_known_once_they_ran() -> None:
    infos = layer_names(nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2)), IMAGES)
    assert [info.type for info in infos.values()][1:4] == ["Conv2d", "Flatten", "Linear"]


def test_nested_tensors_of_fast_attention_do_not_appear() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoder = nn.TransformerEncoder(layer, 2)
    data = {
        "src": torch.randn(3, 5, 8),
        "src_key_padding_mask": torch.tensor([[False] * 4 + [True]] * 3),
    }
    infos = layer_names(encoder, data)
    assert infos["layers.0"].shape == (5, 8)
    assert infos["layers.1.linear2"].shape == (5, 8)


def test_a_forward_of_ones_own_may_skip_the_network() -> None:
    model = Tiny()
    infos = layer_names(model, (IMAGES, torch.zeros(4)), forward=lambda m, batch: m.conv(batch[0]))
    assert list(infos) == ["input", "conv", "output"]


def test_only_the_first_batch_is_read() -> None:
    def stream() -> Iterator[Tensor]:
        yield IMAGES
        raise RuntimeError("read too far")

    assert "conv" in layer_names(Tiny(), stream())


def test_the_networks_own_error_is_quoted() -> None:
    with pytest.raises(
        CaptureError, match=r"inputs \(9, 5\) torch.float32: RuntimeError: "
    ) as info:
        layer_names(nn.Linear(4, 2), torch.zeros(9, 5))
    assert isinstance(info.value.__cause__, RuntimeError)
    assert "\n" not in str(info.value)


def test_only_networks_and_only_data() -> None:
    with pytest.raises(InputError, match=r"must be a torch\.nn\.Module"):
        layer_names(len)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the data is empty"):
        layer_names(Tiny(), [])
