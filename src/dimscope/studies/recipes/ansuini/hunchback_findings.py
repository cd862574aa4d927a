"""What each network says about the statements of the recipe on the hunchback."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float64
from scipy import stats

from dimscope.studies.claims import LEAST_SEEDS, LEVEL
from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini.by_layer import classes_of, peak_of
from dimscope.studies.recipes.ansuini.imagenet import MIXED, short
from dimscope.studies.recipes.ansuini.ratios import Finding, Ratio, paired_ratio

_ORDERS = 10.0  # an order of magnitude
_N_BOOTSTRAP = 2000
_N_PERMUTATIONS = 20_000


def below_units(curves: pd.DataFrame, units: np.ndarray) -> Finding:
    """Compare units and dimension at every checkpoint."""
    ratios = [
        paired_ratio(np.full(len(values), n_units), values, _ORDERS)
        for n_units, values in zip(units, classes_of(curves).to_numpy().T, strict=True)
    ]
    least = min(ratios, key=lambda ratio: ratio.value)
    middle = float(np.median([ratio.value for ratio in ratios]))
    layer = short(curves.columns[ratios.index(least)])
    p_value = max(ratio.p_above for ratio in ratios)
    outcomes = {ratio.is_above for ratio in ratios}
    holds = False if False in outcomes else None if None in outcomes else True
    return Finding(
        holds=holds,
        p_value=p_value,
        said=f"units over dimension {least} at {layer}, the least; x {middle:,.0f} is the median",
    )


def rise_and_fall(curves: pd.DataFrame) -> Finding:
    """Compare the peak with the input and with the last checkpoint."""
    peak, classes = peak_of(curves), classes_of(curves)
    rise = paired_ratio(classes[peak], classes.iloc[:, 0])
    fall = paired_ratio(classes[peak], classes.iloc[:, -1])
    outcomes = {rise.is_above, fall.is_above}
    holds = False if False in outcomes else None if None in outcomes else True
    return Finding(
        holds=holds,
        p_value=max(rise.p_above, fall.p_above),
        said=f"up {rise} to {short(peak)}, down {fall}",
    )


def order(curves: pd.DataFrame, depths: np.ndarray) -> Finding:
    """Spearman's correlation with the published curve, tested by permuting checkpoints."""
    values, published = classes_of(curves).to_numpy(), _published_at(depths)
    if len(values) < LEAST_SEEDS:
        return Finding(holds=None, p_value=1.0, said=f"{len(values)} classes are too few")

    rng = np.random.default_rng(0)
    drawn = rng.integers(len(values), size=(_N_BOOTSTRAP, len(values)))
    low, high = np.quantile(_spearman(values[drawn].mean(axis=1), published), [0.025, 0.975])
    found = float(_spearman(values.mean(axis=0), published))
    permuted = rng.permuted(np.tile(published, (_N_PERMUTATIONS, 1)), axis=1)
    as_high = _spearman(permuted, values.mean(axis=0)) >= found - 1e-12
    p_value = float(1 + as_high.sum()) / (1 + _N_PERMUTATIONS)
    return Finding(
        holds=True if p_value < LEVEL else False if high < 0 else None,
        p_value=p_value,
        said=f"Spearman {found:.2f} ({low:.2f} .. {high:.2f}), {len(depths)} checkpoints",
    )


def _spearman(rows: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlations of each row, along the last axis, with one other."""
    centre = (len(other) + 1) / 2
    ranks, others = stats.rankdata(rows, axis=-1) - centre, stats.rankdata(other) - centre
    norms = np.sqrt((ranks**2).sum(axis=-1) * (others**2).sum())
    return np.asarray((ranks * others).sum(axis=-1) / norms)


def _published_at(depths: np.ndarray) -> np.ndarray:
    """Mean of the published curves of VGGs and ResNets at these relative depths."""
    curves = [
        np.interp(depths, curve["relative_depth"], curve["id"])
        for net, curve in published_figure("hunchbacks_B")["values"].items()
        if net.startswith(("vgg", "resnet"))
    ]
    mean: np.ndarray = np.stack(curves).mean(axis=0)
    return mean


def _rises(curves: pd.DataFrame) -> Float64[np.ndarray, " classes"]:
    """The highest checkpoint of the mixed images over the input, class by class."""
    classes = classes_of(curves)
    highest = str(curves.loc[MIXED].idxmax())
    return np.asarray(classes[highest] / classes.iloc[:, 0], dtype=np.float64)


def flatness(trained: pd.DataFrame, untrained: pd.DataFrame) -> Finding:
    """Compare the rises: that of the trained network against the square of the other."""
    if untrained.empty:
        return Finding(holds=None, p_value=1.0, said="no untrained network")
    compared = paired_ratio(_rises(trained), _rises(untrained) ** 2)
    return Finding(
        holds=compared.is_above,
        p_value=compared.p_above,
        said=f"{_over_one(untrained)} untrained, {_over_one(trained)} trained",
    )


def _over_one(curves: pd.DataFrame) -> Ratio:
    rises = _rises(curves)
    return paired_ratio(rises, np.ones_like(rises))


def scatter_with_hubs(
    curves: pd.DataFrame, deviations: pd.DataFrame, hubs: pd.DataFrame
) -> Finding:
    """Correlate, class by class, the scatter of draws with the share of one nearest neighbour."""
    scatter = classes_of(deviations).to_numpy() / classes_of(curves).to_numpy()
    shares = classes_of(hubs).to_numpy()
    if len(shares) < LEAST_SEEDS:
        return Finding(holds=None, p_value=1.0, said=f"{len(shares)} classes are too few")
    found = np.array([_spearman(*both) for both in zip(scatter, shares, strict=True)])
    mean = paired_ratio(np.exp(found), np.ones_like(found))  # tested as a logarithm
    low, high = np.log([mean.low, mean.high])
    peak = peak_of(curves)
    most, least = classes_of(hubs)[peak].max(), classes_of(hubs)[peak].min()
    return Finding(
        holds=mean.is_above,
        p_value=mean.p_above,
        said=f"Spearman {found.mean():.2f} ({low:.2f} .. {high:.2f}); the nearest neighbour of "
        f"{least:.0%} to {most:.0%} at {short(peak)}",
    )
