"""The synthetic profiles, and figures that are closed after every test."""

from figures import close_figures  # noqa: F401 - a fixture
from synthetic_profiles import build, profile, unknown  # noqa: F401 - fixtures
