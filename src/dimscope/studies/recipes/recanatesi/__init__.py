"""Recipes on the claims of Recanatesi et al. (2019): expansion, compression, the noise of SGD.

The settings of the paper's experiments could not be recovered. Every recipe states its own.
"""
