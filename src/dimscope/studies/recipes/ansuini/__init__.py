"""Recipes on the claims of Ansuini et al. (2019), with the settings of the authors' public code."""
