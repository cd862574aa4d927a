"""The mask of each layer is the one that the network uses there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

import dimscope as ds
from dimscope.capture import Captured, capture
from dimscope.errors import InputError
from dimscope.store import ActivationStore

transformers = pytest.importorskip("transformers")

N, L, D = 40, 8, 16
DRAWN = torch.Generator().manual_seed(0)
X = torch.randn(N, L, D, generator=DRAWN)
IDS = torch.randint(5, 60, (N, L), generator=DRAWN)
REAL = torch.arange(L)[None] < torch.randint(2, L, (N, 1), generator=DRAWN)


def read(model: nn.Module, data: Any, layers: Any, **options: Any) -> tuple[Captured, Any]:
    options = {"pooling": "token_mean"} | options
    with ActivationStore() as store:
        found = capture(model, data, layers, store=store, **options)
        return found, {layer.name: np.asarray(store[layer.name][:]) for layer in found.layers}


def mean(hidden: Tensor, real: Tensor) -> Any:
    total = (hidden * real[..., None]).sum(1) / real.sum(1, keepdim=True)
    return total.detach().numpy()


def mean_of_tokens_first(hidden: Tensor, mask: Tensor) -> Tensor:
    real = mask.T[..., None]
    return (hidden * real).sum(0) / real.sum(0)


def encoder() -> nn.Module:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(D, 2, 32, batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()


class Text(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(60, D)
        self.body = encoder()

    def forward(self, ids: Tensor, padding_mask: Tensor | None = None) -> Tensor:
        hidden: Tensor = self.body(self.embedding(ids), src_key_padding_mask=padding_mask)
        return hidden


def test_torchs_padding_mask_from_a_dict_and_with_forward() -> None:
    model = encoder()
    expected = mean(model(X, src_key_padding_mask=~REAL), REAL)
    found, arrays = read(model, {"src": X, "src_key_padding_mask": ~REAL}, "layers.1")
    np.testing.assert_allclose(arrays["layers.1"], expected, atol=1e-6)
    assert found.n_left_out == {"layers.1": int((~REAL).sum())}
    assert found.notes == {}
    call = {"forward": lambda m, b: m(b[0], src_key_padding_mask=b[1])}
    _, arrays = read(model, TensorDataset(X, ~REAL), ["layers.1", "input", "output"], **call)
    np.testing.assert_allclose(arrays["layers.1"], expected, atol=1e-6)
    np.testing.assert_allclose(arrays["output"], expected, atol=1e-6)
    np.testing.assert_allclose(arrays["input"], mean(X, REAL), atol=1e-6)


@pytest.mark.parametrize(
    "mask", [None, "padding_mask", REAL, REAL.numpy(), lambda batch: batch["ids"] != 0]
)
def test_masks_found_named_and_given(mask: Any) -> None:
    model, ids = Text(), IDS.masked_fill(~REAL, 0)
    data = {"ids": ids, "padding_mask": ~REAL}
    _, arrays = read(model, data, ["embedding", "body.layers.1"], mask=mask)
    np.testing.assert_allclose(arrays["embedding"], mean(model.embedding(ids), REAL), atol=1e-6)
    np.testing.assert_allclose(arrays["body.layers.1"], mean(model(ids, ~REAL), REAL), atol=1e-6)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ("nothing", "neither an entry of the batch .'ids'. nor an argument"),
        (REAL[:, :5], "fits none of the layers"),
        (REAL[:20], "has 20 rows, but there are more samples"),
        (torch.cat([REAL, REAL]), "has 80 rows for 40 samples"),
        (lambda _: 3, "gave a int for a batch"),
        (5, "mask is a int"),
    ],
)
def test_masks_that_do_not_fit(mask: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(Text(), {"ids": IDS}, "embedding", mask=mask)


def test_padding_that_stays_is_said_and_own_poolings_get_the_mask() -> None:
    data = {"src": X, "src_key_padding_mask": ~REAL}

    def own(activation: Tensor, mask: Tensor) -> Tensor:
        return (activation * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    expected = read(encoder(), data, "layers.1")[1]["layers.1"]
    found, arrays = read(encoder(), data, "layers.1", pooling=own)
    np.testing.assert_allclose(arrays["layers.1"], expected, atol=1e-6)
    assert found.notes == {}
    for blind in ("flatten", lambda activation: activation.mean(1)):
        (note,) = read(encoder(), data, "layers.1", pooling=blind)[0].notes["layers.1"]
        assert note.code == "padding"
        assert note.startswith(f"{int((~REAL).sum())} of {REAL.numel()} tokens are padding")
    full = {"src": X, "src_key_padding_mask": torch.zeros_like(REAL)}
    assert read(encoder(), full, "layers.1", pooling="flatten")[0].notes == {}


def test_a_decoder_has_its_own_mask() -> None:
    config = transformers.BartConfig(
        vocab_size=60, d_model=D, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        max_position_embeddings=32,
    )  # fmt: skip
    bart = transformers.BartModel(config).eval()
    own = torch.arange(L)[None] < torch.randint(2, L, (N, 1), generator=DRAWN)
    both = {"input_ids": IDS, "attention_mask": REAL.long(), "decoder_input_ids": IDS.flip(0)}
    names = ["encoder.layers.0", "decoder.layers.0", "output:last_hidden_state"]
    for data, real in (
        (both | {"decoder_attention_mask": own.long()}, own),
        (both, torch.ones_like(own)),  # as long as the encoder's, whose mask is not its own
    ):
        with torch.no_grad():
            made = bart(**data)
        _, arrays = read(bart, data, names)
        states = (made.encoder_last_hidden_state, made.last_hidden_state, made.last_hidden_state)
        for name, hidden, mask in zip(names, states, (REAL, real, real), strict=True):
            np.testing.assert_allclose(arrays[name], mean(hidden, mask), atol=1e-5)


def test_speech_has_the_shortened_mask() -> None:
    config = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(8, 8), conv_stride=(5, 4), conv_kernel=(10, 8), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    model = transformers.Wav2Vec2Model(config).eval()
    mask = (torch.arange(400)[None] < torch.randint(150, 400, (N, 1), generator=DRAWN)).long()
    sound = torch.randn(N, 400, generator=DRAWN) * mask
    with torch.no_grad():
        made = model(sound, attention_mask=mask).last_hidden_state
    real = model._get_feature_vector_attention_mask(made.shape[1], mask)
    names = ["feature_projection:0", "encoder.layers.0"]
    found, arrays = read(model, {"input_values": sound, "attention_mask": mask}, names)
    np.testing.assert_allclose(arrays["encoder.layers.0"], mean(made, real), atol=1e-5)
    assert set(found.n_left_out.values()) == {int((~real).sum())}


def test_a_profile_reports_the_tokens_left_out() -> None:
    data = {"src": X, "src_key_padding_mask": ~REAL}
    options: dict[str, Any] = {"methods": "participation_ratio", "progress": False}
    model = encoder()
    profile = ds.profile(model, data, "layers.1", pooling="token_mean", **options)
    (facts,) = profile.provenance.values()
    assert facts["tokens_left_out"] == {"layers.1": int((~REAL).sum())}
    expected = mean(model(X, src_key_padding_mask=~REAL), REAL)
    values = np.linalg.eigvalsh(np.cov(expected.T.astype(float)))
    value = profile.to_frame("estimate")["value"].iloc[0]
    assert value == pytest.approx(ds.estimate(expected, "participation_ratio").value, rel=1e-5)
    assert value >= values.sum() ** 2 / (values**2).sum()  # corrected upwards for few samples
    flat = ds.profile(model, data, "layers.1", **options)
    assert "tokens are padding" in str(flat.to_records())


class Maps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 2, stride=2)

    def forward(self, pixel_values: Tensor, pixel_mask: Tensor | None = None) -> Tensor:
        return self.conv(pixel_values)


def test_pixel_masks_are_left_out_of_the_mean_over_positions() -> None:
    images = torch.randn(N, 3, 8, 8, generator=DRAWN)
    mask = torch.ones(N, 8, 8, dtype=torch.long)
    mask[:, 4:] = 0
    model, data = Maps(), {"pixel_values": images, "pixel_mask": mask}
    _, arrays = read(model, data, "conv", pooling="spatial_mean")
    expected = model(images)[:, :, :2].mean((2, 3)).detach().numpy()
    np.testing.assert_allclose(arrays["conv"], expected, atol=1e-6)


@pytest.mark.parametrize("pooling", ["token_mean", "spatial_mean", mean_of_tokens_first])
def test_layers_with_the_samples_second_leave_padding_out(pooling: Any) -> None:
    batch_first = encoder()
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(D, 2, 32)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()
    expected = mean(batch_first(X, src_key_padding_mask=~REAL), REAL)
    key = "src_key_padding_mask"

    def forward(net: nn.Module, batch: Any) -> Tensor:
        made: Tensor = net(batch["src"].movedim(0, 1), **{key: batch[key]})
        return made

    data = {"src": X, key: ~REAL}
    found, arrays = read(model, data, "layers.1", pooling=pooling, forward=forward)
    np.testing.assert_allclose(arrays["layers.1"], expected, atol=1e-5)
    assert found.n_left_out == {"layers.1": int((~REAL).sum())}


def test_positions_are_those_beside_known_channels() -> None:
    side = 16  # as many pixels a side as channels, so that only the axes tell them apart
    images = torch.randn(N, 3, side, side, generator=DRAWN)
    real = torch.rand(N, side, side, generator=DRAWN) > 0.3

    class LastChannels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, side, 1)
            self.norm = nn.LayerNorm(side)

        def forward(self, pixel_values: Tensor, pixel_mask: Tensor) -> Tensor:
            made: Tensor = self.norm(self.conv(pixel_values).movedim(1, -1))
            return made * pixel_mask[..., None]

    model = LastChannels()
    _, arrays = read(
        model, {"pixel_values": images, "pixel_mask": real}, "norm", pooling="spatial_mean"
    )
    normed = model.norm(model.conv(images).movedim(1, -1)).flatten(1, 2)
    np.testing.assert_allclose(arrays["norm"], mean(normed, real.flatten(1)), atol=1e-5)


def test_an_entry_called_mask_that_holds_classes_is_none() -> None:
    classes = torch.randint(0, 5, (N, L), generator=DRAWN)
    model = encoder()
    found, _ = read(
        model, {"src": X, "mask": classes}, "layers.1", forward=lambda m, b: m(b["src"])
    )
    assert found.n_left_out == {}
    assert found.notes == {}
