"""Painting the nerve roots in the fluid: rootlets on their way to the foramina, cauda equina and filum terminale."""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.cord_coordinates import CordFrame
from nnunet_ext.phantom.spine import Floats, Spine
from nnunet_ext.phantom.tissues import Tissue

_CAUDA_MM: Final = 50.0  # from this far above the conus the roots fill the back of the sac
_EXIT: Final = 0.85  # where in a level a root leaves the sac: at its foramen
_ROOT_MM: Final = 0.4  # half a root's thickness
_FILUM_MM: Final = 0.7


def paint_roots(tissue: npt.NDArray[np.uint8], spine: Spine, frame: CordFrame, beyond: Floats, place: Floats) -> None:
    """Paint roots into the sac's fluid.

    Parameters
    ----------
    tissue
        Shape (n,), changed in place.
    spine, frame
        The patient, and the n voxels in the cord's coordinates.
    beyond, place
        Of each voxel: distance beyond the sac's wall in mm, and place from the sac's back (-1) to its front (1).
    """
    fluid = np.flatnonzero((beyond <= 0) & (frame.down > 0))
    inner = frame.cut(fluid)
    entry = spine.index(inner.down)
    right, front = inner.right - spine.cord_right[entry], inner.front - spine.cord_front[entry]
    roots = (inner.down < spine.conus) & _rootlets(spine, inner, entry, right, front)
    low = inner.down > spine.conus - _CAUDA_MM
    if low.any():
        roots |= low & (beyond[fluid] < -0.6) & _cauda(spine, inner, entry, place[fluid])
        roots |= (inner.down > spine.conus - 1) & (right * right + front * front < _FILUM_MM**2)
    tissue[fluid[roots]] = Tissue.NERVE


def _rootlets(
    spine: Spine, frame: CordFrame, entry: npt.NDArray[np.intp], right: Floats, front: Floats
) -> npt.NDArray[np.bool_]:
    """Fans that leave the cord's front and back over a stretch, and meet at the foramen.

    They run nearly level in the neck, and ever more steeply downwards below it.
    """
    level = spine.level[entry]
    start = 0.5 * spine.cord_half_width[entry]
    way = (np.abs(right) - start) / np.maximum(0.85 * spine.sac_half_width[entry] - start, 1)
    left = 1 - np.clip(way, 0, 1)
    descent = 0.15 + np.float32(0.07) * np.clip(level - 4, 0, 10)
    off = (level - _EXIT + descent * left + 0.5) % 1 - 0.5
    line = 0.75 * spine.cord_half_depth[entry] * left
    middle = (2 - spine.cord_front[entry]) * (1 - left) + np.float32(0.3) * np.sin(frame.down / np.float32(2.3))
    near = np.abs(np.abs(front - middle) - line) < _ROOT_MM
    result: npt.NDArray[np.bool_] = near & (way > 0) & (np.abs(off) < 0.05 + np.float32(0.28) * left)
    return result


def _cauda(spine: Spine, frame: CordFrame, entry: npt.NDArray[np.intp], place: Floats) -> npt.NDArray[np.bool_]:
    """Roots that run down side by side, each slowly wandering, and leave one by one: ever fewer, sunk to the back."""
    phase = np.random.default_rng(spine.build.texture_seed).uniform(0, 2 * np.pi, 4).astype(np.float32)
    down, right, front = frame.down, frame.right, frame.front
    across = np.sin(
        right * np.float32(2.6) + 1.1 * np.sin(front * np.float32(0.8) + phase[0]) + 2 * np.sin(down / 31 + phase[1])
    )
    along = np.sin(
        front * np.float32(2.4) + 1.1 * np.sin(right * np.float32(0.7) + phase[2]) + 2 * np.sin(down / 27 + phase[3])
    )
    gone = np.clip((spine.level[entry] - 19) / 5, 0, 1)
    result: npt.NDArray[np.bool_] = (across * along > 0.25 + 0.45 * gone) & (place < 0.35 - 0.3 * gone)
    return result
