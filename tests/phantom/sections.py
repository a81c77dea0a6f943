"""Cord, sac and grey matter measured across the cord, the same way on people's masks and on painted phantoms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.phantom.anatomy import tissue_map
from nnunet_ext.phantom.lesions import Pathology, draw_deformations
from nnunet_ext.phantom.spine import Spine, build_spine, draw_build
from nnunet_ext.phantom.tissues import CORD_TISSUES, Tissue

Mask = npt.NDArray[np.bool_]
Measures = dict[str, float]

IN_PLANE_MM: Final = 0.5  # voxels of the people's masks, which the phantom is painted on too
_APART_MM: Final = 5.0
_STACK: Final = 16
_FIELD: Final = (112, 160)
_SQUARE: Final = (100, 90)


def healthy_spine(seed: int) -> Spine:
    """Draw a spine whose cord is healthy; discs may bulge, as in many people."""
    rng = np.random.default_rng(seed)
    build = draw_build(rng)
    return build_spine(build, draw_deformations(Pathology.HEALTHY, build, build.arc_at(4.0), rng))


def section_measures(cord: Mask, canal: Mask | None, grey: npt.NDArray[np.floating] | None, mm: float) -> Measures:
    """Measure one section.

    Parameters
    ----------
    cord, canal, grey
        Shape (right, front): masks of the cord and of the sac with all in it, and the share of grey matter in each
        pixel. None where there is none.
    mm
        Side of a pixel.

    Returns
    -------
    dict
        Areas in mm2, diameters in mm (outermost pixels included). `fullness`: 1 for an ellipse of the same diameters.
        `front_width`, `back_width`: the cord's width at 15 % of its depth from front and back, as a share of its
        largest. `place_front`, `place_right`: its middle from the sac's, as a share of the free room. `grey_share`: of
        the cord's area; `grey_width`, `grey_depth`: of its diameters.
    """
    (width, right), (depth, front) = _extents(cord, mm)
    rows = cord.sum(axis=0)[np.flatnonzero(cord.any(axis=0))] * mm
    area = float(cord.sum()) * mm * mm
    measures = {
        "cord_area": area,
        "cord_width": width,
        "cord_depth": depth,
        "fullness": area / (np.pi / 4 * width * depth),
        "front_width": float(rows[int(0.85 * rows.size)]) / width,
        "back_width": float(rows[int(0.15 * rows.size)]) / width,
    }
    if canal is not None:
        (canal_width, canal_right), (canal_depth, canal_front) = _extents(canal, mm)
        measures |= {
            "canal_area": float(canal.sum()) * mm * mm,
            "canal_width": canal_width,
            "canal_depth": canal_depth,
            "place_front": (front - canal_front) / max((canal_depth - depth) / 2, mm),
            "place_right": (right - canal_right) / max((canal_width - width) / 2, mm),
        }
    if grey is not None and (grey > 0.5).any():
        (grey_width, _), (grey_depth, _) = _extents(grey > 0.5, mm)
        share = float(grey.sum() / cord.sum())
        measures |= {"grey_share": share, "grey_width": grey_width / width, "grey_depth": grey_depth / depth}
    return measures


def stack_measures(cord: Mask, canal: Mask, mm: float, apart_mm: float) -> dict[str, Measures]:
    """Measure a stack of axial slices, shape (right, front, up): medians of its lower, middle and upper third.

    Sizes are corrected for the angle between slice and cord, after a cubic centreline. The whole stack adds `bend`, the
    sagittal angle in degrees between its upper and its lower end, positive where the cord is hollow behind (lordosis),
    and `sideways`, the largest angle to the sagittal plane.
    """
    height = np.arange(cord.shape[2]) * apart_mm
    centres = np.array([np.argwhere(cord[:, :, k]).mean(axis=0) * mm for k in range(cord.shape[2])])
    slopes = [np.polynomial.Polynomial.fit(height, centres[:, axis], 3).deriv()(height) for axis in (0, 1)]
    sections = []
    for k in range(cord.shape[2]):
        section = section_measures(cord[:, :, k], canal[:, :, k], None, mm)
        across, along = (1 / np.hypot(1, slope[k]) for slope in slopes)
        for part in ("cord", "canal"):
            section[f"{part}_width"] *= across
            section[f"{part}_depth"] *= along
            section[f"{part}_area"] *= across * along
        sections.append(section)
    angles = np.rad2deg(np.arctan(slopes))
    third = -(-len(sections) // 3)
    parts = {"lower": sections[:third], "middle": sections[third:-third], "upper": sections[-third:], "whole": sections}
    measures = {name: medians(part) for name, part in parts.items()}
    measures["whole"] |= {"bend": float(angles[1][0] - angles[1][-1]), "sideways": float(np.abs(angles[0]).max())}
    return measures


def neck_stack(spine: Spine, centre_level: float) -> tuple[Mask, Mask]:
    """Paint 80 mm of a neck on the grid of the people's masks: 0.5 x 0.5 mm, slices 5 mm apart; cord and canal."""
    entry = int(spine.index(np.array(spine.build.arc_at(centre_level))))
    affine = np.diag([IN_PLANE_MM, IN_PLANE_MM, _APART_MM, 1.0])
    shape = (*_FIELD, _STACK)
    middle = np.array([spine.x[entry], spine.y[entry], spine.z[entry]], dtype=np.float64)
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    tissue = tissue_map(spine, (), shape, affine)
    cord = np.isin(tissue, CORD_TISSUES)
    sac = cord | (tissue == Tissue.CSF)
    return cord, np.stack([whole(sac[:, :, k]) for k in range(_STACK)], axis=2)


def read_stack(path: Path) -> tuple[Mask, Mask, float, float]:
    """Read a person's masks of cord and fluid: cord, canal, side of a pixel and distance of slices in mm.

    One of the stacks reaches further up, into the foramen magnum: only its lower 80 mm are read.
    """
    cord, (mm, _, apart) = read_right_front_up(path)
    fluid, _ = read_right_front_up(path.with_name(path.name.replace("_seg-", "_csfseg-")))
    cord, fluid = cord[:, :, :_STACK], fluid[:, :, :_STACK]
    canal = [whole((cord + fluid)[:, :, k] > 0) for k in range(cord.shape[2])]
    return cord > 0, np.stack(canal, axis=2), mm, apart


def read_right_front_up(path: Path) -> tuple[npt.NDArray[np.float64], tuple[float, ...]]:
    """Read an image with its axes to the right, to the front and to the top, and its spacing in mm."""
    volume = reorient(read_volume(path), "RAS")
    return volume.data.astype(np.float64), tuple(float(size) for size in nib.affines.voxel_sizes(volume.affine))


def level_section(spine: Spine, level: float) -> Measures | None:
    """Paint one slice square to the spine at a level, and measure it; None below the conus."""
    entry = int(spine.index(np.array(spine.build.arc_at(level))))
    tilt = float(spine.tilt[entry])
    affine = np.eye(4)
    affine[:3, 0] = IN_PLANE_MM, 0, 0
    affine[:3, 1] = 0, IN_PLANE_MM * np.cos(tilt), IN_PLANE_MM * np.sin(tilt)
    affine[:3, 2] = 0, -np.sin(tilt), np.cos(tilt)
    middle = np.array([spine.x[entry], spine.y[entry], spine.z[entry]], dtype=np.float64)
    affine[:3, 3] = middle - affine[:3, :2] @ ((np.array(_SQUARE) - 1) / 2)
    tissue = tissue_map(spine, (), (*_SQUARE, 1), affine)[:, :, 0]
    cord = np.isin(tissue, CORD_TISSUES)
    if cord.sum() < 12:
        return None
    grey = (tissue == Tissue.GREY_MATTER).astype(np.float64)
    return section_measures(cord, whole(cord | (tissue == Tissue.CSF)), grey, IN_PLANE_MM)


def whole(sac: Mask) -> Mask:
    """Give the largest piece of a section of cord and fluid, with roots and gaps between the two filled."""
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(sac, iterations=2))
    labels, _ = ndimage.label(closed)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    result: Mask = labels == sizes.argmax()
    return result


def medians(sections: Sequence[Mapping[str, float]]) -> Measures:
    """Median of each measure over sections that all have it."""
    return {name: float(np.median([section[name] for section in sections])) for name in sections[0]}


def _extents(mask: Mask, mm: float) -> list[tuple[float, float]]:
    """Size and middle in mm, along both axes."""
    ends = [np.flatnonzero(mask.any(axis=1 - axis))[[0, -1]] for axis in (0, 1)]
    return [(float(last - first + 1) * mm, float(last + first) / 2 * mm) for first, last in ends]
