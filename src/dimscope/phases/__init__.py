"""Phases of expansion and compression on a curve of dimensions, through depth or training."""

from dimscope.phases.find import (
    Direction,
    Phase,
    Phases,
    find_phases,
    through_depth,
    through_training,
)

__all__ = ["Direction", "Phase", "Phases", "find_phases", "through_depth", "through_training"]
