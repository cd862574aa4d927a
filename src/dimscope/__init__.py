"""dimscope: the geometry of what a neural network has learned, and how far to believe it.

Importing dimscope loads neither torch nor matplotlib: each name is resolved on first use, from the
list in ``__init__.pyi``.
"""

from __future__ import annotations

import lazy_loader

__version__ = "0.2.0.dev0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
