"""The checks of engines: how they answer, what they answer, and points of every kind."""

from dimscope.testing.engines.suite import check_engine, engine_checks

__all__ = ["check_engine", "engine_checks"]
