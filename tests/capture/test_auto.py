"""What "auto" chooses in the networks of the papers, and in others."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

from dimscope.capture import layer_names, select_layers

IMAGES = torch.zeros(2, 3, 32, 32)
LARGE = torch.zeros(1, 3, 64, 64)
TOKENS = {
    "input_ids": torch.arange(12).reshape(2, 6),
    "attention_mask": torch.ones(2, 6, dtype=torch.long),
}
SMALL: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def auto(model: nn.Module, data: Any = IMAGES) -> list[str]:
    return select_layers(layer_names(model, data), "auto")


class BasicBlock(nn.Module):
    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = None
        if stride != 1 or n_in != n_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride), nn.BatchNorm2d(n_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        skip = x if self.downsample is None else self.downsample(x)
        return self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))) + skip)


class ResNet(nn.Module):
    """Built as torchvision's."""

    def __init__(self, n_blocks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3)
        self.bn1 = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        widths = [4, 4, 8, 16, 32]
        for stage in range(1, 5):
            n_in, n_out = widths[stage - 1 : stage + 1]
            blocks = [BasicBlock(n_in, n_out, 1 if stage == 1 else 2)]
            blocks += [BasicBlock(n_out, n_out, 1) for _ in range(n_blocks - 1)]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


class VGG(nn.Module):
    """Built as torchvision's VGG-11, narrower."""

    def __init__(self, *, batch_norm: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_in = 3
        for n_out in (4, "pool", 8, "pool", 8, 8, "pool", 16, 16, "pool"):
            if n_out == "pool":
                layers.append(nn.MaxPool2d(2))
                continue
            assert isinstance(n_out, int)
            layers.append(nn.Conv2d(n_in, n_out, 3, padding=1))
            layers += [nn.BatchNorm2d(n_out)] if batch_norm else []
            layers.append(nn.ReLU(inplace=True))
            n_in = n_out
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(2)
        self.classifier = nn.Sequential(
            *(nn.Linear(64, 20), nn.ReLU(inplace=True), nn.Dropout()),
            *(nn.Linear(20, 20), nn.ReLU(inplace=True), nn.Dropout()),
            nn.Linear(20, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


RESNET = ["maxpool", "layer1.1", "layer2.1", "layer3.1", "layer4.1", "avgpool", "fc"]


def test_efficientnet_lite0() -> None:
    names = auto(EfficientNet.from_name("efficientnet-lite0"), LARGE)
    blocks = [f"_blocks.{i}" for i in (0, 2, 4, 7, 10, 14, 15)]
    assert names == ["input", "_swish", *blocks, "_swish#2", "_avg_pooling", "_fc"]


def test_resnet() -> None:
    assert auto(ResNet(2), LARGE) == ["input", *RESNET]


def test_a_resnet_with_single_blocks() -> None:
    stages = [f"layer{i}.0" for i in (1, 2, 3, 4)]
    assert auto(ResNet(1), LARGE) == ["input", "maxpool", *stages, "avgpool", "fc"]


def test_a_network_inside_another_is_looked_into() -> None:
    wrapped = nn.Sequential(nn.BatchNorm2d(3), ResNet(2))
    assert auto(wrapped, LARGE) == ["input", *(f"1.{name}" for name in RESNET)]


@pytest.mark.parametrize(("batch_norm", "pools"), [(False, (2, 5, 10, 15)), (True, (3, 7, 14, 21))])
def test_vgg(batch_norm: bool, pools: tuple[int, ...]) -> None:
    names = [*(f"features.{i}" for i in pools), *(f"classifier.{i}" for i in (0, 3, 6))]
    assert auto(VGG(batch_norm=batch_norm)) == ["input", *names]


def test_a_pooling_to_the_size_that_is_there_does_not_count() -> None:
    assert "avgpool" not in auto(ResNet(2), IMAGES)


def test_a_pooling_that_changes_its_input_counts() -> None:
    assert "avgpool" in auto(VGG(), LARGE)


def test_a_small_network_in_one_sequence() -> None:
    model = nn.Sequential(
        *(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.ReLU()),
        *(nn.Conv2d(4, 8, 3), nn.MaxPool2d(2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(288, 16), nn.ReLU(), nn.Linear(16, 10)),
    )
    assert auto(model) == ["input", "1", "4", "7", "9"]


def test_without_pools_and_blocks_every_step_counts_after_its_activation() -> None:
    convolutions = nn.Sequential(
        *(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True)),
        *(nn.Conv2d(4, 4, 3), nn.GELU(), nn.Dropout()),
        *(nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(2704, 10), nn.LogSoftmax(1)),
    )
    assert auto(convolutions) == ["input", "2", "4", "6", "8", "output"]
    dense = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    assert auto(dense, torch.zeros(2, 4)) == ["input", "1", "2"]
    assert auto(nn.Linear(4, 2), torch.zeros(2, 4)) == ["input", "output"]


def test_activations_are_followed_by_what_they_receive_not_by_when_they_run() -> None:
    class Skips(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x) + self.act(x)

    assert auto(Skips(), torch.zeros(2, 4)) == ["input", "linear", "output"]


def test_strided_convolutions_end_stages() -> None:
    def unit(n_in: int, n_out: int, stride: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(n_in, n_out, 3, stride, 1), nn.ReLU())

    model = nn.Sequential(
        *(unit(3, 4, 1), unit(4, 8, 1), unit(8, 8, 2), unit(8, 8, 1)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)),
    )
    assert auto(model) == ["input", "1", "3", "4", "6"]


def test_blocks_that_are_plain_attributes() -> None:
    class Double(nn.Sequential):
        def __init__(self, n_in: int, n_out: int) -> None:
            super().__init__(nn.Conv2d(n_in, n_out, 3, 1, 1), nn.Conv2d(n_out, n_out, 3, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).relu()

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = Double(3, 4)
            self.pool = nn.MaxPool2d(2)
            self.middle = Double(4, 8)
            self.up = nn.ConvTranspose2d(8, 4, 2, 2)
            self.out = Double(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            skip = self.down(x)
            return self.out(torch.cat([self.up(self.middle(self.pool(skip))), skip], 1))

    assert auto(UNet()) == ["input", "down", "pool", "middle", "up", "out"]


def test_recurrent_text_networks() -> None:
    class Text(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(20, 8)
            self.lstm = nn.LSTM(8, 6, batch_first=True)
            self.fc = nn.Linear(6, 2)

        def forward(self, tokens: Tensor) -> Tensor:
            return self.fc(self.lstm(self.embedding(tokens))[0][:, -1])

    assert auto(Text(), TOKENS["input_ids"]) == ["embedding", "lstm:0", "fc"]


def test_bert_and_gpt() -> None:
    bert = transformers.BertModel(transformers.BertConfig(vocab_size=20, **SMALL))
    layers = [f"encoder.layer.{i}" for i in range(3)]
    assert auto(bert, TOKENS) == ["embeddings", *layers, "pooler"]
    ids = {"bos_token_id": 0, "eos_token_id": 1}
    config = transformers.GPT2Config(n_embd=8, n_layer=2, n_head=2, vocab_size=20, **ids)
    infos = layer_names(transformers.GPT2LMHeadModel(config), TOKENS)
    blocks = ["transformer.h.0", "transformer.h.1"]
    assert select_layers(infos, "auto") == ["transformer.wte", *blocks, "lm_head"]
    assert infos["transformer.h.1.mlp"].relative_depth == 8 / 9  # Conv1D counts


def test_encoder_and_decoder_of_one_class_are_looked_into() -> None:
    config = transformers.T5Config(
        d_model=8, d_kv=4, d_ff=16, num_layers=2, num_heads=2, vocab_size=20
    )
    model = transformers.T5ForConditionalGeneration(config)
    names = auto(model, {**TOKENS, "decoder_input_ids": TOKENS["input_ids"][:, :4]})
    blocks = [name for name in names if "block" in name]
    assert blocks == [f"{part}.block.{i}:0" for part in ("encoder", "decoder") for i in (0, 1)]


def test_vision_transformers() -> None:
    sizes = {"image_size": 32, "patch_size": 8}
    model = transformers.ViTForImageClassification(transformers.ViTConfig(**sizes, **SMALL))
    names = auto(model)
    assert names[:2] == ["input", "vit.embeddings"]
    assert names[-1] == "classifier"
    assert len(names) == 6
