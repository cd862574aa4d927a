"""Shared by the recipes on the noise of SGD: conditions, networks, tables and figures."""
