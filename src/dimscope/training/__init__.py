"""An alias for `tracking`, `noise` and `losses`, which version 0.1 had here."""

from __future__ import annotations

from dimscope.losses import *  # noqa: F403 - an alias has every name
from dimscope.losses import __all__ as _losses
from dimscope.noise import *  # noqa: F403
from dimscope.noise import __all__ as _noise
from dimscope.tracking import *  # noqa: F403
from dimscope.tracking import __all__ as _tracking

__all__ = [*_losses, *_noise, *_tracking]
