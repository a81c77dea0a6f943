"""Numbers as JSON, TOML and YAML say them."""

import math
from typing import Any


def whole_number(value: Any) -> int:  # noqa: ANN401 - whatever the file holds
    """Take a whole number, also one that stands there as a text (`"1"`) or with a point (`1.0`), as nnU-Net does.

    Raises
    ------
    ValueError
        Where it is anything else, true or false, or has decimals, which nnU-Net cuts off.
    """
    if isinstance(value, str) and value.strip().isascii() and value.strip().lstrip("+-").isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:  # NaN and infinity fail it
        raise ValueError(f"a whole number was needed, found {value!r:.100}")
    return int(value)


def finite(value: Any) -> float:  # noqa: ANN401 - whatever the file holds
    """Take a number that is neither NaN nor infinite.

    Raises
    ------
    ValueError
        Where it is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"a number was needed, found {value!r:.100}")
    return float(value)
