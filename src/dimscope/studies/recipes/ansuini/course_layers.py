"""What `ansuini/dynamics` measures, of which networks and when, and how its rows are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

#: Steps between two measurements of the last hidden layer, as published, and the last of these.
STRIDE, LAST_STEP = 30, 2940
#: Further steps, for the fall at the beginning.
FIRST_STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BATCH = 128


@dataclass(frozen=True, kw_only=True)
class Course:
    """What is measured of a network, and what is claimed of it.

    Attributes
    ----------
    depths
        Convolutions and linear maps up to each layer; those of the output are all.
    early
        Layers that are claimed to expand through training.
    final
        Hidden layers that are claimed to compress.
    middle
        The layer between them, where the published curves compress.
    last_hidden, output
        Layers.
    """

    depths: Mapping[str, int]
    early: tuple[str, ...]
    middle: str
    final: tuple[str, ...]
    last_hidden: str
    output: str

    def relative(self, layer: str) -> float:
        """Depth of a layer, from 0 at the input to 1 at the output."""
        return self.depths[layer] / self.depths[self.output]


NETWORKS: Mapping[str, Course] = {
    "cifar_cnn": Course(
        depths={
            "input": 0, "pool1": 2, "pool2": 4, "pool3": 6, "fc_relu1": 7, "fc_relu2": 8, "fc3": 9,
        },
        early=("pool1", "pool2"),
        middle="pool3",
        final=("fc_relu1", "fc_relu2"),
        last_hidden="fc_relu2",
        output="fc3",
    ),
    "vgg16_cifar": Course(
        depths={
            "input": 0, "pool1": 2, "pool2": 4, "pool3": 7, "pool4": 10, "pool5": 13,
            "fc_relu1": 14, "fc_relu2": 15, "fc3": 16,
        },
        early=("pool1", "pool2", "pool3"),
        middle="pool4",
        final=("pool5", "fc_relu1", "fc_relu2"),
        last_hidden="fc_relu2",
        output="fc3",
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Through:
    """A quantity of a layer through training.

    Attributes
    ----------
    steps
        When it was measured.
    values
        A row for each seed, a column for each step; nan where it is unknown.
    """

    steps: Int64[np.ndarray, " steps"]
    values: Float64[np.ndarray, "seeds steps"]

    def at(self, step: int) -> Float64[np.ndarray, " seeds"]:
        """The values of a step."""
        return np.asarray(self.values[:, int(np.flatnonzero(self.steps == step)[0])])

    def part(self, keep: Any) -> Through:
        """The columns that a mask keeps."""
        return Through(steps=self.steps[keep], values=self.values[:, keep])


def course_of(frame: pd.DataFrame) -> Course:
    """What was measured of the network that the rows are of."""
    return NETWORKS[str(frame["network"].iloc[0])]


def n_steps_of(frame: pd.DataFrame) -> int:
    """Steps of an epoch."""
    return int(frame["n_train"].iloc[0]) // BATCH


def last_step_of(frame: pd.DataFrame) -> int:
    """The step at the end of training."""
    return int(frame["step"].max())


def through(frame: pd.DataFrame, layer: str, column: str = "two_nn") -> Through:
    """A column of a layer's rows through training."""
    table = frame[frame["layer"] == layer].pivot_table(
        index="seed", columns="step", values=column, dropna=False
    )
    return Through(
        steps=table.columns.to_numpy(dtype=np.int64), values=table.to_numpy(dtype=np.float64)
    )


def fine(frame: pd.DataFrame, column: str = "two_nn") -> Through:
    """The last hidden layer every 30 steps, as far as the published course goes."""
    every = through(frame, course_of(frame).last_hidden, column)
    return every.part((every.steps % STRIDE == 0) & (every.steps <= LAST_STEP))
