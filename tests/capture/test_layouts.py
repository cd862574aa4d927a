"""Networks whose activations have the samples or the channels along other axes than usual."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dimscope.capture import LayerTable, capture, layer_names
from dimscope.errors import InputError
from dimscope.store import ActivationStore


def arrays(model: nn.Module, data: Any, layers: Any, **options: Any) -> dict[str, np.ndarray]:
    with ActivationStore() as store:
        captured = capture(model, data, layers, store=store, **options)
        return {layer.name: store[layer.name][:] for layer in captured.layers}


def axes_of(infos: LayerTable) -> dict[str, str | None]:
    return {name: info.axes for name, info in infos.items()}


class SequenceFirst(nn.Module):
    """Takes (n_samples, n_steps, features); its body wants the steps first."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Any:
        return self.body(x.transpose(0, 1))


def encoder(*, batch_first: bool) -> nn.Module:
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=batch_first)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


SEQUENCES = torch.randn(40, 5, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("pooling", ["flatten", "spatial_mean", "token_mean", "last_token"])
def test_a_sequence_first_encoder_is_read_as_the_batch_first_one(pooling: str) -> None:
    usual = encoder(batch_first=True)
    model = SequenceFirst(copy.deepcopy(usual))
    for layer in model.body.layers:  # type: ignore[union-attr]
        layer.self_attn.batch_first = False
    expected = arrays(usual, SEQUENCES, "layers.*", pooling=pooling, batch_size=7)
    found = arrays(model, SEQUENCES, "body.layers.*", pooling=pooling, batch_size=7)
    assert list(found) == ["body.layers.0", "body.layers.1"]
    for name, values in expected.items():
        np.testing.assert_allclose(found[f"body.{name}"], values, rtol=1e-4, atol=1e-5)


def test_auto_chooses_the_layers_of_a_sequence_first_encoder() -> None:
    infos = layer_names(SequenceFirst(encoder(batch_first=False)), SEQUENCES)
    chosen = [name for name, info in infos.items() if info.auto]
    assert chosen == ["input", "body.layers.0", "body.layers.1"]
    assert infos["body.layers.0"].axes == "TBC"
    assert infos["body.layers.0"].shape == (5, 16)
    assert infos.left_out == {}


def test_a_recurrent_layer_as_torch_makes_it() -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(16, 6, num_layers=2)
    found = arrays(SequenceFirst(lstm), SEQUENCES, ["body:0", "body:1:0"], batch_size=5)
    outputs, (last, _) = lstm(SEQUENCES.transpose(0, 1))
    np.testing.assert_allclose(
        found["body:0"], outputs.transpose(0, 1).flatten(1).detach(), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        found["body:1:0"], last.transpose(0, 1).flatten(1).detach(), rtol=1e-5, atol=1e-6
    )


class ChannelsLast(nn.Module):
    """A convolutional network whose block works on (n_samples, height, width, channels)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.norm = nn.LayerNorm(8)
        self.mix = nn.Linear(8, 24)
        self.act = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.mix(self.norm(self.stem(x).permute(0, 2, 3, 1))))


IMAGES = torch.randn(20, 3, 10, 10, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [7, 10, 26])  # the last two make maps of 8 x 8 and 24 x 24
def test_spatial_mean_keeps_the_channels_wherever_they_are(size: int) -> None:
    torch.manual_seed(0)
    model = ChannelsLast()
    images = torch.randn(9, 3, size, size)
    names = ["stem", "norm", "mix", "act"]
    infos = layer_names(model, images)
    last = ["BCHW", "BHWC", "BHWC"]
    assert [infos[name].axes for name in names[:3]] == last
    known = names if infos["act"].axes == "BHWC" else names[:3]
    found = arrays(model, images, known, pooling="spatial_mean")
    with torch.no_grad():
        expected = {"stem": model.stem(images).mean((2, 3)), "act": model(images).mean((1, 2))}
    assert {name: found[name].shape[1] for name in known}.items() <= {
        "stem": 8, "norm": 8, "mix": 24, "act": 24
    }.items()  # fmt: skip
    for name in set(known) & expected.keys():
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-6)


def test_ambiguous_channels_are_refused_with_what_to_say() -> None:
    """An activation after a linear map to 24 features on maps of 24 x 24: nothing tells."""
    model, images = ChannelsLast(), torch.randn(9, 3, 26, 26)
    assert layer_names(model, images)["act"].axes == "B???"
    with pytest.raises(
        InputError, match=r"'act' holds the channels.*axes=.'act': 'BCHW' or 'BHWC'"
    ):
        arrays(model, images, "act", pooling="spatial_mean")
    found = arrays(model, images, "act", pooling="spatial_mean", axes={"a*": "BHWC"})["act"]
    np.testing.assert_allclose(found, model(images).mean((1, 2)).detach(), rtol=1e-4, atol=1e-6)


def test_axes_that_contradict_the_network_are_refused() -> None:
    with pytest.raises(InputError, match=r"'stem' cannot be measured.*said to be HWBC, but axis 0"):
        arrays(ChannelsLast(), IMAGES, "stem", axes={"stem": "HWBC"})


def test_spatial_mean_of_tokens_leaves_out_padding() -> None:
    class Embedded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(50, 12)

        def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
            return self.tokens(input_ids)

    ids = torch.randint(0, 50, (8, 6))
    data = {
        "input_ids": ids,
        "attention_mask": (torch.arange(6) < torch.arange(1, 9)[:, None]).int(),
    }
    by_token = arrays(Embedded(), data, "tokens", pooling="token_mean")
    assert by_token["tokens"].shape == (8, 12)
    model = Embedded()
    np.testing.assert_array_equal(
        arrays(model, data, "tokens", pooling="spatial_mean")["tokens"],
        arrays(model, data, "tokens", pooling="token_mean")["tokens"],
    )


class Windows(nn.Module):
    """Cuts (n_samples, 8, features) into two windows of four, which share one axis with samples."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Linear(6, 5)
        self.head = nn.Linear(40, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.inside(x.reshape(-1, 4, 6)).reshape(len(x), -1))


def test_a_merged_batch_is_said_and_a_pooling_that_undoes_it_is_heard() -> None:
    model, data = Windows(), torch.randn(12, 8, 6)
    infos = layer_names(model, data)
    assert "inside" not in infos
    assert "axis 0 of its shape (6, 4, 5) has 2 rows for each sample" in infos.excluded["inside"]
    with pytest.raises(InputError, match="'inside' cannot be measured: the batch is merged"):
        arrays(model, data, "inside")
    with pytest.raises(InputError, match="'inside' cannot be measured: the pooling made 6 rows of"):
        arrays(model, data, "inside", pooling=lambda a: a)
    with pytest.raises(InputError, match=r"the pooling failed on its shape .* RuntimeError"):
        arrays(model, data, "inside", pooling={"inside": lambda a: a.reshape(-1, 7)})
    found = arrays(model, data, "inside", pooling=lambda a: a.reshape(-1, 40), batch_size=5)
    with torch.no_grad():
        np.testing.assert_allclose(found["inside"], model.inside(data).flatten(1), rtol=1e-5)


def test_a_pooling_that_puts_the_samples_first_is_heard() -> None:
    model = SequenceFirst(encoder(batch_first=False))
    own = arrays(model, SEQUENCES, "body.layers.0", pooling=lambda a: a.transpose(0, 1))
    usual = arrays(model, SEQUENCES, "body.layers.0")
    np.testing.assert_array_equal(own["body.layers.0"], usual["body.layers.0"])


def test_a_pooling_over_the_samples_is_refused_whatever_the_batch_size() -> None:
    """The mean over the samples of five steps has five rows, as many as the batch."""
    model = SequenceFirst(encoder(batch_first=False))
    with pytest.raises(InputError, match="the pooling made 5 rows of 3 samples"):
        arrays(model, SEQUENCES, "body.layers.0", pooling=lambda a: a.mean(1), batch_size=5)


def test_auto_lists_what_it_leaves_out() -> None:
    class OfWindows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.windows = nn.ModuleList(
                nn.Sequential(nn.Linear(6, 6), nn.ReLU()) for _ in range(2)
            )
            self.head = nn.Linear(48, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = x.reshape(-1, 4, 6)
            for block in self.windows:
                x = block(x)
            return self.head(x.reshape(-1, 48))

    infos = layer_names(OfWindows(), torch.randn(12, 8, 6))
    assert [name for name, info in infos.items() if info.auto] == ["input", "head"]
    assert set(infos.left_out) == {"windows.0", "windows.1"}
    with ActivationStore() as store:
        captured = capture(OfWindows(), torch.randn(12, 8, 6), store=store)
    assert dict(captured.left_out) == infos.left_out


@pytest.mark.parametrize(
    ("kind", "config", "widths"),
    [
        (
            "Swin",
            {"image_size": 32, "patch_size": 2, "embed_dim": 24, "depths": [2, 2],
             "num_heads": [2, 4], "window_size": 4},
            {"embeddings": 24, "encoder.layers.0.blocks.0": 24, "encoder.layers.1:0": 48},
        ),
        (
            "ConvNext",
            {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2, "image_size": 64},
            {"embeddings": 8, "encoder.stages.0": 8, "encoder.stages.1": 16,
             "encoder.stages.0.layers.0.pwconv1": 32, "encoder.stages.0.layers.0.layernorm": 8},
        ),
        (
            "ViT",
            {"image_size": 32, "patch_size": 8, "hidden_size": 32, "num_hidden_layers": 2,
             "num_attention_heads": 2, "intermediate_size": 64},
            {"embeddings": 32, "layers.0": 32, "layers.1": 32},
        ),
    ],
)  # fmt: skip
def test_networks_of_transformers(
    kind: str, config: dict[str, Any], widths: dict[str, int]
) -> None:
    transformers = pytest.importorskip("transformers")
    model = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**config))
    data = {"pixel_values": torch.randn(6, 3, config["image_size"], config["image_size"])}
    found = arrays(model, data, list(widths), pooling="spatial_mean")
    assert {name: values.shape[1] for name, values in found.items()} == widths
