"""The exact search: candidates by tiles, a tree or intervals, each with its proof."""
