"""One slice on a page: grey values, outlines, and letters that say which way it faces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes

from nnunet_ext.report.planes import BoolArray

Grey = npt.NDArray[np.float32]

DASHES: Final = (0, (2.2, 1.2))
_GREY_LEVELS: Final = 28  # more can hardly be told apart on a page, and double the file
_FINER: Final = 6  # an outline cuts a voxel's corners by half of this part of it


@dataclass(frozen=True, eq=False)
class Outline:
    """Where a mask shows in the slice, and how its edge is drawn."""

    mask: BoolArray
    colour: str
    dashed: bool


class Edges(NamedTuple):
    """Where the four edges of a picture lie in the patient, such as A, P, S, I."""

    left: str
    right: str
    top: str
    bottom: str


def draw_panel(
    axes: Axes, grey: Grey, spacing: tuple[float, float], outlines: Sequence[Outline], edges: Edges, corner: str = ""
) -> None:
    """Show a slice in its true proportions.

    Parameters
    ----------
    axes
        Where to draw; afterwards in mm from the lower left corner.
    grey
        Shape (across, up), values 0 (black) to 1 (white).
    spacing
        Pixel size across and up, in mm.
    outlines
        Masks of the same shape, drawn along the edges of their voxels; an empty one has none.
    edges
        Letters at the edges.
    corner
        What stands in the upper left corner.
    """
    across, up = spacing
    extent = (0, grey.shape[0] * across, 0, grey.shape[1] * up)
    axes.imshow(
        grey.T,
        cmap=colormaps["gray"].resampled(_GREY_LEVELS),
        vmin=0,
        vmax=1,
        origin="lower",
        extent=extent,
        interpolation="bilinear",
        interpolation_stage="data",
    )
    for outline in outlines:
        if outline.mask.any():
            _outline(axes, outline, across, up)
    _write(axes, edges, corner)
    axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _outline(axes: Axes, outline: Outline, across: float, up: float) -> None:
    # Closed where the mask meets the edge of the picture, and along the edges of the voxels: a contour between their
    # centres would make thin lesions thinner.
    fine = np.pad(outline.mask, 1).repeat(_FINER, axis=0).repeat(_FINER, axis=1).astype(np.float32)
    x = ((np.arange(fine.shape[0]) + 0.5) / _FINER - 1) * across
    y = ((np.arange(fine.shape[1]) + 0.5) / _FINER - 1) * up
    styles = [DASHES] if outline.dashed else "solid"
    axes.contour(x, y, fine.T, levels=[0.5], colors=outline.colour, linewidths=1.3, linestyles=styles)


def _write(axes: Axes, edges: Edges, corner: str) -> None:
    # A dark plate behind each letter keeps it readable on bright fluid.
    plate = {"facecolor": "black", "alpha": 0.5, "edgecolor": "none", "boxstyle": "square,pad=0.15"}
    style: dict[str, Any] = {"transform": axes.transAxes, "color": "white", "fontsize": 8, "bbox": plate}
    axes.text(0.05, 0.5, edges.left, ha="left", va="center", **style)
    axes.text(0.95, 0.5, edges.right, ha="right", va="center", **style)
    axes.text(0.5, 0.98, edges.top, ha="center", va="top", **style)
    axes.text(0.5, 0.02, edges.bottom, ha="center", va="bottom", **style)
    if corner:
        axes.text(0.04, 0.96, corner, ha="left", va="top", weight="bold", **style)
