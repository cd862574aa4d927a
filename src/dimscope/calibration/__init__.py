"""What an estimator says of data whose dimension is known, and how far a value can be believed."""

from dimscope.calibration.calibrate import calibrate, known_calibration
from dimscope.calibration.curves import response_curve
from dimscope.calibration.families import ANY, FAMILIES, PointFamily, check_family, member
from dimscope.calibration.planner import SamplesNeeded, samples_needed
from dimscope.calibration.tables import calibrated_values
from dimscope.results import Calibrated, ResponseCurve

__all__ = [
    "ANY",
    "FAMILIES",
    "Calibrated",
    "PointFamily",
    "ResponseCurve",
    "SamplesNeeded",
    "calibrate",
    "calibrated_values",
    "check_family",
    "known_calibration",
    "member",
    "response_curve",
    "samples_needed",
]
