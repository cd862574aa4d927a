"""Array shapes and dtypes of the numeric core are checked while the tests run."""

from __future__ import annotations

from hypothesis import settings
from jaxtyping import install_import_hook

install_import_hook(
    [
        "dimscope.points",
        "dimscope.neighbors._search",
        "dimscope.spectra",
        "dimscope.estimators._ratios",
    ],
    "beartype.beartype",
)

settings.register_profile("dimscope", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("dimscope")
