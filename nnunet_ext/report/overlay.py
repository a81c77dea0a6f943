"""The picture of one case: the image, and on it the reference and the prediction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Volume
from nnunet_ext.report.colours import PREDICTION_COLOURS, REFERENCE_COLOURS
from nnunet_ext.report.figures import png
from nnunet_ext.report.panels import DASHES, Edges, Grey, Outline, draw_panel
from nnunet_ext.report.planes import BoolArray, Planes, choose_planes

_DISPLAY_AXES: Final = "LAS"  # the patient's right is on the left of an axial picture, as in a reading room
_HEIGHT_INCH: Final = 4.6
_LEGEND_INCH: Final = 0.4
_DOTS_PER_INCH: Final = 92
_WINDOW_PERCENTILES: Final = (1.0, 99.5)


@dataclass(frozen=True, eq=False)
class RegionMasks:
    """One region on the grid of the image: what people drew and what the model says; `None` where there is none."""

    reference: BoolArray | None
    prediction: BoolArray | None


@dataclass(frozen=True, eq=False)
class _Contour:
    mask: BoolArray
    name: str
    colour: str
    dashed: bool


def case_figure(image: Volume, regions: Mapping[str, RegionMasks], names: Mapping[str, str] | None = None) -> bytes:
    """Draw one sagittal and up to four axial slices, each plain and with outlines.

    Parameters
    ----------
    image
        Any orientation and spacing; it is turned, never resampled, and shown in its true proportions.
    regions
        Name to masks of the image's shape (i, j, k), from the outermost region (`sc`) to the innermost (`lesion`).
        The slices go through the innermost that is not empty. Empty masks have no contour; without any mask the
        slices go through the centre.
    names
        Region to what the legend calls it, such as `{"sc": "cord"}`.

    Returns
    -------
    bytes
        A PNG. Reference: full lines in blue and purple. Prediction: dashed lines in orange and yellow. Sagittal
        pictures show the front on the left, axial ones the patient's right on the left.

    Raises
    ------
    DataRefusedError
        Where a mask has another shape than the image.
    """
    shown = reorient(image, _DISPLAY_AXES)
    contours = _contours(image, regions, names or {})
    depth = [_joined(masks, image.affine, shown) for masks in regions.values()]
    planes = choose_planes(shown.data.shape, shown.spacing, depth)
    grey = _windowed(shown, planes)
    figure = _draw(grey, shown.spacing, planes, contours)
    return png(figure, _DOTS_PER_INCH)


def _contours(image: Volume, regions: Mapping[str, RegionMasks], names: Mapping[str, str]) -> list[_Contour]:
    """Turn every mask to the display axes; references come first, to lie below the predictions."""
    contours = []
    for dashed, palette in ((False, REFERENCE_COLOURS), (True, PREDICTION_COLOURS)):
        for number, (region, masks) in enumerate(regions.items()):
            mask = masks.prediction if dashed else masks.reference
            if mask is None:
                continue
            if mask.shape != image.data.shape:
                raise DataRefusedError(
                    f"region {region}: a mask on the image's grid {image.data.shape} was needed, found {mask.shape}"
                )
            name = f"{names.get(region, region)}, {'prediction' if dashed else 'reference'}"
            contours.append(_Contour(_turned(mask, image.affine), name, palette[number % len(palette)], dashed))
    return contours


def _joined(masks: RegionMasks, affine: Affine, shown: Volume) -> BoolArray:
    joined = np.zeros(shown.data.shape, dtype=np.bool_)
    for mask in (masks.reference, masks.prediction):
        if mask is not None:
            joined |= _turned(mask, affine)
    return joined


def _turned(mask: BoolArray, affine: Affine) -> BoolArray:
    return reorient(Volume(mask, affine), _DISPLAY_AXES).data.astype(np.bool_)


def _windowed(image: Volume, planes: Planes) -> Grey:
    """Map grey values to 0..1, windowed by the part of the volume that the sagittal picture shows."""
    data = image.data.astype(np.float32)
    low, high = np.percentile(data[:, *planes.sagittal_box], _WINDOW_PERCENTILES)
    scaled: Grey = np.clip((data - low) / (high - low if high > low else 1), 0, 1).astype(np.float32)
    return scaled


def _draw(grey: Grey, spacing: tuple[float, float, float], planes: Planes, contours: list[_Contour]) -> Figure:
    along, up = planes.sagittal_box
    length = (up.stop - up.start) * spacing[2]
    sagittal_width = float(np.clip(_HEIGHT_INCH * (along.stop - along.start) * spacing[1] / length, 1.3, 3.6))
    columns = len(planes.axial)
    widths = [sagittal_width, sagittal_width, *[_HEIGHT_INCH / 2] * columns]
    figure = Figure(figsize=(sum(widths), _HEIGHT_INCH + _LEGEND_INCH), facecolor="black")
    bottom = _LEGEND_INCH / (_HEIGHT_INCH + _LEGEND_INCH)
    grid = figure.add_gridspec(
        2, 2 + columns, width_ratios=widths, left=0, right=1, top=1, bottom=bottom, wspace=0.015, hspace=0.02
    )
    for column, drawn in enumerate(([], contours)):
        _sagittal(figure.add_subplot(grid[:, column]), grey, spacing, planes, drawn)
    for row, drawn in enumerate(([], contours)):
        for column in range(columns):
            _axial(figure.add_subplot(grid[row, 2 + column]), grey, spacing, planes, column, drawn)
    _legend(figure, contours)
    return figure


def _sagittal(
    axes: Axes, grey: Grey, spacing: tuple[float, float, float], planes: Planes, contours: list[_Contour]
) -> None:
    along, up = planes.sagittal_box
    place = (planes.sagittal, along, up)
    # The front comes first on paper, so this axis runs backwards.
    outlines = [Outline(one.mask[place][::-1], one.colour, one.dashed) for one in contours]
    draw_panel(axes, grey[place][::-1], spacing[1:], outlines, Edges("A", "P", "S", "I"))
    for level in planes.axial:  # marks at the back edge: where the axial pictures were taken
        axes.axhline((level - up.start + 0.5) * spacing[2], xmin=0.97, color="white", linewidth=1)


def _axial(
    axes: Axes,
    grey: Grey,
    spacing: tuple[float, float, float],
    planes: Planes,
    column: int,
    contours: list[_Contour],
) -> None:
    place = (*planes.axial_boxes[column], planes.axial[column])
    outlines = [Outline(one.mask[place], one.colour, one.dashed) for one in contours]
    draw_panel(axes, grey[place], spacing[:2], outlines, Edges("R", "L", "A", "P"), corner=str(column + 1))


def _legend(figure: Figure, contours: list[_Contour]) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=one.colour,
            linewidth=2.2,
            linestyle=DASHES if one.dashed else "solid",
            label=one.name if one.mask.any() else f"{one.name}: empty",
        )
        for one in contours
    ]
    if handles:
        figure.legend(
            handles=handles,
            loc="lower center",
            ncols=len(handles),
            frameon=False,
            labelcolor="white",
            fontsize=9,
            borderpad=0.5,
            handlelength=3.2,
        )
