"""Verdicts on dimensions through training, from the rows of `ansuini/dynamics`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64
from scipy import stats

from dimscope.studies.claims import LEVEL, Claim, all_of, decreases, judged
from dimscope.studies.intervals import ratio_said, said
from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini.course_layers import (
    LAST_STEP,
    STRIDE,
    Through,
    course_of,
    fine,
    last_step_of,
    n_steps_of,
    through,
)

#: Iterations of an epoch in the published figures.
_EPOCH = 390
_LATE = 5  # last measurements that stand for the end of the fine course
_HALF = 0.5
_MOST_ORDERS = 9999  # all of seven layers are fewer
_NEARLY_ONE = 1 - 1e-9


def changes_of_layers(frame: pd.DataFrame) -> list[Claim]:
    """Which layers expand from before training to its end, and which compress; first, all of it."""
    course, last = course_of(frame), last_step_of(frame)
    epoch = last // n_steps_of(frame)
    kinds = (
        dict.fromkeys(course.early, "early")
        | {course.middle: "middle"}
        | dict.fromkeys(course.final, "final")
    )
    claims: dict[str, Claim] = {}
    for layer, kind in kinds.items():
        grows = kind == "early"
        of_layer = through(frame, layer)
        before, after = np.log(of_layer.at(0)), np.log(of_layer.at(last))
        claim = decreases(
            f"the {kind} layer {layer} {'expands' if grows else 'compresses'} from epoch 0 to "
            f"{epoch}",
            np.stack([after, before] if grows else [before, after], axis=1),
        )
        claims[layer] = replace(claim, ours=ratio_said(after - before)).of(
            8, published=_published_change(course.relative(layer), epoch)
        )
    ends = {layer: claim for layer, claim in claims.items() if layer != course.middle}
    both = all_of(
        f"early layers expand and final ones compress from epoch 0 to {epoch}",
        list(ends.values()),
        ours=", ".join(f"{layer} {claim.ours}" for layer, claim in ends.items()),
    )
    return [both.of(8, published=_published_ends()), *claims.values()]


def _published_ends() -> str:
    """What all published layers did until the last epoch."""
    figure = published_figure("suppl_dynamics_A")
    ratios = np.array(figure["values"][-1]) / np.array(figure["values"][0])
    said = [
        f"x {ratio:.2f} at depth {d}" for d, ratio in zip(figure["depths"], ratios, strict=True)
    ]
    return f"{', '.join(said[1:-1])} of {figure['depths'][-1]} (epoch 300)"


def hunchback(frame: pd.DataFrame) -> list[Claim]:
    """Whether the dimension rises and then falls through depth when training ends."""
    course = course_of(frame)
    first, top, end = (
        np.log(through(frame, layer).at(last_step_of(frame)))
        for layer in ("input", course.early[0], course.output)
    )
    published = np.array(published_figure("suppl_dynamics_A")["values"][-1])
    rises = decreases(
        f"after training, the dimension rises from the input to {course.early[0]}",
        np.stack([top, first], axis=1),
    )
    falls = decreases(
        f"after training, it falls from {course.early[0]} to the output",
        np.stack([top, end], axis=1),
    )
    return [
        replace(rises, ours=ratio_said(top - first)).of(
            2, published=f"x {published[1] / published[0]:.2f} at epoch 300"
        ),
        replace(falls, ours=ratio_said(end - top)).of(
            2, published=f"x {published[-1] / published[1]:.2f} at epoch 300"
        ),
    ]


def _published_change(relative: float, epoch: int) -> str:
    """What the published layer nearest in depth did until this epoch, and until the last."""
    figure = published_figure("suppl_dynamics_A")
    depths = figure["depths"]
    nearest = int(np.abs(np.array(depths) / depths[-1] - relative).argmin())
    curves = figure["values"]
    first, by_then, at_last = (curves[min(k, len(curves) - 1)][nearest] for k in (0, epoch, 300))
    return (
        f"at depth {depths[nearest]} of {depths[-1]}, x {by_then / first:.2f} at epoch {epoch}, "
        f"x {at_last / first:.2f} at 300"
    )


def last_hidden_claims(frame: pd.DataFrame) -> list[Claim]:
    """Whether the last hidden layer compresses within half an epoch, and slowly expands after it.

    Where it is lowest is chosen by the other seeds, so that the choice does not bias the value.
    """
    course, n_steps = fine(frame), n_steps_of(frame)
    half = course.part((course.steps > 0) & (course.steps <= n_steps // 2))
    rest = course.part(course.steps > n_steps // 2)
    statements = (
        "the last hidden layer compresses to less than half within half an epoch",
        "from there it slowly expands",
        "it is lowest within this half epoch: lower than anywhere later",
    )
    if course.steps[-1] <= n_steps or len(rest.steps) < _LATE or len(half.steps) == 0:
        return [_not_reached(statement, course) for statement in statements]
    steps, lowest = _lowest_by_others(half)
    later, lowest_later = _lowest_by_others(rest)
    start, end = np.log(course.at(0)), np.log(rest.values[:, -_LATE:]).mean(axis=1)
    rows = published_figure("suppl_dynamics_B")["values"]
    at, least, *_ = min(rows, key=lambda row: float(row[1]))
    last = float(np.mean([row[1] for row in rows[-_LATE:]]))
    of_epoch = f"of {n_steps} iterations"
    found = (
        (start + np.log(_HALF), f"{ratio_said(lowest - start)} at {_range(steps)} {of_epoch}"),
        (end, f"{ratio_said(end - lowest)} to iteration {rest.steps[-1]:,}"),
        (lowest_later, f"{ratio_said(lowest_later - lowest)} at {_range(later)} {of_epoch}"),
    )
    published = (
        f"x {least / rows[0][1]:.2f} at {at} of {_EPOCH} iterations",
        f"x {last / least:.2f} to iteration {rows[-1][0]:,}",
        f"lowest at {at} of {_EPOCH} iterations",
    )
    return [
        replace(decreases(statement, np.stack([higher, lowest], axis=1)), ours=ours).of(
            8, published=theirs
        )
        for statement, (higher, ours), theirs in zip(statements, found, published, strict=True)
    ]


def _range(steps: list[int]) -> str:
    return f"{min(steps)}" + (f" to {max(steps)}" if min(steps) < max(steps) else "")


def _not_reached(statement: str, course: Through) -> Claim:
    why = "training ended with the first epoch"
    return judged(statement, None, ours="", n_seeds=len(course.values), why=why).of(8)


def _lowest_by_others(course: Through) -> tuple[list[int], Float64[np.ndarray, " seeds"]]:
    """For each seed, the step where the mean of the others is lowest, and the logarithm there."""
    logs = np.log(course.values)
    places = []
    for seed in range(len(logs)):
        others = np.delete(logs, seed, axis=0) if len(logs) > 1 else logs
        places.append(int(others.mean(axis=0).argmin()))
    return [int(course.steps[i]) for i in places], logs[np.arange(len(logs)), places]


def error_claim(frame: pd.DataFrame) -> Claim:
    """Whether the last hidden layer's dimension grows as the test error falls, after an epoch.

    Neighbouring iterations are alike, so that only seeds are taken as independent.
    """
    statement = (
        f"after the first epoch and up to iteration {LAST_STEP:,}, the dimension of the last "
        "hidden layer grows as the test error falls (rank correlation below 0)"
    )
    ids, accuracies = fine(frame), fine(frame, "test_accuracy")
    late = ids.steps > n_steps_of(frame)
    if late.sum() < _LATE:
        return _not_reached(statement, ids)
    errors = 1 - accuracies.values
    r = _rank_correlations(ids.values, errors, late)
    # the error of 30 iterations before, as the published figure pairs them
    drawn = _rank_correlations(ids.values[:, 1:], errors[:, :-1], late[1:])
    z = np.arctanh(np.clip(r, -_NEARLY_ONE, _NEARLY_ONE))
    claim = decreases(statement, np.stack([np.zeros_like(z), z], axis=1))
    ours = f"r = {said(r)}; paired as in the published figure, {said(drawn)}"
    return replace(claim, ours=ours).of(8, published=_published_correlation())


def _rank_correlations(
    ids: Float64[np.ndarray, "seeds steps"],
    errors: Float64[np.ndarray, "seeds steps"],
    late: Bool[np.ndarray, " steps"],
) -> Float64[np.ndarray, " seeds"]:  # fmt: skip
    pairs = zip(ids[:, late], errors[:, late], strict=True)
    return np.array([stats.spearmanr(x, y).statistic for x, y in pairs], dtype=np.float64)


def _published_correlation() -> str:
    """Spearman's r of the published points, as drawn and as they most likely belong together."""
    figure = published_figure("suppl_dynamics_C")
    ids, errors = np.array(figure["id"]), np.array(figure["error"])
    late = slice(_EPOCH // STRIDE + 1, LAST_STEP // STRIDE + 1)
    right, drawn = (
        stats.spearmanr(ids[late], of[late]).statistic for of in (errors[1:], errors[: len(ids)])
    )
    return f"r = {right:.2f}, as the figure pairs them {drawn:.2f}"


def shape_claims(frame: pd.DataFrame) -> list[Claim]:
    """Whether the profile through depth has the published shape after one epoch, and at the end."""
    last = last_step_of(frame) // n_steps_of(frame)
    return [_shape_claim(frame, epoch) for epoch in sorted({1, last})]


def _shape_claim(frame: pd.DataFrame, epoch: int) -> Claim:
    course, step = course_of(frame), epoch * n_steps_of(frame)
    figure = published_figure("suppl_dynamics_A")
    depths = np.array(figure["depths"]) / figure["depths"][-1]
    theirs = np.log(figure["values"][min(epoch, len(figure["values"]) - 1)])
    expected = np.interp([course.relative(layer) for layer in course.depths], depths, theirs)
    ours = np.log([through(frame, layer).at(step) for layer in course.depths]).T
    found = stats.permutation_test(
        (ours.mean(axis=0),),
        lambda x, axis: _correlations(x, expected, axis),
        vectorized=True,
        permutation_type="pairings",
        alternative="greater",
        n_resamples=_MOST_ORDERS,
        rng=np.random.default_rng(0),
    )
    factors = np.exp(ours.mean(axis=0) - expected)
    by_seed = _correlations(ours, expected, axis=1)
    return judged(
        f"after epoch {epoch}, the profile through depth has the published shape (correlation of "
        "ln ID over layers)",
        bool(found.pvalue < LEVEL),
        ours=f"r = {said(by_seed)}; ours is x {factors.min():.2f} to x {factors.max():.2f} of the "
        "published",
        n_seeds=len(ours),
        p_value=float(found.pvalue),
    ).of(8, published="the curve of the same epoch")


def _correlations(
    values: Float64[np.ndarray, "... layers"], expected: Float64[np.ndarray, " layers"], axis: int
) -> Float64[np.ndarray, "..."]:
    """Pearson's r of each row with one curve; the layers lie along the last axis."""
    return np.asarray((stats.zscore(values, axis=axis) * stats.zscore(expected)).mean(axis=axis))
