"""Every name of the package, and where it lives; `__init__.py` resolves them from here."""

from .choose import Control as Control, controls_for as controls_for
from .family import InputFamily as InputFamily
from .inputs import (
    batch_size_of as batch_size_of,
    controls_of as controls_of,
    count_controls as count_controls,
    drawn as drawn,
    received as received,
)
