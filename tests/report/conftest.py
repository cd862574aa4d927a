"""The synthetic profiles."""

from synthetic_profiles import build, profile, unknown  # noqa: F401 - fixtures
