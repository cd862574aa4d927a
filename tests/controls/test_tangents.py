"""Tangent spectra against full Jacobians, closed forms and ranks that are known."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dimscope.capture import Probe
from dimscope.controls import InputFamily, TangentSpectra, tangent_spectrum, tangents_of
from dimscope.errors import CaptureError, InputError
from dimscope.results import Subject

D = 5


def curved(n_features: int, *shape: int, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """A smooth map of coordinates into inputs of a shape."""
    weights = np.random.default_rng(seed).standard_normal((D, n_features))
    weights = torch.from_numpy(weights)
    return lambda u: torch.sin(u @ weights + 0.3).reshape(-1, *(shape or (n_features,)))


POINTS = np.random.default_rng(1).standard_normal((3, D))


class Skip(nn.Module):
    """A block with a skip connection, as in residual networks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + nn.functional.gelu(self.conv(x))


class Attending(nn.Module):
    """Attention as transformers have it, by two roads."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        attended = self.attention(x, x, x, need_weights=False)[0]
        return self.norm(x + nn.functional.scaled_dot_product_attention(attended, x, x))


def conv_net() -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        Skip(),
        nn.MaxPool2d(2),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(36, 7),
        nn.Sigmoid(),
    )
    net[1].running_mean.uniform_(-1, 1)
    net[1].running_var.uniform_(0.5, 2)
    return net


def attention_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(Attending(), nn.GELU(), nn.Linear(8, 3))


CASES = [
    (conv_net, curved(72, 2, 6, 6)),
    (attention_net, curved(40, 5, 8)),
]


def full_jacobian(net: nn.Module, embed: Any, point: np.ndarray) -> np.ndarray:
    """The Jacobian of the output by reverse mode, one output at a time."""
    net = copy.deepcopy(net).double().eval()
    u = torch.from_numpy(point)
    found = torch.autograd.functional.jacobian(lambda v: net(embed(v[None])).flatten(), u)
    return np.asarray(found)


@pytest.mark.parametrize(("make", "embed"), CASES, ids=["conv", "attention"])
def test_the_values_are_those_of_the_full_jacobian(make: Any, embed: Any) -> None:
    net = make()
    spectra = tangent_spectrum(net, embed, POINTS, layers="*", dtype="float64", batch_size=2)
    assert (spectra.how, spectra.dtype) == ("forward mode", "float64")
    parts = list(net.children())
    for number in range(len(parts)):
        own = next(layer for layer in spectra.layers if layer.layer == str(number))
        for point, values in zip(POINTS, own.singular_values, strict=True):
            whole = full_jacobian(nn.Sequential(*parts[: number + 1]), embed, point)
            expected = np.linalg.svd(whole, compute_uv=False)
            np.testing.assert_allclose(
                values[: len(expected)], expected, rtol=0, atol=1e-10 * expected[0]
            )


@pytest.mark.parametrize(("make", "embed"), CASES, ids=["conv", "attention"])
def test_single_precision_differs_by_its_rounding(make: Any, embed: Any) -> None:
    single = tangent_spectrum(make(), embed, POINTS)
    double = tangent_spectrum(make(), embed, POINTS, dtype="float64")
    assert (single.dtype, double.dtype) == ("float32", "float64")
    for one, other in zip(single.layers, double.layers, strict=True):
        largest = other.singular_values[:, :1]
        difference = np.abs(one.singular_values - other.singular_values) / largest
        assert (difference < one.rank_threshold[:, None]).all()


def test_a_linear_network_has_the_closed_form() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 20), nn.Linear(20, 6), nn.Linear(6, 30)).double()
    embedded = np.random.default_rng(0).standard_normal((D, 8))
    spectra = tangent_spectrum(net, lambda u: u @ torch.from_numpy(embedded), POINTS, layers="*")
    product = embedded.T
    for number, layer in enumerate(net, 1):
        product = layer.weight.detach().numpy() @ product
        expected = np.linalg.svd(product, compute_uv=False)
        own = spectra.layers[number]
        np.testing.assert_allclose(own.singular_values, np.tile(expected, (3, 1)), rtol=1e-12)
        squares = expected**2
        np.testing.assert_allclose(
            own.participation_ratio, squares.sum() ** 2 / (squares**2).sum(), rtol=1e-12
        )
        np.testing.assert_allclose(own.log_volume, np.log(expected).sum(), rtol=1e-10)
        np.testing.assert_allclose(own.largest_stretch, expected[0], rtol=1e-12)
        np.testing.assert_allclose(own.smallest_stretch, expected[-1], rtol=1e-10)


@pytest.mark.parametrize("dtype", [None, "float64"])
@pytest.mark.parametrize("width", [1, 3, 5, 9])
def test_the_rank_behind_a_bottleneck(width: int, dtype: Any) -> None:
    torch.manual_seed(width)
    net = nn.Sequential(
        *(nn.Linear(12, 40), nn.GELU(), nn.Linear(40, width), nn.Tanh()),
        *(nn.Linear(width, 50), nn.GELU(), nn.Linear(50, 50)),
    )
    spectra = tangent_spectrum(net, curved(12), POINTS, layers="*", dtype=dtype)
    ranks = [set(layer.rank) for layer in spectra.layers]
    assert ranks[:3] == [{D}] * 3  # input, linear, GELU
    assert ranks[3:] == [{min(D, width)}] * len(ranks[3:])


def test_dead_units_lower_the_rank_where_they_are_dead() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 40))
    with torch.no_grad():
        net[0].bias.fill_(-100.0)
        net[0].bias[:2] = 100.0  # two units live, four are dead
    spectra = tangent_spectrum(net, curved(12), POINTS, layers="*")
    assert [set(layer.rank) for layer in spectra.layers[:4]] == [{D}, {D}, {2}, {2}]
    with torch.no_grad():
        net[0].bias.fill_(-100.0)
    dead = tangent_spectrum(net, curved(12), POINTS, layers=["1"])
    assert set(dead.layers[0].rank) == {0}
    ratio = next(v for v in dead.values(Subject(model="net")) if "participation" in v.quantity.name)
    assert (ratio.value, ratio.problem) == (None, "No direction acts at any point.")


def test_pooling_is_that_of_the_profile() -> None:
    net = nn.Sequential(nn.Tanh(), nn.Conv2d(2, 4, 3))
    pooled = tangent_spectrum(net, curved(72, 2, 6, 6), POINTS, layers="1", pooling="spatial_mean")
    assert pooled.layers[0].n_features == 4
    assert set(pooled.layers[0].rank) == {4}
    assert pooled.layers[0].pooling == "spatial_mean"
    whole = tangent_spectrum(net, curved(72, 2, 6, 6), POINTS, layers="1")
    assert set(whole.layers[0].rank) == {D}


def test_batches_and_memory_change_nothing() -> None:
    net, embed = CASES[0][0](), CASES[0][1]
    whole = tangent_spectrum(net, embed, POINTS, dtype="float64")
    parts = tangent_spectrum(net, embed, POINTS, dtype="float64", batch_size=1, memory_budget=5_000)
    for one, other in zip(whole.layers, parts.layers, strict=True):
        np.testing.assert_allclose(one.singular_values, other.singular_values, rtol=1e-12)


class Cut(nn.Module):
    """Cuts derivatives off on the way to half of its output."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, 2 * x.detach()], 1)


class Looking(nn.Module):
    """Looks at a value to decide, which functions of many tangents at once cannot."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x if float(x.sum()) > -1e9 else x


class Squaring(torch.autograd.Function):
    """A function of the user's, with no forward mode."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x**2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        raise NotImplementedError


class Custom(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return Squaring.apply(x)


class Plain(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


FALLBACKS = [
    (
        Cut(),
        lambda x: torch.cat([x, 2 * x], 1),
        "finite differences",
        "otherwise than forward mode",
    ),
    (Custom(), lambda x: x**2, "finite differences", "finite differences in float64"),
    (Looking(), lambda x: 2 * x, "forward mode", ""),
]


@pytest.mark.parametrize(("odd", "plain", "how", "said"), FALLBACKS, ids=["cut", "custom", "looks"])
def test_other_ways_agree_with_forward_mode(odd: Any, plain: Any, how: str, said: str) -> None:
    torch.manual_seed(0)
    first, last = nn.Linear(12, 10), nn.LazyLinear(8)
    smooth = nn.Sequential(first, nn.Tanh(), Plain(plain), last, nn.Tanh())
    exact = tangent_spectrum(smooth, curved(12), POINTS, layers="*")
    found = tangent_spectrum(
        nn.Sequential(first, nn.Tanh(), odd, last, nn.Tanh()), curved(12), POINTS, layers="*"
    )
    assert found.how == how
    assert said in " ".join(found.notes)
    assert exact.notes == ()
    for one, other in zip(exact.layers, found.layers, strict=True):
        np.testing.assert_allclose(one.singular_values, other.singular_values, rtol=2e-5)
    codes = {note.code for value in found.values(Subject(model="net")) for note in value.notes}
    assert codes == ({"fallback"} if said else set())


def test_a_recurrent_network_falls_back() -> None:
    torch.manual_seed(0)
    net = nn.LSTM(6, 4, batch_first=True)
    spectra = tangent_spectrum(net, curved(18, 3, 6), POINTS, layers=["output:0"])
    assert spectra.how == "finite differences"
    assert "mkldnn_rnn_layer" in spectra.notes[0]
    double = copy.deepcopy(net).double()
    embed = curved(18, 3, 6)
    whole = torch.autograd.functional.jacobian(
        lambda u: double(embed(u[None]))[0].flatten(), torch.from_numpy(POINTS[0])
    )
    expected = np.linalg.svd(whole, compute_uv=False)
    np.testing.assert_allclose(spectra.layers[0].singular_values[0], expected, atol=1e-9)


def test_a_family_without_forward_mode() -> None:
    image = torch.rand(1, 2, 9, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def shifted(u: Tensor) -> Tensor:
        flat = torch.eye(2, 3, dtype=u.dtype).expand(len(u), 2, 3).clone()
        flat[:, :, 2] = 0.1 * u + 0.01
        grid = nn.functional.affine_grid(flat, [len(u), 2, 6, 6], align_corners=False)
        images = image.expand(len(u), -1, -1, -1)
        return nn.functional.grid_sample(images, grid, mode="bicubic", align_corners=False)

    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(48, 6)).double()
    point = np.array([[0.1, -0.2]])
    spectra = tangent_spectrum(net, shifted, point, layers=["3"])
    assert spectra.how == "forward mode"
    assert "grid_sampler_2d" in spectra.notes[0]
    u = torch.from_numpy(point[0])
    whole = torch.autograd.functional.jacobian(lambda v: net(shifted(v[None])).flatten(), u)
    expected = np.linalg.svd(whole, compute_uv=False)
    np.testing.assert_allclose(spectra.layers[0].singular_values[0], expected, rtol=1e-7)


def test_the_network_is_left_as_it_was() -> None:
    net = CASES[0][0]().train()
    net[5].eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    state = torch.get_rng_state()
    tangent_spectrum(net, CASES[0][1], POINTS)
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in net.modules()] == modes
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])
        assert type(value) is Tensor
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())


class Texts(nn.Module):
    """Takes embedded tokens and a mask by name, and returns a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 6)
        self.layer = nn.Linear(6, 6)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
    ) -> dict[str, Tensor]:
        if inputs_embeds is None:
            assert input_ids is not None
            inputs_embeds = self.embedding(input_ids)
        return {"logits": self.layer(inputs_embeds.tanh())}


def test_directions_in_embedding_space() -> None:
    torch.manual_seed(0)
    net = Texts()
    ids = torch.tensor([[1, 2, 3, 0]])
    mask = torch.tensor([[1, 1, 1, 0]])
    directions = torch.randn(D, 4, 6)
    embedded = net.embedding(ids).detach()

    def embed(u: Tensor) -> dict[str, Tensor]:
        moved = embedded + torch.tensordot(u.float(), directions, 1)
        return {"inputs_embeds": moved, "attention_mask": mask.expand(len(u), -1)}

    spectra = tangent_spectrum(net, embed, POINTS, layers=["layer"], pooling="token_mean")
    assert (spectra.layers[0].n_features, set(spectra.layers[0].rank)) == (6, {D})
    whole = tangent_spectrum(net, embed, POINTS, layers=["layer"], pooling="last_token")
    slopes = (1 - (embed(torch.from_numpy(POINTS[:1]))["inputs_embeds"][0, 2]).tanh() ** 2).detach()
    jacobian = net.layer.weight.detach() @ torch.diag(slopes) @ directions[:, 2].T
    expected = np.linalg.svd(jacobian.numpy(), compute_uv=False)
    np.testing.assert_allclose(whole.layers[0].singular_values[0], expected, rtol=1e-4)
    with pytest.raises(InputError, match="inputs_embeds"):
        tangent_spectrum(net, lambda u: {"input_ids": ids.expand(len(u), -1)}, POINTS)


def family(seed: int, dimension: int = D) -> InputFamily:
    return InputFamily(name=f"family_{seed}", dimension=dimension, embed=curved(12, seed=seed))


def test_families_of_several_images() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 9), nn.Tanh())
    apart = [tangent_spectrum(net, family(seed), np.zeros((2, D))) for seed in range(4)]
    spectra = tangent_spectrum(net, [family(seed) for seed in range(4)], np.zeros((2, D)))
    assert (spectra.n_points, spectra.n_families) == (8, 4)
    for number, layer in enumerate(spectra.layers):
        expected = np.concatenate([one.layers[number].singular_values for one in apart])
        np.testing.assert_array_equal(layer.singular_values, expected)
    value = spectra.values(Subject(model="net", sample="shifts"))[1]
    ratios = spectra.layers[0].participation_ratio[::2]  # both points of a family are equal
    assert value.value == pytest.approx(ratios.mean())
    assert value.stderr == pytest.approx(ratios.std(ddof=1) / 2)
    assert (value.n_samples, value.n_groups) == (8, 4)


def test_values_and_tables() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 3), nn.Tanh(), nn.Linear(3, 9))
    spectra = tangent_spectrum(net, family(0), 6, rng=3)
    assert spectra.points.min() >= 0
    assert spectra.points.max() <= 1
    np.testing.assert_array_equal(spectra.points, family(0).draw(6, 3).numpy())
    subject = Subject(model="net", data="abc", sample="smooth", replicate=2)
    tables = spectra.tables(subject)
    assert len(tables.values) == 5 * len(spectra.layers)
    frame = tables.to_frame("estimate").set_index(["layer", "method"])
    assert frame.loc[("2", "tangent_rank"), "value"] == 3
    assert frame.loc[("2", "tangent_rank"), "stderr"] == 0
    assert frame.loc[("2", "tangent_rank"), "sample"] == "smooth"
    assert "fewer than 5 directions act" in frame.loc[("2", "tangent_log_volume"), "notes"]
    assert frame.loc[("input", "tangent_log_volume"), "notes"] == ""
    own = spectra.layers[0]
    low = frame.loc[("input", "tangent_largest_stretch"), "interval_low"]
    high = frame.loc[("input", "tangent_largest_stretch"), "interval_high"]
    assert low < own.largest_stretch.mean() < high
    summary = spectra.to_frame().set_index("layer")
    assert summary.loc["2", "rank"] == 3
    assert summary.loc["2", "rank_threshold"] == pytest.approx(np.median(own.rank_threshold), rel=9)


def test_one_point_has_no_error() -> None:
    value = tangent_spectrum(nn.Linear(12, 9), family(0), 1).values(Subject(model="net"))[2]
    assert (value.stderr, value.low, value.high, value.error_kind) == (None, None, None, None)


def test_units_at_kinks_are_told() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 20, bias=False), nn.ReLU(), nn.MaxPool1d(2))
    usual = tangent_spectrum(net, curved(12), POINTS)
    assert [note.code for note in usual.notes] == ["kinks"]
    assert "(ReLU 1, max-pooling 1)" in usual.notes[0]
    assert all(not value.notes for value in usual.values(Subject(model="net")))
    weights = torch.from_numpy(np.random.default_rng(0).standard_normal((D, 12)))
    at_zero = tangent_spectrum(net, lambda u: torch.sin(u @ weights), np.zeros((1, D)))
    assert "100 % of their units lie exactly at a kink" in " ".join(at_zero.notes)
    codes = {n.code for value in at_zero.values(Subject(model="net")) for n in value.notes}
    assert "kinks" in codes


def test_derivatives_that_are_not_finite() -> None:
    net = Plain(lambda x: x.abs().sqrt())
    points = np.concatenate([np.zeros((1, D)), POINTS])
    spectra = tangent_spectrum(net, lambda u: u, points, layers="output")
    own = spectra.layers[0]
    assert np.isnan(own.rank[0])
    assert set(own.rank[1:]) == {D}
    value = spectra.values(Subject(model="net"))[0]
    assert (value.value, value.n_samples) == (D, 3)
    assert "Derivatives are not finite at 1 of 4 points" in " ".join(value.notes)


def spectrum(**given: Any) -> TangentSpectra:
    arguments = {"model": nn.Linear(12, 9), "family": family(0), "points": 2} | given
    return tangent_spectrum(**arguments)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"family": 3}, "the family is 3: give an InputFamily"),
        ({"family": []}, r"the family is \[\]"),
        ({"family": [family(0), family(1, 4)]}, "have the dimensions 5 and 4"),
        ({"family": curved(12)}, "beside a function of coordinates, give the coordinates"),
        ({"points": 0}, "points is 0"),
        ({"points": np.zeros((3, 4))}, r"the shape \(3, 4\): .* needs coordinates .*\(n, 5\)"),
        ({"points": np.full((1, 5), np.nan)}, "not finite"),
        ({"dtype": "float16"}, "dtype='float16'"),
        ({"layers": "nothing"}, "unknown layer 'nothing'"),
        ({"mask": np.ones((3, 4))}, "mask= is an array"),
        ({"family": lambda u: u.foo, "points": POINTS}, "failed on coordinates .*AttributeError"),
        ({"family": lambda u: u.long(), "points": POINTS}, "makes no floating-point tensor"),
        ({"family": lambda u: torch.ones(7, 12), "points": POINTS}, "7 inputs for 3 points"),
        ({"model": "net"}, "it must be a torch.nn.Module"),
        ({"rng": "a"}, "rng='a'"),
    ],
)  # fmt: skip
def test_bad_input(given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spectrum(**given)


def test_a_network_that_fails() -> None:
    with pytest.raises(CaptureError, match="the model failed on inputs"):
        spectrum(model=nn.Linear(11, 9))


def test_training_mode_is_refused() -> None:
    probe = Probe(model=nn.Linear(12, 9), data=None, mode="train")
    with pytest.raises(InputError, match="mode='train'"):
        tangents_of(probe, family(0), 2)
