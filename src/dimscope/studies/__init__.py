"""The experiments of the papers, and the figures they published."""
