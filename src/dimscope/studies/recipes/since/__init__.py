"""Recipes on what was published since the two papers."""
