"""Painting what lies around the spine: skin, fat, muscles and their septa, airway, vessels, lungs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.cord_coordinates import CordFrame, Lattice
from nnunet_ext.phantom.spine import Spine
from nnunet_ext.phantom.tissues import Tissue
from nnunet_ext.phantom.waves import waves

_SKIN_MM = 2.0


@dataclass(frozen=True)
class _Tube:
    """A tube that runs beside the spine, between two levels; middle and radius in mm."""

    tissue: Tissue
    right: float
    front: float
    radius: float
    top: float
    bottom: float


def surroundings(
    spine: Spine, lattice: Lattice, points: npt.NDArray[np.float64], cord: npt.NDArray[np.float64]
) -> TissueMap:
    """Make a tissue map that holds everything but the spine.

    Parameters
    ----------
    spine, lattice
        The patient, and the grid.
    points, cord
        The lattice's nodes, shape (3, *nodes): in the patient's space, and in the cord's coordinates.

    Returns
    -------
    ndarray
        uint8 of the grid's shape; air outside the skin.
    """
    depth, below_fat = (lattice.expand(field) for field in _skin_depth(spine, points, cord))
    tissue = np.full(lattice.shape, Tissue.MUSCLE, dtype=np.uint8)
    for field in _septa(spine, points, cord):
        tissue[np.abs(lattice.expand(field)) < 1] = Tissue.FAT
    throat = lattice.expand(_in_front_of_bodies(spine, cord))
    tissue[(throat > 7) & (tissue == Tissue.MUSCLE)] = Tissue.SOFT
    tissue[np.abs(throat - 1) < 1] = Tissue.LIGAMENT
    lungs = _lungs(spine, cord)
    if lungs.max() > 0:
        tissue[lattice.expand(lungs) > 0] = Tissue.LUNG
    tissue[below_fat < 0] = Tissue.FAT
    tissue[depth < _SKIN_MM] = Tissue.SKIN
    tissue[depth < 0] = Tissue.AIR
    return tissue


def paint_tubes(tissue: TissueMap, spine: Spine, frame: CordFrame) -> None:
    """Paint airway and vessels into `tissue`, in place."""
    for tube in _tubes(spine):
        top, bottom = spine.build.arc_at(tube.top), spine.build.arc_at(tube.bottom)
        reach = tube.radius
        box = frame.box(
            (top, bottom), (tube.right - reach, tube.right + reach), (tube.front - reach - 3, tube.front + reach + 3)
        )
        if box is None:
            continue
        inner = frame.cut(box)
        drift = 3 * np.sin(inner.down / np.float32(33))
        squared = (inner.right - tube.right) ** 2 + (inner.front - tube.front - drift) ** 2
        part = tissue[box]
        inside = (squared < tube.radius**2) & (inner.down > top) & (inner.down < bottom)
        part[inside & (part != Tissue.AIR) & (part != Tissue.SKIN)] = tube.tissue


def _tubes(spine: Spine) -> Iterator[_Tube]:
    rng = np.random.default_rng([spine.build.texture_seed, 1])
    throat = 34.0 * spine.build.stature
    yield _Tube(Tissue.SOFT, 0, throat, 12, -2, 9)
    yield _Tube(Tissue.AIR, 0, throat + 1, float(rng.uniform(5, 9)), -2.5, 10)
    for side in (-1, 1):
        yield _Tube(Tissue.VESSEL, side * 15.5, 5, float(rng.uniform(1.4, 2.2)), 0.3, 6)
        yield _Tube(Tissue.VESSEL, side * float(rng.uniform(24, 30)), 27, float(rng.uniform(2.5, 4)), -3, 8)
        yield _Tube(Tissue.VESSEL, side * float(rng.uniform(31, 37)), 23, float(rng.uniform(3, 6.5)), -3, 8)
    yield _Tube(Tissue.VESSEL, -16, 42, float(rng.uniform(9, 13)), 10.5, 22)
    yield _Tube(Tissue.VESSEL, 17, 46, float(rng.uniform(8, 12)), 16, 23)


def _skin_depth(
    spine: Spine, points: npt.NDArray[np.float64], cord: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Depth in mm below the skin, and below the fat under it, along the ray from the canal."""
    down, right, front = cord
    entry = spine.index(down)
    sideways = right / spine.skin_side[entry]
    along = front / np.where(front > 0, spine.skin_front[entry], spine.skin_back[entry])
    share = np.maximum(np.hypot(sideways, along), 1e-2)
    ray = np.maximum(np.hypot(right, front), 0.5) / share
    depth = (1 - share) * ray + 1.5 * waves(points, spine.build.texture_seed, 25.0)
    layer = 0.7 + 0.4 * (front < 0)
    fat = spine.build.fat_mm * layer * (1 + 0.25 * waves(points, spine.build.texture_seed + 1, 40.0))
    return depth, depth - fat - _SKIN_MM


def _septa(
    spine: Spine, points: npt.NDArray[np.float64], cord: npt.NDArray[np.float64]
) -> Iterator[npt.NDArray[np.float64]]:
    """Fields between -1 and 1 on the fat planes between muscles: layers around the spine, and fans across them.

    The planes swell and vanish: real ones are never of one width.
    """
    _, right, front = cord
    seed = spine.build.texture_seed
    rng = np.random.default_rng([seed, 2])
    layers = np.hypot(right, front + 8) / float(rng.uniform(9, 16)) + 0.5 * waves(points, seed + 2, 45.0)
    yield np.sin(np.pi * layers) / (0.12 * np.exp(0.9 * waves(points, seed + 4, 30.0)))
    fans = np.arctan2(np.abs(right), -front - 6) * float(rng.uniform(1.0, 2.2)) + 0.5 * waves(points, seed + 3, 45.0)
    yield np.sin(np.pi * fans) / (0.09 * np.exp(0.9 * waves(points, seed + 5, 30.0)))


def _in_front_of_bodies(spine: Spine, cord: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    down, right, front = cord
    entry = spine.index(down)
    result: npt.NDArray[np.float64] = front - (spine.canal_front + spine.body_depth)[entry] - (right / 40) ** 2 * 10
    return result


def _lungs(spine: Spine, cord: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Positive inside the lungs, in mm, rough."""
    down, right, front = cord
    entry = spine.index(down)
    level = spine.level[entry]
    chest = np.minimum(level - 8.3, 18 - level) * 20
    beside = np.abs(right) - spine.body_half_width[entry] - 12
    ribs = spine.skin_side[entry] * 0.75 - np.abs(right)
    result: npt.NDArray[np.float64] = np.minimum.reduce([chest, beside, ribs, front + 25])
    return result
