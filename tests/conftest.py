from __future__ import annotations

import sys

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Shapes and dtypes are checked at every call while the tests run. Only private modules are hooked:
# a wrapped public function loses its doctest, and beartype cannot check a lone method that
# returns Self.
install_import_hook(
    [
        "dimscope.neighbors.search.exact",
        "dimscope.neighbors.search.intervals",
        "dimscope.neighbors.given",
        "dimscope.neighbors.reuse",
        "dimscope.neighbors.sources",
        "dimscope.measurement.vectors",
        "dimscope.estimators._shared.neighborhoods",
        "dimscope.estimators._shared.ratios",
        "dimscope.estimators._shared.likelihood",
        "dimscope.estimators._shared.trees",
        "dimscope.estimators._shared.correlation_sum",
        "dimscope.estimators._shared.discrete",
    ],
    "beartype.beartype",
)

settings.register_profile("dimscope", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("dimscope")


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    """A figure that one test leaves open would be counted by the next."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
