"""Comparisons with a limit in mm, mm3 or a share, which the last digit of a 32-bit header must not decide."""

import math
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt

ROUNDING: Final = 1e-6
"""Relative: what 32-bit affines and voxel sizes leave uncertain of a distance, a volume or a share."""


@overload
def at_least(value: float, limit: float) -> bool: ...
@overload
def at_least(value: npt.NDArray[Any], limit: float) -> npt.NDArray[np.bool_]: ...
def at_least(value: Any, limit: float) -> Any:
    """Tell whether a value of 0 or more reaches a limit; one that falls short of it by rounding alone does."""
    return value >= limit * (1 - ROUNDING)


@overload
def more_than(value: float, limit: float) -> bool: ...
@overload
def more_than(value: npt.NDArray[Any], limit: float) -> npt.NDArray[np.bool_]: ...
def more_than(value: Any, limit: float) -> Any:
    """Tell whether a value of 0 or more exceeds a limit by more than rounding."""
    return value > limit * (1 + ROUNDING)


def whole_up(value: float) -> int:
    """Round a number of 0 or more up; one that exceeds a whole number by rounding alone is that number."""
    return math.ceil(value - ROUNDING * max(1.0, value))
