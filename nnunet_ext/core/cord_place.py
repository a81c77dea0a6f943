"""Whether a cord mask lies on a cord: sideways steps along it, and what is inside it and just around it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from nnunet_ext.core.orientation import OPPOSITE, upright_axis
from nnunet_ext.core.volume import Array, Volume

# Measured on 7 real images with manual masks, 20 manual masks without images and 40 phantoms of five sites.

_STEP_MM: Final = 3.0
"""Sideways from one slice to the next, beyond the mask's course; sound masks go up to 2.7 mm, in slices of 5 mm."""

_STEP_SHARE: Final = 0.6  # of the slices' distance, where that is more than 5 mm
_COURSE: Final = 6  # slices to each side that say how a mask runs
_FEWEST_SLICES: Final = 6
_CUT: Final = 0.25  # a slice with less of the usual area is where the mask ends, and its middle says little
_SLICES: Final = 15
_BAND_MM: Final = 3.0
_CERTAIN: Final = 0.05  # as alike a cord as this, and no better place is looked for
_GAIN: Final = 0.35
_REACH_MM: Final = 10.0
_NEAREST_MM: Final = 3.0
_GRID_MM: Final = 2.0
_REFINED: Final = 4
_SEEN: Final = 0.8  # share of a slice's ring that must lie in the image
_WORDS: Final = {"R": "right", "L": "left", "A": "front", "P": "back", "S": "top", "I": "bottom"}

BoolArray = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CordPlace:
    """How a cord mask lies.

    Parameters
    ----------
    contrast
        Median over slices of the brightness within 3 mm around the mask less that inside, as a share of the range from
        the 10th to the 90th percentile of both. None without an image, or where that is constant.
    likeness
        Its size less the range inside as a share of that of both: near 1 where the mask parts dark from bright or
        bright from dark, below 0 where it lies across such a border.
    step_mm, step_slice
        The largest sideways step of the mask's middle from one slice to the next, beyond its course, and the slice
        behind it (file's own index).
    steps_aside
        Whether that is more than a cord can.
    better_mm, better_where
        How far from the mask, and to which side, the same shape would part the image much better; 0 where it would
        not.
    """

    contrast: float | None = None
    likeness: float | None = None
    step_mm: float = 0.0
    step_slice: int = 0
    steps_aside: bool = False
    better_mm: float = 0.0
    better_where: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What a person must look at, in words."""
        said = []
        if self.steps_aside:
            said.append(f"the cord mask steps aside by {self.step_mm:.1f} mm at slice {self.step_slice}")
        if self.better_mm:
            better = f"{self.better_mm:.0f} mm to the {self.better_where}"
            said.append(f"the cord mask lies beside what looks like a cord, which is {better}")
        return tuple(said)


def cord_place(mask: Volume, image: Array | None = None) -> CordPlace:
    """Judge where a cord mask lies.

    Parameters
    ----------
    mask
        Voxels above 0 are cord, lesions included. An empty one has no place, and no problem.
    image
        Of the mask's shape; None where there is none: then only steps are looked for.
    """
    upright = upright_axis(mask.axes)
    flat = [axis for axis in range(3) if axis != upright]
    inside = np.moveaxis(mask.data > 0, upright, 2)
    sizes = (mask.spacing[flat[0]], mask.spacing[flat[1]])
    step, at, too_far = _largest_step(inside, sizes, mask.spacing[upright])
    if image is None or not inside.any():
        return CordPlace(step_mm=step, step_slice=at, steps_aside=too_far)
    slices = _Slices(inside, np.moveaxis(image, upright, 2), sizes)
    contrast, likeness = slices.judge((0, 0))
    if contrast is None or likeness is None:
        return CordPlace(step_mm=step, step_slice=at, steps_aside=too_far)
    better, moved = slices.best_aside() if likeness < _CERTAIN else (likeness, (0, 0))
    if better - likeness < _GAIN:
        return CordPlace(contrast, likeness, step, at, too_far)
    away = (moved[0] * sizes[0], moved[1] * sizes[1])
    letters = [mask.axes[axis] for axis in flat]
    return CordPlace(contrast, likeness, step, at, too_far, float(np.hypot(*away)), _side(away, letters))


def _side(away: tuple[float, float], letters: list[str]) -> str:
    parts = [
        _WORDS[letter if mm > 0 else OPPOSITE[letter]]
        for mm, letter in zip(away, letters, strict=True)
        if abs(mm) > _GRID_MM / 2
    ]
    return " and ".join(parts)


def _largest_step(inside: BoolArray, sizes: tuple[float, float], apart: float) -> tuple[float, int, bool]:
    area = inside.sum(axis=(0, 1))
    usual = float(np.median(area[area > 0])) if area.any() else 0.0
    slices = np.flatnonzero(area >= max(1.0, _CUT * usual))
    if len(slices) < _FEWEST_SLICES:
        return 0.0, 0, False
    middles = np.stack(
        [
            size * (np.arange(inside.shape[axis]) @ inside.sum(axis=1 - axis))[slices] / area[slices]
            for axis, size in enumerate(sizes)
        ],
        axis=1,
    )
    gaps = np.diff(slices)[:, None]
    slopes = np.diff(middles, axis=0) / gaps
    course = np.array(
        [np.median(slopes[max(0, index - _COURSE) : index + _COURSE + 1], axis=0) for index in range(len(slopes))]
    )
    steps = np.linalg.norm((slopes - course) * gaps, axis=1)
    largest = int(steps.argmax())
    return float(steps[largest]), int(slices[largest + 1]), bool(steps[largest] > max(_STEP_MM, _STEP_SHARE * apart))


class _Slices:
    """Places inside and just around a mask, in some of its slices, and an image to look them up in."""

    def __init__(self, inside: BoolArray, image: Array, sizes: tuple[float, float]) -> None:
        there = np.flatnonzero(inside.any(axis=(0, 1)))
        chosen = np.unique(np.linspace(0, len(there) - 1, min(_SLICES, len(there))).round().astype(int))
        self._image, self._sizes = image, sizes
        self._places = [(int(at), *_inside_and_around(inside[:, :, at], sizes)) for at in there[chosen]]

    def judge(self, moved: tuple[int, int]) -> tuple[float | None, float | None]:
        """Give contrast and likeness of the mask moved by voxels; None where it leaves the image."""
        contrasts, ranges = [], []
        for at, within, around in self._places:
            plane = self._image[:, :, at]
            of_mask, of_ring = (_looked_up(plane, places + moved) for places in (within, around))
            if len(of_mask) < _SEEN * len(within) or len(of_ring) < max(1, _SEEN * len(around)):
                continue
            low, high = np.percentile(np.concatenate([of_mask, of_ring]), (10, 90))
            if high > low:
                contrasts.append((np.median(of_ring) - np.median(of_mask)) / (high - low))
                ranges.append(float(np.subtract(*np.percentile(of_mask, (90, 10)))) / (high - low))
        if not contrasts:
            return None, None
        contrast = float(np.median(contrasts))
        return contrast, abs(contrast) - float(np.median(ranges))

    def best_aside(self) -> tuple[float, tuple[int, int]]:
        """Look around the mask for the place where it parts the image best."""
        reach = np.arange(-_REACH_MM, _REACH_MM + _GRID_MM / 2, _GRID_MM)
        coarse = self._judge_all((first, second) for first, second in product(reach, reach))
        near = (-_GRID_MM / 2, 0.0, _GRID_MM / 2)
        best = sorted(coarse, key=coarse.__getitem__, reverse=True)[:_REFINED]
        found = coarse | self._judge_all(
            (at[0] * self._sizes[0] + first, at[1] * self._sizes[1] + second)
            for at in best
            for first, second in product(near, near)
        )
        place = max(found, key=found.__getitem__, default=(0, 0))
        return found.get(place, -np.inf), place

    def _judge_all(self, away: Iterable[tuple[float, float]]) -> dict[tuple[int, int], float]:
        """Judge the mask moved by millimetres, and give its likeness by voxels."""
        chosen = {
            (round(first / self._sizes[0]), round(second / self._sizes[1]))
            for first, second in away
            if _NEAREST_MM <= np.hypot(first, second) <= _REACH_MM
        }
        judged = {moved: self.judge(moved)[1] for moved in sorted(chosen)}
        return {moved: likeness for moved, likeness in judged.items() if likeness is not None}


def _inside_and_around(
    mask: BoolArray, sizes: tuple[float, float]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    within = np.argwhere(mask)
    margin = [int(np.ceil(_BAND_MM / size)) + 1 for size in sizes]
    first = within.min(axis=0) - margin
    box = np.zeros(within.max(axis=0) + margin + 1 - first, dtype=np.bool_)
    box[tuple((within - first).T)] = True
    away = ndimage.distance_transform_edt(~box, sampling=sizes)
    return within, np.argwhere((away > 0) & (away <= max(_BAND_MM, *sizes))) + first


def _looked_up(plane: Array, places: npt.NDArray[np.intp]) -> Values:
    there = ((places >= 0) & (places < plane.shape)).all(axis=1)
    return np.asarray(plane[tuple(places[there].T)], dtype=np.float64)
