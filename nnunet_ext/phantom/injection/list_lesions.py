"""What was put where: the injected lesions one by one."""

from dataclasses import dataclass
from typing import Final

import cc3d
import nibabel as nib
import numpy as np

from nnunet_ext.core.volume import Affine, Array, voxel_volume_mm3
from nnunet_ext.phantom.injection.cord_course import BoolArray, CordCourse
from nnunet_ext.phantom.injection.inject_lesions import Injected
from nnunet_ext.phantom.tissues import Tissue

_NEIGHBOURS: Final = 26


@dataclass(frozen=True)
class InjectedLesion:
    """One lesion: voxels of the mask that touch (26 neighbours).

    Parameters
    ----------
    tissues
        Names of what it is made of, that which fills most of it first.
    centre_mm
        Centre of mass in the world, RAS+.
    volume_mm3, length_mm
        Of its voxels; the length along the cord.
    contrast
        Mean change of the image within it, in the image's units.
    """

    tissues: tuple[str, ...]
    centre_mm: tuple[float, float, float]
    volume_mm3: float
    length_mm: float
    contrast: float


def list_lesions(before: Array, injected: Injected, cord: BoolArray, affine: Affine) -> list[InjectedLesion]:
    """Describe each injected lesion, the uppermost first; none where nothing was injected.

    Parameters
    ----------
    before
        The image that `injected` was made from, shape (i, j, k).
    cord
        Its cord, of the same shape.
    affine
        4 x 4, voxel to world in mm.
    """
    pieces, count = cc3d.connected_components(injected.lesion, connectivity=_NEIGHBOURS, return_N=True)
    change = injected.image.astype(np.float64) - before
    course = CordCourse.of_mask(cord, affine)
    found = []
    for number in range(1, count + 1):
        there = pieces == number
        points = nib.affines.apply_affine(affine, np.argwhere(there))
        x, y, z = points.mean(axis=0).tolist()
        down, _, _ = course.place(points)
        names, voxels = np.unique(injected.tissue[there], return_counts=True)
        most_first = names[np.argsort(-voxels, kind="stable")]
        lesion = InjectedLesion(
            tissues=tuple(Tissue(int(name)).name.lower() for name in most_first),
            centre_mm=(x, y, z),
            volume_mm3=len(points) * voxel_volume_mm3(affine),
            length_mm=float(np.ptp(down)) + course.length_mm / max(len(course.arc) - 1, 1),
            contrast=float(change[there].mean()),
        )
        found.append((float(down.mean()), lesion))
    return [lesion for _, lesion in sorted(found, key=lambda pair: pair[0])]
