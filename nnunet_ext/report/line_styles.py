"""How the outlines of each region are drawn: colour and kind of line, so that neither alone has to be told apart."""

from dataclasses import dataclass
from typing import Final

from nnunet_ext.report.colours import PREDICTION_COLOURS, REFERENCE_COLOURS
from nnunet_ext.report.planes import Role

_WIDTHS: Final = (1.75, 2.9, 1.2)  # of full lines
# Pixels drawn and left out in turn, and the width. There are five and four colours: twenty regions differ.
_DASHES: Final = (
    ((8.0, 4.5), 1.75), ((2.2, 3.2), 2.4), ((8.0, 3.0, 2.0, 3.0), 1.75), ((14.0, 3.0), 1.75), ((4.0, 2.0), 1.75),
)  # fmt: skip


@dataclass(frozen=True)
class LineStyle:
    """One kind of line.

    Parameters
    ----------
    colour
        Such as `#D55E00`.
    width
        In pixels.
    dash
        Pixels drawn and left out in turn; none of a full line.
    """

    colour: str
    width: float
    dash: tuple[float, ...] = ()


def line_style(role: Role, number: int) -> LineStyle:
    """Give the line of a region by its number from outside, from 0: full for a reference, broken for a prediction."""
    if role == "reference":
        return LineStyle(REFERENCE_COLOURS[number % len(REFERENCE_COLOURS)], _WIDTHS[number % len(_WIDTHS)])
    dash, width = _DASHES[number % len(_DASHES)]
    return LineStyle(PREDICTION_COLOURS[number % len(PREDICTION_COLOURS)], width, dash)
