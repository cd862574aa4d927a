"""The synthetic profiles, and figures that are closed after every test."""

from collections.abc import Iterator

import pytest
from synthetic_profiles import build, profile, unknown  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    import matplotlib

    matplotlib.use("Agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
