"""The pictures of one case: a mosaic of axial slices and a row of sagittal ones, with the outlines as layers."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.report.planes import RegionMasks
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.review.choose_slices import Slices, choose_slices
from nnunet_ext.report.review.shown_case import ShownCase
from nnunet_ext.report.review.tile_sheet import AXIAL_EDGES, GAP, SAGITTAL_EDGES, Sheet, Tile, draw_sheet

AXIAL_MM: Final = 28.0
"""Width of an axial picture."""

AXIAL_PIXELS: Final = 160
COLUMNS: Final = 7
_SAGITTAL_WIDTH: Final = 1134  # of the whole row, as wide as the mosaic
_SAGITTAL_HEIGHT: Final = 430


def case_sheets(image: Volume, regions: Mapping[str, RegionMasks], lesions: Array | None = None) -> tuple[Sheet, Sheet]:
    """Draw a row of sagittal slices and a mosaic of axial ones.

    Parameters
    ----------
    image
        Any orientation and spacing; it is turned, and shown in its true proportions. Where there is no image, zeros.
    regions
        Name to masks of the image's shape (i, j, k), from the outermost region (`sc`) to the innermost (`lesion`).
        `find_anchor` and `choose_slices` say which slices that gives. Empty masks have no outline.
    lesions
        Numbers of the prediction's lesions, written beside them; None where they are not known.

    Returns
    -------
    tuple of Sheet
        Sagittal (front on the left), axial (28 mm around the cord's centre, the patient's right on the left). Numbers
        in their corners are those of the slice along the file's own axis, from 0. `line_style` says how each region is
        drawn: full lines for the reference, broken ones for the prediction.

    Raises
    ------
    DataRefusedError
        Where a mask has another shape than the image.
    """
    case = ShownCase.of(image, regions, lesions)
    slices = slices_of(case)
    return draw_sheet("sagittal", _sagittal(case, slices)), draw_sheet(
        "axial", _axial(case, slices), _left_out(case, slices)
    )


def slices_of(case: ShownCase) -> Slices:
    """Choose the slices of a case: through the body, whatever lies apart from it."""
    near = [mask & case.anchor.body for mask in case.joined]
    lesions = None if case.lesions is None else np.where(case.anchor.body, case.lesions, 0)
    return choose_slices(case.image.data.shape, case.image.spacing, near, guide=case.anchor.guide, lesions=lesions)


def _axial(case: ShownCase, slices: Slices) -> list[Tile]:
    across, along, _ = case.image.spacing
    tiles = []
    for number, (level, (x, y)) in enumerate(zip(slices.axial, slices.centres, strict=True)):
        half = (AXIAL_MM / 2 / across, AXIAL_MM / 2 / along)
        down = case.image.data.shape[1] - y  # the front is at the top, so rows run backwards
        row, column = divmod(number, COLUMNS)
        tiles.append(
            Tile(
                cut=case.axial(level),
                window=((x - half[0], x + half[0]), (down - half[1], down + half[1])),
                place=(column * (AXIAL_PIXELS + GAP), row * (AXIAL_PIXELS + GAP)),
                size=(AXIAL_PIXELS, AXIAL_PIXELS),
                edges=None if number else AXIAL_EDGES,
            )
        )
    return tiles


def _sagittal(case: ShownCase, slices: Slices) -> list[Tile]:
    _, along, up = case.image.spacing
    (back, front), (low, high) = slices.window
    depth, height = (front - back) * along, (high - low) * up
    count = len(slices.sagittal)
    widest = (_SAGITTAL_WIDTH - (count - 1) * GAP) / count
    scale = min(_SAGITTAL_HEIGHT / height, widest / depth)
    size = (max(round(depth * scale), 24), max(round(height * scale), 24))
    _, length, top = case.image.data.shape
    ticks = tuple((high - level - 0.5) / (high - low) for level in slices.axial if low <= level <= high)
    return [
        Tile(
            cut=case.sagittal(index),
            window=((length - front, length - back), (top - high, top - low)),
            place=(number * (size[0] + GAP), 0),
            size=size,
            edges=None if number else SAGITTAL_EDGES,
            ticks=ticks,
        )
        for number, index in enumerate(slices.sagittal)
    ]


def _left_out(case: ShownCase, slices: Slices) -> str:
    """Say which voxels no axial picture shows: nobody shall take the mosaic for the whole."""
    said = []
    half = tuple(AXIAL_MM / 2 / size for size in case.image.spacing)
    for mask, region in zip(case.joined, case.names, strict=True):
        name = region_name(region)
        levels = np.flatnonzero(mask.any(axis=(0, 1)))
        there = len(set(levels.tolist()) & set(slices.axial))
        if there < len(levels):
            said.append(f"{name}: {there} of its {len(levels)} slices shown")
        outside = 0
        for level, (x, y) in zip(slices.axial, slices.centres, strict=True):
            across, along = (place + 0.5 for place in np.nonzero(mask[:, :, level]))
            outside += int(np.count_nonzero((abs(across - x) > half[0]) | (abs(along - y) > half[1])))
        if outside:
            said.append(f"{name}: {outside} voxels of the shown slices lie outside of the pictures")
    return "; ".join(said)
