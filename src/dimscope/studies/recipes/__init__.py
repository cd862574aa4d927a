"""Recipes, each in a file of its name: ``paper/recipe`` is ``RECIPE`` of ``paper/recipe.py``."""
