"""Inputs of known dimension for a user's own network, tangent spectra, and surrogates.

Each name is resolved on first use, from the list in ``__init__.pyi``: surrogates need no torch.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
