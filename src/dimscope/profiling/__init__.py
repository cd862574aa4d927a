"""The main job: a network and its data in, a Profile out."""

from dimscope._progress import progress_bars
from dimscope.profiling.measure import measure_layer
from dimscope.profiling.plan import Plan, plan
from dimscope.profiling.profiles import Profile
from dimscope.profiling.run import profile
from dimscope.profiling.settings import DEFAULT_METHODS, Settings, make_settings

__all__ = [
    "DEFAULT_METHODS",
    "Plan",
    "Profile",
    "Settings",
    "make_settings",
    "measure_layer",
    "plan",
    "profile",
    "progress_bars",
]
