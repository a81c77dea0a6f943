"""Cells of the tables as people read them: shares in percent, areas with two digits, each with its interval."""

from collections.abc import Callable
from typing import Final

from nnunet_ext.core.tables import Row, finite_number
from nnunet_ext.report.rounded import rounded_p

DASH: Final = "–"
"""Stands for what is not defined."""


def percent(row: Row | None, *, points: bool = False, columns: tuple[str, str, str] = ("value", "low", "high")) -> str:
    """Give a share with its interval, `82 % [72, 89]`; with `points` a difference of shares, `+4 [−2, +9]`."""
    return _with_ends(row, columns, _points if points else _whole, "" if points else " %")


def area(row: Row | None, *, signed: bool = False, columns: tuple[str, str, str] = ("value", "low", "high")) -> str:
    """Give an area, a kappa, or a difference of them, with its interval: `0.85 [0.77, 0.91]`."""
    return _with_ends(row, columns, _signed if signed else _two, "")


def p_value(text: str) -> str:
    """Give a p value as journals want it."""
    value = finite_number(text)
    return DASH if value is None else rounded_p(value)


def decimals(text: str, digits: int = 3) -> str:
    """Give a number with as many decimals."""
    value = finite_number(text)
    return DASH if value is None else f"{value:.{digits}f}"


def _with_ends(row: Row | None, columns: tuple[str, str, str], words: Callable[[float], str], unit: str) -> str:
    value, low, high = (None if row is None else finite_number(row[column]) for column in columns)
    if value is None:
        return DASH
    ends = f" [{words(low)}, {words(high)}]" if low is not None and high is not None else ""
    return f"{words(value)}{unit}{ends}"


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"


def _points(share: float) -> str:
    return _minus(f"{100 * share + 0.0:+.0f}")


def _two(value: float) -> str:
    return _minus(f"{value:.2f}")


def _signed(value: float) -> str:
    return _minus(f"{value:+.2f}")


def _minus(text: str) -> str:
    plain = text if any(digit in text for digit in "123456789") else text.lstrip("+-")
    return plain.replace("-", "−")
