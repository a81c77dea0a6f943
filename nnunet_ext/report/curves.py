"""The picture of a training: how the loss fell, and how the named regions came out."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.report.colours import LINE_COLOURS
from nnunet_ext.report.plots.canvas import INK

_DOTS_PER_INCH: Final = 130
_PALETTE_SIZE: Final = 256
_GRID: Final = "#d9dfe5"
_DASHES: Final = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.5, 1.5)))  # lines differ without colour too


def training_figure(
    train_loss: Sequence[float],
    validation_loss: Sequence[float],
    pseudo_dice: Mapping[str, Sequence[float]],
) -> bytes:
    """Draw the losses, and beside them the pseudo-Dice of each region, against the epoch, as a PNG.

    Parameters
    ----------
    train_loss, validation_loss
        One value an epoch, as nnU-Net logs them (its Dice loss counts downwards from 0: lower is better).
    pseudo_dice
        Region name to one value an epoch: Dice over validation patches, 0 to 1, not that of whole cases. NaN (the
        region was in no patch) leaves a gap.

    Raises
    ------
    DataRefusedError
        Where there is no epoch, or the sequences differ in length.
    """
    epochs = np.arange(_common_length(train_loss, validation_loss, pseudo_dice))
    figure = Figure(figsize=(10, 3.4), facecolor="white", layout="constrained")
    left, right = figure.subplots(1, 2)
    _lines(left, epochs, {"training": train_loss, "validation": validation_loss})
    left.set_title("Loss (lower is better)", loc="left", fontsize=11, color=INK)
    _lines(right, epochs, pseudo_dice)
    right.set_title("Pseudo-Dice on validation patches (higher is better)", loc="left", fontsize=11, color=INK)
    right.set_ylim(-0.02, 1.02)
    return _png(figure)


def _common_length(
    train_loss: Sequence[float], validation_loss: Sequence[float], pseudo_dice: Mapping[str, Sequence[float]]
) -> int:
    lengths = {"training loss": len(train_loss), "validation loss": len(validation_loss)}
    lengths |= {f"pseudo-Dice of {region}": len(values) for region, values in pseudo_dice.items()}
    if len(set(lengths.values())) != 1 or not train_loss:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataRefusedError(f"a training curve needs one value an epoch of each, and an epoch at least: {found}")
    return len(train_loss)


def _lines(axes: Axes, epochs: npt.NDArray[np.int64], series: Mapping[str, Sequence[float]]) -> None:
    marker = "o" if len(epochs) < 30 else None  # a lone epoch would be invisible as a line
    for number, (name, values) in enumerate(series.items()):
        axes.plot(
            epochs,
            np.asarray(values, dtype=float),
            color=LINE_COLOURS[number % len(LINE_COLOURS)],
            linestyle=_DASHES[number % len(_DASHES)],
            linewidth=1.8,
            marker=marker,
            markersize=3,
            label=name,
        )
    axes.set_xlabel("epoch", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    if series:
        axes.legend(frameon=False, fontsize=9, labelcolor=INK)


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=_DOTS_PER_INCH)
    # A palette instead of true colour halves the file.
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(_PALETTE_SIZE, dither=Image.Dither.NONE).save(small, format="PNG", optimize=True)
    return small.getvalue()
