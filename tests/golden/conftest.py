"""The modules of this folder import one another by name, as they do when they run as scripts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
