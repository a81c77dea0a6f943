"""Figures as people read them."""

import math
from typing import Final

_PLACES: Final = 3  # behind the point; less is nothing that anybody measures


def rounded(value: float, digits: int = 3) -> str:
    """Round to a number of digits that say something, whole from 1000 up and never finer than a thousandth.

    Examples
    --------
    >>> [rounded(value) for value in (15.088, 1234.6, 0.04567, -2.14e-05, 0.5)]
    ['15.1', '1235', '0.046', '0', '0.5']
    """
    if not math.isfinite(value):
        return str(value)
    places = min(_PLACES, max(digits - 1 - math.floor(math.log10(abs(value))), 0)) if value else 0
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def rounded_p(value: float) -> str:
    """Give a p value as journals want it."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"
