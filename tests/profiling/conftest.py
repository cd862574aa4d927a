"""Figures are closed after every test."""

from figures import close_figures  # noqa: F401 - a fixture
