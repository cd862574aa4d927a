"""The checks of stores of activations: what they hold, and what is read back."""

from dimscope.testing.stores.suite import check_store, store_checks

__all__ = ["check_store", "store_checks"]
