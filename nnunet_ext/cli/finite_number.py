"""The type of an option that takes a number."""

import argparse
import math


def finite_number(text: str) -> float:
    """Read a number, which argparse's own `float` also takes NaN and infinity for.

    Raises
    ------
    ArgumentTypeError
        Where it is none: argparse names the option.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"a number was needed, found {text!r}")
    return value
