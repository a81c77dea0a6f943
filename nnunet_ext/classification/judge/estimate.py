"""A figure with its interval."""

from dataclasses import dataclass
from typing import Final

LEVEL: Final = 0.95
"""Of every interval."""

Z: Final = 1.959963984540054
"""The standard normal quantile of (1 + LEVEL) / 2; scipy would take longer for it than all the rest takes."""


@dataclass(frozen=True)
class Estimate:
    """A figure of some patients with its 95 % interval; None where it is not defined.

    Parameters
    ----------
    value, low, high
        In the unit of the figure.
    count
        Patients that it is of: its denominator, where it is a share.
    method
        How the interval was made, or `n/a`.
    """

    value: float | None
    low: float | None
    high: float | None
    count: int
    method: str

    @classmethod
    def without_interval(cls, value: float | None, count: int) -> "Estimate":
        """Give a figure that has no interval, or is not defined at all."""
        return cls(value, None, None, count, "n/a")
