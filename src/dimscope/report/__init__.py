"""Profiles as one self-contained interactive HTML file."""

from __future__ import annotations

from dimscope.report.writer import write_report

__all__ = ["write_report"]
