"""Synthetic lesions in one image with a cord mask: pure functions of arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Affine, Array
from nnunet_ext.phantom.injection.cord_course import BoolArray, CordCourse
from nnunet_ext.phantom.injection.cord_signal import CordSignal, measure_signal
from nnunet_ext.phantom.injection.draw_in_cord import draw_in_cord
from nnunet_ext.phantom.injection.lesion_brightness import draw_differences
from nnunet_ext.phantom.injection.lesion_shares import lesion_shares
from nnunet_ext.phantom.injection.point_spread import Spread, estimate_point_spread
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.spine import Floats
from nnunet_ext.phantom.tissues import Tissue
from nnunet_ext.phantom.waves import waves

_MAJORITY: Final = 0.5  # of a voxel, as in the phantom's masks
_AROUND_MM: Final = 8.0
_UNEVEN: Final = 0.12  # of a lesion's difference from the cord: none is of one brightness
_UNEVEN_MM: Final = 7.0
_TRIES: Final = 20
_GAIN: Final = (0.4, 2.5)  # how far a coil may raise or lower a lesion along the cord
_FEWEST_VOXELS: Final = 2


@dataclass(frozen=True, eq=False)
class Injected:
    """An image with lesions.

    Parameters
    ----------
    image
        Of the given image's type and shape.
    lesion
        uint8, 1 where a lesion fills half of a voxel of the cord or more.
    tissue
        uint8, in each voxel of `lesion` the `Tissue` that fills most of it; 0 elsewhere.
    signal, spread
        What was measured of the image; `signal` covers the surroundings of the cord only.
    differences
        How much brighter than the cord each tissue was made, in the image's units.
    """

    image: Array
    lesion: npt.NDArray[np.uint8]
    tissue: npt.NDArray[np.uint8]
    signal: CordSignal
    spread: Spread
    differences: Mapping[Tissue, float]


def inject_lesions(
    image: Array,
    cord: BoolArray,
    affine: Affine,
    pathology: Pathology,
    seed: int | Sequence[int],
    *,
    spread: Spread | None = None,
    fine_mm: float = 0.45,
) -> Injected:
    """Draw a disease into an image whose cord is known.

    The image's own tissues say how bright it is, its own point spread how blurred, and its noise stays: only the signal
    below it changes, by ``spread * (share * (lesion - cord))``.

    Parameters
    ----------
    image
        Shape (i, j, k), magnitudes of any scale, finite.
    cord
        Of the same shape.
    affine
        4 x 4, voxel to world in mm, RAS+.
    pathology
        One that has lesions.
    seed
        The same one, with the same cord, gives the same lesions; with the same image the same voxels.
    spread
        Of the image, in voxels along each axis; None to have it estimated.
    fine_mm
        How finely voxels are sampled for what fills them.

    Raises
    ------
    DataRefusedError
        Where the cord is in fewer than two slices, too small for any lesion, or cannot be told from its surroundings.
    """
    places, looks = (np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(2))
    box = _box(cord, nib.affines.voxel_sizes(affine))
    part, inside = np.asarray(image[box]), np.asarray(cord[box])
    cut = affine @ nib.affines.from_matvec(np.eye(3), [side.start for side in box])
    shares = _draw_shares(pathology, inside, cut, places, fine_mm)
    signal = measure_signal(part, inside, cut)
    spread = spread or estimate_point_spread(part, inside, cut)
    differences = draw_differences(shares, signal, looks)
    changed = part + gaussian_filter(_change(shares, differences, signal, cut, looks), spread, truncate=3)
    whole, tissue = image.copy(), np.zeros(image.shape, dtype=np.uint8)
    whole[box] = _as_stored(np.maximum(changed, part.min()), image.dtype)
    tissue[box] = _largest(shares)
    return Injected(whole, (tissue > 0).astype(np.uint8), tissue, signal, spread, differences)


def _box(cord: BoolArray, spacing: Affine) -> tuple[slice, ...]:
    """Cut out the cord with some millimetres around it; all, where there is no cord."""
    sides = []
    for axis, (size, mm) in enumerate(zip(cord.shape, spacing, strict=True)):
        there = np.flatnonzero(cord.any(axis=tuple(other for other in range(3) if other != axis)))
        first, last = (there[0], there[-1]) if there.size else (0, size - 1)
        pad = int(np.ceil(_AROUND_MM / mm))
        sides.append(slice(max(int(first) - pad, 0), min(int(last) + pad + 1, size)))
    return tuple(sides)


def _draw_shares(
    pathology: Pathology, cord: BoolArray, affine: Affine, rng: np.random.Generator, fine_mm: float
) -> dict[Tissue, Floats]:
    """Draw until something of the disease is large enough to be marked: thick slices may miss small lesions."""
    course = CordCourse.of_mask(cord, affine)
    for _ in range(_TRIES):
        shares = lesion_shares(draw_in_cord(pathology, course.length_mm, rng), course, cord, affine, fine_mm)
        if np.count_nonzero(_largest(shares)) >= _FEWEST_VOXELS:
            return shares
    raise DataRefusedError(f"a cord with room for a lesion was needed, found {course.length_mm:.0f} mm of it")


def _change(
    shares: Mapping[Tissue, Floats],
    differences: Mapping[Tissue, float],
    signal: CordSignal,
    affine: Affine,
    rng: np.random.Generator,
) -> Floats:
    """Say what becomes of the signal before it is blurred: lesions replace the cord's structure, unevenly."""
    gain = (signal.level - signal.dark) / max(signal.cord - signal.dark, 1e-6)
    seed = int(rng.integers(2**31))
    change = np.zeros_like(signal.level)
    for tissue, share in shares.items():
        there = share > 0
        points = nib.affines.apply_affine(affine, np.argwhere(there)).T
        uneven = 1 + _UNEVEN * waves(points, seed + tissue, _UNEVEN_MM)
        lesion = signal.level[there] + differences[tissue] * np.clip(gain[there], *_GAIN) * uneven
        change[there] += share[there] * (lesion - signal.structure[there])
    return change


def _largest(shares: Mapping[Tissue, Floats]) -> npt.NDArray[np.uint8]:
    """Give the tissue that fills most of each voxel which lesions fill by half; 0 elsewhere."""
    if not shares:
        return np.zeros((1, 1, 1), dtype=np.uint8)
    stacked = np.stack(list(shares.values()))
    names = np.array([int(tissue) for tissue in shares], dtype=np.uint8)
    largest: npt.NDArray[np.uint8] = np.where(stacked.sum(axis=0) >= _MAJORITY, names[stacked.argmax(axis=0)], 0)
    return largest.astype(np.uint8)


def _as_stored(values: Floats, dtype: np.dtype[Any]) -> Array:
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
