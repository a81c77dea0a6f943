"""Bodies without a spinal cord: bellies, shoulders, limbs and heads above the brainstem, rough but many."""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.tissues import Tissue
from nnunet_ext.phantom.waves import waves

_ORGANS: Final = (
    *(Tissue.SOFT, Tissue.SOFT, Tissue.MUSCLE, Tissue.FAT, Tissue.LUNG, Tissue.CSF, Tissue.VESSEL, Tissue.BRAIN),
    *(Tissue.CEREBELLUM, Tissue.DISC, Tissue.LIGAMENT),
)
_TUBES: Final = (  # what is inside, and its wall: nothing that lies in fluid as a cord does
    (Tissue.MARROW, Tissue.CORTICAL_BONE),  # a long bone
    (Tissue.FAT, Tissue.CORTICAL_BONE),
    (Tissue.CSF, Tissue.MUSCLE),  # bowel, bladder, ureter
    (Tissue.VESSEL, Tissue.SOFT),
    (Tissue.AIR, Tissue.SOFT),
    (Tissue.NERVE, Tissue.FAT),
    (Tissue.MUSCLE, Tissue.FAT),
    (Tissue.SOFT, Tissue.LIGAMENT),
)
_HEADS: Final = 0.25
_SKIN_MM: Final = 2.0

Floats = npt.NDArray[np.floating]


def draw_cordless_map(
    shape: tuple[int, int, int], spacing: tuple[float, float, float], rng: np.random.Generator
) -> TissueMap:
    """Draw a body, or a head, that shows no cord anywhere.

    Parameters
    ----------
    shape
        Voxels upwards, forwards, leftwards.
    spacing
        Their size in mm along the same axes.
    rng
        Chance.

    Returns
    -------
    ndarray
        uint8 of `shape`, values of `Tissue`, none of them of a cord.
    """
    places = tuple((np.arange(size) - (size - 1) / 2) * mm for size, mm in zip(shape, spacing, strict=True))
    tissue = np.full(shape, Tissue.AIR, dtype=np.uint8)
    _paint_body(tissue, places, rng)
    head = rng.random() < _HEADS
    for _ in range(int(rng.integers(0, 4) if head else rng.integers(5, 18))):
        _paint_blob(tissue, places, Tissue(rng.choice(_ORGANS)), rng.uniform(8, 55, 3), _somewhere(places, rng), rng)
    for _ in range(int(rng.integers(2, 12))):
        inside, wall = _TUBES[int(rng.integers(len(_TUBES)))]
        _paint_tube(tissue, places, inside, wall, rng)
    if head:
        _paint_head(tissue, places, rng)
    return tissue


def _paint_body(tissue: TissueMap, places: tuple[Floats, ...], rng: np.random.Generator) -> None:
    front, left = places[1] - rng.normal(0, 30), places[2] - rng.normal(0, 30)
    half_front, half_left = rng.uniform(45, 170), rng.uniform(45, 220)
    radius = np.sqrt((front[:, None] / half_front) ** 2 + (left[None, :] / half_left) ** 2)
    depth = (1 - radius) * min(half_front, half_left)
    fat_mm = rng.uniform(2, 30)
    section = np.full(depth.shape, Tissue.AIR, dtype=np.uint8)
    section[depth > 0] = Tissue.SKIN
    section[depth > _SKIN_MM] = Tissue.FAT
    section[depth > _SKIN_MM + fat_mm] = Tissue.MUSCLE if rng.random() < 0.6 else Tissue.SOFT
    tissue[:] = section[None]
    septa = _coarse(places, float(rng.uniform(20, 60)), rng)
    tissue[(np.abs(septa) < 0.12) & (tissue == Tissue.MUSCLE)] = Tissue.FAT


def _paint_blob(
    tissue: TissueMap, places: tuple[Floats, ...], kind: Tissue, radii: Floats, middle: Floats, rng: np.random.Generator
) -> None:
    """Paint an ellipsoid with a wavy surface into what is body."""
    box = tuple(
        slice(*np.searchsorted(axis, (centre - 1.3 * radius, centre + 1.3 * radius)))
        for axis, centre, radius in zip(places, middle, radii, strict=True)
    )
    part = tissue[box]
    if not part.size:
        return
    cut = tuple(axis[side] for axis, side in zip(places, box, strict=True))
    squares = [
        _shaped((axis - centre) / radius, number) ** 2
        for number, (axis, centre, radius) in enumerate(zip(cut, middle, radii, strict=True))
    ]
    distance = np.sqrt(squares[0] + squares[1] + squares[2])
    part[(distance + 0.12 * _coarse(cut, 25.0, rng) < 1) & (part != Tissue.AIR)] = kind


def _paint_tube(
    tissue: TissueMap, places: tuple[Floats, ...], inside: Tissue, wall: Tissue, rng: np.random.Generator
) -> None:
    """Paint a tube that leans and winds, mostly along the body."""
    radius, thick = rng.uniform(2, 14), rng.uniform(0.8, 3.5)
    along = int(rng.choice(3, p=[0.7, 0.15, 0.15]))
    squared: Floats = np.zeros((1, 1, 1), dtype=np.float32)
    for axis in (number for number in range(3) if number != along):
        wave = rng.uniform(0, 12) * np.sin(places[along] / rng.uniform(15, 60) + rng.uniform(0, 2 * np.pi))
        middle = 0.7 * float(rng.choice(places[axis])) + rng.normal(0, 0.25) * places[along] + wave
        squared = squared + (_shaped(places[axis], axis) - _shaped(middle, along)) ** 2
    body = tissue != Tissue.AIR
    tissue[body & (squared < (radius + thick) ** 2)] = wall
    tissue[body & (squared < radius**2)] = inside


def _paint_head(tissue: TissueMap, places: tuple[Floats, ...], rng: np.random.Generator) -> None:
    """Paint a skull with brain and ventricles, which hangs into the field from above or fills it."""
    middle = np.array([rng.uniform(-40, 120), rng.normal(0, 30), rng.normal(0, 20)])
    radii = np.array([rng.uniform(60, 80), rng.uniform(75, 95), rng.uniform(60, 75)])
    layers = (
        (Tissue.SKIN, 14.0), (Tissue.FAT, 11.0), (Tissue.CORTICAL_BONE, 7.0), (Tissue.MARROW, 5.5),
        (Tissue.CORTICAL_BONE, 2.5), (Tissue.CSF, 0.5), (Tissue.BRAIN, -3.0),
    )  # fmt: skip
    squares = [
        _shaped((axis - c) / r, n) ** 2 for n, (axis, c, r) in enumerate(zip(places, middle, radii, strict=True))
    ]
    beyond_mm = (np.sqrt(squares[0] + squares[1] + squares[2]) - 1) * float(radii.min())
    folds = 1.5 * _coarse(places, 9.0, rng)
    for kind, reach_mm in layers:
        tissue[beyond_mm + (folds if kind is Tissue.BRAIN else 0) < reach_mm] = kind
    for _ in range(int(rng.integers(2, 6))):
        ventricle = middle + rng.normal(0, 12, 3)
        _paint_blob(tissue, places, Tissue.CSF, rng.uniform(4, 22, 3), ventricle, rng)


def _somewhere(places: tuple[Floats, ...], rng: np.random.Generator) -> Floats:
    return np.array([float(rng.choice(axis)) for axis in places])


def _coarse(places: tuple[Floats, ...], wavelength_mm: float, rng: np.random.Generator) -> Floats:
    """Draw smooth waves over a grid."""
    points = np.stack(np.meshgrid(*places, indexing="ij")).astype(np.float32)
    result: Floats = waves(points, int(rng.integers(2**31)), wavelength_mm)
    return result


def _shaped(values: Floats, axis: int) -> Floats:
    return np.asarray(values, dtype=np.float32).reshape([-1 if other == axis else 1 for other in range(3)])
