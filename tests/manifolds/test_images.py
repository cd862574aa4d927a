"""Images move as their parameters say."""

from __future__ import annotations

import numpy as np

from dimscope.manifolds import bumps, moving_pattern


class TestImages:
    def test_a_shift_by_a_pixel_moves_the_image(self):
        manifold = moving_pattern(2, 41)
        still, right, down = manifold.embed(np.array([[0, 0], [0.05, 0], [0, 0.05]])).reshape(
            3, 41, 41
        )
        np.testing.assert_allclose(right[:, 1:], still[:, :-1], atol=1e-12)
        np.testing.assert_allclose(down[1:], still[:-1], atol=1e-12)

    def test_a_quarter_turn_turns_the_image(self):
        still, turned = moving_pattern(3, 20).embed(np.array([[0, 0, 0], [0, 0, np.pi / 2]]))
        turned = turned.reshape(20, 20)
        np.testing.assert_allclose(turned, np.rot90(still.reshape(20, 20), -1), atol=1e-12)

    def test_a_scale_spreads_it(self):
        """Twice as large, every second pixel of an image around the centre is a pixel of it."""
        still, large = moving_pattern(4, 21).embed(np.array([[0, 0, 0, 0], [0, 0, 0, np.log(2)]]))
        large = large.reshape(21, 21)[::2, ::2]
        np.testing.assert_allclose(large, still.reshape(21, 21)[5:16, 5:16], atol=1e-12)

    def test_bumps_add_up_in_any_order(self):
        first, second = [0.2, -0.3, 0.2], [-0.5, 0.1, 0.3]
        both = bumps(2).embed(np.array([first + second, second + first]))
        np.testing.assert_allclose(both[0], both[1])
        np.testing.assert_allclose(both[0], bumps(1).embed(np.array([first, second])).sum(axis=0))
