"""Size and shape of one lesion within the cord."""

import math
from dataclasses import dataclass

import numpy as np

from nnunet_ext.evaluation.biomarkers.body_frame import ACROSS, DEPTH, BoolArray, Floats, Indices
from nnunet_ext.evaluation.biomarkers.lesion_columns import Between


@dataclass(frozen=True)
class Morphometry:
    """Size of a lesion: millimetres, and shares of the cord's area.

    Source: SCT 3b3c5b22d, sct_analyze_lesion.py: length :694, width :708-712, diameter :791-792, damage :339-348.
    """

    length_mm: float
    width_mm: float
    max_equivalent_diameter_mm: float
    max_axial_damage_ratio: float


@dataclass(frozen=True)
class PlaneSize:
    """Length along the cord and width from back to front in the midsagittal plane, in mm; 0 where it is not there."""

    length_mm: float
    width_mm: float


@dataclass(frozen=True, eq=False)
class SliceScale:
    """What a voxel measures in each axial slice, each of shape (z,).

    Parameters
    ----------
    length_mm, length_sagittal_mm
        Way along the cord through the slice: its thickness over the cosine of the cord's lean, in
        space and from the side.
    depth_mm
        A voxel's depth times the cosine from the side.
    area_mm2
        A voxel's area times the cosine in space.
    """

    length_mm: Floats
    length_sagittal_mm: Floats
    depth_mm: Floats
    area_mm2: Floats

    @classmethod
    def of(cls, spacing: tuple[float, float, float], cosine: Floats, cosine_sagittal: Floats) -> "SliceScale":
        """Take the spacing along LAS in mm, and the cosines for the slices of the arrays."""
        across, depth, step = spacing
        return cls(step / cosine, step / cosine_sagittal, depth * cosine_sagittal, across * depth * cosine)


def measure_shape(lesion: BoolArray, cord_area: Indices, scale: SliceScale) -> Morphometry:
    """Measure a lesion.

    Parameters
    ----------
    lesion
        Shape (x, y, z) along LAS, within the cord, not empty.
    cord_area
        Shape (z,): cord voxels in each axial slice.
    scale
        Of the slices.
    """
    area = lesion.sum(axis=(ACROSS, DEPTH))
    there = area > 0
    rows = np.asarray(lesion.any(axis=ACROSS))[:, there]
    extent = rows.shape[0] - rows[::-1].argmax(axis=0) - rows.argmax(axis=0)
    return Morphometry(
        length_mm=float(scale.length_mm[there].sum()),
        width_mm=float((extent * scale.depth_mm[there]).max()),
        max_equivalent_diameter_mm=2 * math.sqrt(float((area * scale.area_mm2).max()) / math.pi),
        max_axial_damage_ratio=float((area[there] / cord_area[there]).max()),
    )


def size_in_plane(lesion: BoolArray, plane: Between, scale: SliceScale) -> PlaneSize:
    """Measure a lesion in the midsagittal plane as SCT does (sct_analyze_lesion.py:732-743, 771-780).

    With L the two slices' masks, interpolated: the length is the sum over axial slices of the mean of L's positive
    values times the slice's length, the width the largest sum of L times the voxel's depth. Both shrink where one of
    the slices does not hold the lesion.

    Parameters
    ----------
    lesion
        Shape (x, y, z) along LAS.
    plane, scale
        The plane, and the slices.
    """
    mixed = (1 - plane.fraction) * lesion[plane.lower] + plane.fraction * lesion[plane.upper]
    total, count = mixed.sum(axis=0), (mixed > 0).sum(axis=0)
    means = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    return PlaneSize(float((means * scale.length_sagittal_mm).sum()), float((total * scale.depth_mm).max(initial=0)))
