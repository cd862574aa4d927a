"""What the recipes on the noise of SGD share: conditions, networks, tables and figures."""
