"""Tissue bridges: the cord that is left behind and before a lesion."""

from dataclasses import dataclass

import numpy as np

from nnunet_ext.evaluation.biomarkers.body_frame import BoolArray, Floats
from nnunet_ext.evaluation.biomarkers.lesion_columns import Between, MeasuredColumns


@dataclass(frozen=True)
class Bridges:
    """Tissue bridges of one lesion in one plane, in mm.

    Parameters
    ----------
    dorsal, ventral
        Each the smallest over the axial slices: they may come from different ones.
    same_slice
        The smallest sum of both in one axial slice.
    is_proxy
        Whether the lesion does not reach the plane: then they are halves of the cord's smallest depth at its level.
    """

    dorsal: float
    ventral: float
    same_slice: float
    is_proxy: bool

    @property
    def total(self) -> float:
        """Sum of both."""
        return self.dorsal + self.ventral

    @property
    def dorsal_percent(self) -> float:
        """Share of the dorsal one in the total; 0 where that is 0."""
        return self.dorsal / self.total * 100 if self.total else 0.0

    @property
    def ventral_percent(self) -> float:
        """Share of the ventral one in the total; 0 where that is 0."""
        return self.ventral / self.total * 100 if self.total else 0.0


def bridges_in_plane(lesion: MeasuredColumns, cord_depth: Floats, plane: Between, depth_mm: Floats) -> Bridges | None:
    """Measure the bridges beside a lesion in the midsagittal plane.

    In each axial slice in which one of the plane's two sagittal slices holds lesion, the voxels of cord behind it (and
    before it) are interpolated between the two; where only one holds lesion, it is taken alone. Times the voxel's depth
    along the cord, the smallest over the axial slices counts (sct_analyze_lesion.py:437-462, 1221-1245). A lesion that
    is in neither gives a proxy, see `proxy_bridges`, over the axial slices that it is in (:406-423).

    Parameters
    ----------
    lesion
        In columns, shape (x, z).
    cord_depth
        Shape (z,): voxels of cord from back to front in the plane, see `CordColumns`; NaN where there is no depth.
    plane
        The plane.
    depth_mm
        Shape (z,): depth of a voxel times the cosine of the cord's lean from the side.

    Returns
    -------
    Bridges
        None where there is neither lesion nor cord to measure.
    """
    dorsal, ventral = (plane.mix_where(side, lesion.present) * depth_mm for side in (lesion.dorsal, lesion.ventral))
    there = np.isfinite(dorsal)
    if not there.any():
        return proxy_bridges(cord_depth * depth_mm, np.asarray(lesion.present.any(axis=0)))
    dorsal, ventral = dorsal[there], ventral[there]
    return Bridges(float(dorsal.min()), float(ventral.min()), float((dorsal + ventral).min()), is_proxy=False)


def proxy_bridges(cord_depth_mm: Floats, slices: BoolArray) -> Bridges | None:
    """Stand in for bridges where no lesion is in the plane: half of the cord's smallest depth, twice.

    Parameters
    ----------
    cord_depth_mm
        Shape (z,): of the cord in the plane; NaN where there is none.
    slices
        Shape (z,): the axial slices to look at.

    Returns
    -------
    Bridges
        None where none of them has a depth.
    """
    depths = cord_depth_mm[slices & np.isfinite(cord_depth_mm)]
    if not depths.size:
        return None
    smallest = float(depths.min())
    return Bridges(smallest / 2, smallest / 2, smallest, is_proxy=True)


def bridges_by_slice(lesion: MeasuredColumns, depth_mm: Floats) -> dict[int, tuple[float, float]]:
    """Measure dorsal and ventral bridge in every sagittal slice that holds the lesion, each the smallest over z.

    Source: sct_analyze_lesion.py:598-605, 640, 661-663.
    """
    found = {}
    for across in np.flatnonzero(lesion.present.any(axis=1)):
        there = lesion.present[across]
        dorsal, ventral = ((side[across] * depth_mm)[there].min() for side in (lesion.dorsal, lesion.ventral))
        found[int(across)] = float(dorsal), float(ventral)
    return found
