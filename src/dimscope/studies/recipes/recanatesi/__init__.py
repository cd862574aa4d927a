"""Recipes on the claims of Recanatesi et al. (2019): expansion, compression, the noise of SGD.

No setting of the paper's experiments could be recovered. Every recipe states its own.
"""
