"""Recipes on what has been said against intrinsic dimension as a measure of representations."""
