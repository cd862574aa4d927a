"""Recipes on the experiments of Ansuini et al. (2019)."""
