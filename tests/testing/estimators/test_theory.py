"""Sets of known dimension: estimators that are wrong on them are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from sound_estimator import Sound, assert_found


@final
@dataclass(kw_only=True)
class TwiceTooHigh(Sound):
    """As `Sound` (2017), times 2. Cost: the same."""

    def dimension(self, graph):
        return 2 * super().dimension(graph)


def test_what_is_broken_is_found():
    assert_found(TwiceTooHigh(), {"check_line", "check_plane", "check_sphere", "check_ball"})
