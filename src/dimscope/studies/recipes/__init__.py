"""Recipes, one file each: ``paper/recipe`` is the constant ``RECIPE`` of ``paper/recipe.py``."""
