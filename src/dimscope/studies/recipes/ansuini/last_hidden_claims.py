"""Verdicts of `ansuini/last_hidden`: correlations over networks, each data set by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from dimscope.studies.claims import Claim, all_of, judged
from dimscope.studies.correlation import correlation, leave_one_out
from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini.signs import Pair, high_claim, partial_claim, sign_claim

#: What says which network a row is of; the others are measured.
NET = ["data", "family", "widths", "depth", "epochs", "weight_decay", "varied"]
_NOT_AVERAGED = ["seed", "n_train", "n_samples", "device"]
_R, _R_RESNETS, _READING = 0.94, 0.99, 0.01
_THEIRS = f"r = {_R}, 14 networks"
_SAYS = "a larger ID goes with a larger error"
_ID = Pair("id", "test_error")
_IDEST = "Spearman about -0.8, 33 self-supervised networks (arXiv 2606.03338, as others digest it)"
# The participation ratio is called effective dimension there. The author's post on the paper takes
# the "output" of a ResNet-18 to have 512 units, so it may be what is called last hidden layer here.
_YADAV = "partial r = 0.75 of the output's, 52 ImageNet networks (arXiv 2602.00130)"
_RANKME = "the same sign, self-supervised networks (Garrido et al. 2023)"
_ALPHA = "the same, self-supervised networks (Agrawal et al. 2022)"


def networks(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each network: means over its seeds, its test error in %, and its kin.

    ``kin`` are the networks of one family on one data set.
    """
    measured = [name for name in frame if name not in (*NET, *_NOT_AVERAGED)]
    values = frame[NET].join(frame[measured].apply(pd.to_numeric))
    nets = values.groupby(NET, sort=False).mean().reset_index()
    return nets.assign(
        test_error=100 * (1 - nets["test_accuracy"]),
        log_parameters=np.log(nets["n_parameters"]),
        alpha_from_1=(nets["alpha_req"] - 1).abs(),
        kin=nets["family"] + " on " + nets["data"],
    )


def alike(nets: pd.DataFrame, *varied: str) -> pd.DataFrame:
    """The references, and the networks that differ from them in what is named."""
    return nets[nets["varied"].isin(["nothing", *varied])]


def published_table() -> pd.DataFrame:
    """The paper's 14 networks: ``id``, ``id_std``, ``test_error`` (top 5, in %) and ``kin``."""
    figure = published_figure("lasthidden")
    nets = pd.DataFrame.from_dict(figure["values"], orient="index", columns=figure["columns"])
    nets = nets.rename_axis("net").reset_index()
    kin = nets["net"].str.replace(r"[\d]+", "", regex=True)
    names = {"alexnet": "AlexNet", "vgg": "VGG", "vgg_bn": "VGG, batch norm", "resnet": "ResNet"}
    return nets.rename(columns={"top5_error": "test_error", "err": "id_std"}).assign(
        kin=kin.map(names)
    )


def published_claims() -> list[Claim]:
    """What the paper's own table says by our statistics."""
    nets = published_table()
    without = leave_one_out(nets[_ID.x], nets[_ID.y])
    resnets = nets[nets["kin"] == "ResNet"]
    r = correlation(resnets[_ID.x], resnets[_ID.y], rng=0).r
    name, rest = nets["net"].iloc[without.most], nets.drop(index=nets.index[without.most])
    says = f"the paper's 14 networks: {_SAYS}"
    claims = [
        judged(
            "the paper's table gives the paper's r",
            max(abs(without.r - _R), abs(r - _R_RESNETS)) < _READING,
            ours=f"r = {without.r:.3f}, {r:.3f} inside the ResNets; without {name} "
            f"{without.without[without.most]:.3f}",
            n_seeds=len(nets),
        ).of(3, published=f"r = {_R}, {_R_RESNETS} inside the ResNets"),
        sign_claim(says, nets, _ID).of(3, published=f"r = {_R}"),
        sign_claim(f"{says}, also without {name}, on which it rests most", rest, _ID).of(3),
        sign_claim(f"{says}, also within families", nets, _ID, within="kin").of(3),
    ]
    return [replace(claim, any_budget=True) for claim in claims]


def id_claims(nets: pd.DataFrame) -> list[Claim]:
    """Claim 3 on our networks: all data sets, each of them, then what is common to families."""
    of_data = {str(data): _of_data(own) for data, own in nets.groupby("data", sort=False)}
    leading = {data: claims[0] for data, claims in of_data.items()}
    found = [
        all_of(
            f"among networks trained alike, {_SAYS}, on every data set",
            list(leading.values()),
            ours="; ".join(f"{data}: {claim.ours}" for data, claim in leading.items()),
        ).of(3, published=_THEIRS),
        *(claim for claims in of_data.values() for claim in claims),
    ]
    for names, varied in (
        ("trained alike", "architecture"),
        ("that differ only in training length", "epochs"),
        ("that differ only in weight decay", "weight_decay"),
    ):
        says = f"within families of networks {names}, {_SAYS}"
        found.append(sign_claim(says, alike(nets, varied), _ID, within="kin").of(3))
    return found


def _of_data(nets: pd.DataFrame) -> list[Claim]:
    data, shapes = nets["data"].iloc[0], alike(nets, "architecture")
    says = f"{data}: among networks trained alike, {_SAYS}"
    least = correlation(published_table()["id"], published_table()["test_error"], rng=0).low or _R
    inside = [
        sign_claim(f"{says}, inside {family}", kin, _ID).of(
            3, published=f"r = {_R_RESNETS}, 5 ResNets" if family == "resnet" else ""
        )
        for family, kin in shapes.groupby("family", sort=False)
    ]
    return [
        sign_claim(says, shapes, _ID).of(3, published=_THEIRS),
        high_claim(
            f"{data}: among networks trained alike, r is above {least:.2f}, the lower bound of the "
            "published r's interval",
            shapes, _ID, least,
        ).of(3, published=_THEIRS),
        *inside,
        sign_claim(
            f"{data}: {_SAYS}, however trained", nets, _ID
        ).of(3),
        partial_claim(
            f"{data}: {_SAYS}, at equal training accuracy",
            nets, _ID, ["training_accuracy"],
        ).of(3),
    ]  # fmt: skip


def other_claims(nets: pd.DataFrame) -> list[Claim]:
    """What others found of other quantities, on networks that are trained alike."""
    own, size = alike(nets, "architecture"), ["log_parameters"]

    def says(what: str) -> str:
        return f"networks trained alike: {what} goes with a higher test accuracy"

    tree, ratio, output, rank, alpha = (
        Pair(name, "test_accuracy", sign)
        for name, sign in (
            ("mst_dimension", -1), ("participation_ratio", 1), ("output_participation_ratio", 1),
            ("rankme", 1), ("alpha_from_1", -1),
        )
    )  # fmt: skip
    score = sign_claim(says("a smaller MST dimension"), own, tree, within="data")
    of_output = partial_claim(
        says("a larger participation ratio of the output, at equal size,"), own, output, size
    )
    of_hidden = partial_claim(
        says("a larger participation ratio of the last hidden layer, at equal size,"),
        own, ratio, size,
    )  # fmt: skip
    ranks = sign_claim(says("a larger RankMe"), own, rank, within="data")
    exponents = sign_claim(says("an alpha-ReQ nearer to 1"), own, alpha, within="data")
    return [
        score.of(17, published=_IDEST),
        replace(of_output, published=_YADAV),
        replace(of_hidden, published=_YADAV),
        replace(ranks, published=_RANKME),
        replace(exponents, published=_ALPHA),
    ]
