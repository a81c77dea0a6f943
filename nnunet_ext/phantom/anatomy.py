"""The tissue map of one patient on one grid."""

from collections.abc import Sequence
from typing import Final

from nnunet_ext.core.volume import Affine
from nnunet_ext.phantom.bones import paint_vertebrae
from nnunet_ext.phantom.cord import TissueMap, paint_lesions, paint_sac
from nnunet_ext.phantom.cord_coordinates import CordFrame, Lattice, cord_coordinates
from nnunet_ext.phantom.lesions import Blob
from nnunet_ext.phantom.spine import Spine
from nnunet_ext.phantom.surroundings import paint_tubes, surroundings
from nnunet_ext.phantom.waves import waves

_WOBBLE_MM: Final = 0.4


def tissue_map(spine: Spine, lesions: Sequence[Blob], shape: tuple[int, ...], affine: Affine) -> TissueMap:
    """Say of each voxel which tissue its centre lies in.

    Parameters
    ----------
    spine, lesions
        The patient. No lesions: a healthy cord.
    shape
        Voxels along each axis.
    affine
        4 x 4, from voxels to the patient's space: millimetres to the right, front and top of the upper edge of C1.

    Returns
    -------
    ndarray
        uint8, values of `Tissue`.
    """
    lattice = Lattice.covering(shape, affine)
    points = lattice.points(affine)
    cord = cord_coordinates(spine, points)
    # Nobody is made of ellipses: all outlines wander a little, the same way on every grid.
    for axis, height_mm in ((0, 0.6), (1, _WOBBLE_MM), (2, _WOBBLE_MM)):
        cord[axis] += height_mm * waves(points, spine.build.texture_seed + 10 + axis, 22.0)
    frame = CordFrame(*(lattice.expand(values) for values in cord))
    tissue = surroundings(spine, lattice, points, cord)
    paint_tubes(tissue, spine, frame)
    paint_vertebrae(tissue, spine, frame)
    paint_sac(tissue, spine, frame)
    paint_lesions(tissue, spine, frame, lesions)
    return tissue
