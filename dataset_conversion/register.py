"""One contrast onto another of the same session: the patient moved a little in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from nibabel.affines import apply_affine
from scipy.ndimage import find_objects, gaussian_filter, map_coordinates

from nnunet_ext.core.grid import displacement
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Array, Volume
from nnunet_ext.dataset_conversion.resample import Resampled, resample_identity

Floats = npt.NDArray[np.float64]

_BINS: Final = 32
_SEED: Final = 20  # 0 would mean the clock
_OPTIMISER_POINTS: Final = 40_000
_JUDGE_POINTS: Final = 100_000

_SHADING_MM: Final = 10.0  # cord and vertebrae are smaller, what coils brighten and darken is larger
_SHADING_FLOOR: Final = 0.1  # of the mean: air has no brightness to divide by
_CLIPPED_PERCENT: Final = (0.5, 99.5)  # a few bright voxels would leave the rest to a few bins

_FIRST_SMOOTHING_MM: Final = (4.0, 2.0)
_FINAL_SMOOTHING_MM: Final = 1.0
_FIRST_STEP_MM: Final = 1.0
_FINAL_STEP_MM: Final = 0.3  # it starts near its end
_LAST_STEP_MM: Final = 0.01
_STEPS: Final = 100

_FARTHEST_MM: Final = 30.0
# No gradient coil errs as much, but a slab of few slices may look better the more it is stretched.
_LEAST_STRETCH: Final = 0.95
_MOST_STRETCH: Final = 1.05
_LEAST_OVERLAP: Final = 0.5  # of what overlapped before

_FLIP: Final = np.diag([-1.0, -1.0, 1.0, 1.0])  # ITK's world goes to the left and the back, nibabel's right and front


@dataclass(frozen=True, eq=False)
class Registered:
    """An image on another's grid, and how it got there.

    Parameters
    ----------
    volume
        The moving image on the fixed one's grid, float32, linear; 0 where it does not reach.
    affine_mm
        4 x 4, from a place in the fixed image to the same anatomy in the moving one, in mm of nibabel's RAS+ world.
    moved_mm
        Root mean square of the distance moved, over the fixed grid's voxels.
    mutual_information_before, mutual_information_after
        In nats, of the same places before and after; higher is better. Equal where nothing was moved.
    covered
        Share of the fixed grid's voxels that the moved image reaches.
    note
        Which fit was dropped and why; begins with "not moved" where nothing was moved; empty where all went well.
    """

    volume: Volume
    affine_mm: Affine
    moved_mm: float
    mutual_information_before: float
    mutual_information_after: float
    covered: float
    note: str


@dataclass(frozen=True)
class _Step:
    """From one transform to the next.

    Mutual information under both, what chance alone would give, and the share of the overlap that is left.
    """

    before: float
    after: float
    by_chance: float
    overlap: float


def register_affine(moving: Volume, fixed: Volume) -> Registered:
    """Register by an affine transform that starts where the scanner put both images.

    Mutual information of Mattes et al. 2003 (IEEE TMI 22:120), coarse to fine, rigid and then affine, in SimpleITK. The
    same input gives the same bytes on one machine: seeded points, one thread. Both images are first divided by their
    own blur of 10 mm: shading by receive coils stays with the scanner when the patient moves, and would hold the
    transform back or pull it away. All lengths are in mm, so that thick slices need no care, and levels differ in
    smoothing alone: the cost is set by the number of points, not of voxels. Zeros around an image are left aside.

    A fit is judged by mutual information at other points, the same ones before and after. The rigid one is taken where
    it gains more than unrelated images share by chance, ``(bins - 1)^2 / (2 points)`` (Roulston 1999, Physica D
    125:285), and the affine one where it gains as much again: it has more freedom than few thick slices can bind. None
    is taken that moves more than 30 mm, stretches by more than a twentieth or loses half of the overlap.

    Parameters
    ----------
    moving, fixed
        Two contrasts of one session, of any grids and orientations, even sheared ones.

    Raises
    ------
    DataRefusedError
        Where the fields of view, but for zeros around the images, do not overlap.
    """
    start = _moved(moving, fixed, np.eye(4))
    flat_moving, flat_fixed = _without_shading(moving), _without_shading(fixed)
    best, faults = _best_fit(flat_moving, flat_fixed)
    unmoved = np.array_equal(best, np.eye(4))
    result = start if unmoved else _moved(moving, fixed, best)
    whole = _compare(flat_moving, flat_fixed, np.eye(4), best)
    note = "; ".join(faults)
    return Registered(
        volume=result.volume,
        affine_mm=best,
        moved_mm=_moved_mm(fixed, best),
        mutual_information_before=whole.before,
        mutual_information_after=whole.after,
        covered=result.covered,
        note=f"not moved: {note or 'no fit is better'}" if unmoved else note,
    )


def _best_fit(moving: Volume, fixed: Volume) -> tuple[Affine, list[str]]:
    """Find the transform to be taken, the identity where none is better, and what spoke against others."""
    best: Affine = np.eye(4)
    faults = []
    try:
        for name, transform in _fits(moving, fixed):
            step = _compare(moving, fixed, best, transform)
            if step.after - step.before <= step.by_chance:
                continue
            fault = _fault(_moved_mm(fixed, transform), transform, step)
            if fault:
                faults.append(f"{name} fit dropped: {fault}")
            else:
                best = transform
    except RuntimeError as error:  # SimpleITK's for all that goes wrong; lines before the last name its source files
        faults.append(f"SimpleITK found no fit: {str(error).strip().splitlines()[-1].strip()}")
    return best, faults


def _moved(moving: Volume, fixed: Volume, transform: Affine) -> Resampled:
    """Lay the moving image, carried back by the transform, onto the fixed grid: one interpolation in all."""
    carried = Volume(moving.data, np.linalg.inv(transform) @ moving.affine, moving.notes)
    first, second, third = fixed.data.shape
    return resample_identity(carried, (first, second, third), fixed.affine, nearest=False)


def _moved_mm(fixed: Volume, transform: Affine) -> float:
    return displacement(fixed.data.shape, fixed.affine, transform @ fixed.affine).rms_mm


def _without_shading(volume: Volume) -> Volume:
    """Divide by a wide blur, and scale to 0 to 1; RAS, float32. A constant image becomes 0."""
    volume = reorient(volume, "RAS")
    volume = _without_padding(Volume(_scaled(volume.data.astype(np.float32)), volume.affine))
    shading = gaussian_filter(volume.data, [_SHADING_MM / size for size in volume.spacing], mode="nearest")
    shading += np.float32(_SHADING_FLOOR * float(shading.mean()) or 1.0)
    return Volume(_scaled(volume.data / shading), volume.affine)


def _without_padding(volume: Volume) -> Volume:
    """Cut to the box of all that is not zero: the edge of a padded image would be taken for anatomy."""
    boxes = find_objects((volume.data != 0).astype(np.uint8))
    if not boxes:
        return volume
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [side.start for side in boxes[0]]
    return Volume(volume.data[boxes[0]], affine)


def _scaled(data: Array) -> Array:
    """Scale to 0 to 1, float32: interpolation leaves a few voxels below the air, vessels some above all tissue."""
    low, high = np.percentile(data, _CLIPPED_PERCENT).tolist()
    scaled: Array = ((np.clip(data, low, high) - low) / ((high - low) or 1.0)).astype(np.float32)
    return scaled


def _fits(moving: Volume, fixed: Volume) -> Iterator[tuple[str, Affine]]:
    """Find the rigid fit, then the affine one; RuntimeError where the optimiser fails."""
    share = min(1.0, _OPTIMISER_POINTS / (_moved(moving, fixed, np.eye(4)).covered * fixed.data.size))
    rigid = sitk.Euler3DTransform()
    middle = np.append((np.array(fixed.data.shape) - 1) / 2, 1.0)
    rigid.SetCenter((_FLIP @ fixed.affine @ middle)[:3].tolist())
    for smoothing_mm in _FIRST_SMOOTHING_MM:
        _optimise(rigid, moving, fixed, smoothing_mm, _FIRST_STEP_MM, share)
    affine = _as_affine(rigid)
    _optimise(rigid, moving, fixed, _FINAL_SMOOTHING_MM, _FINAL_STEP_MM, share)
    yield "rigid", _in_ras(_as_affine(rigid))
    _optimise(affine, moving, fixed, _FINAL_SMOOTHING_MM, _FINAL_STEP_MM, share)
    yield "affine", _in_ras(affine)


def _as_affine(rigid: sitk.Euler3DTransform) -> sitk.AffineTransform:
    return sitk.AffineTransform(rigid.GetMatrix(), rigid.GetTranslation(), rigid.GetCenter())


def _in_ras(affine: sitk.AffineTransform) -> Affine:
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(affine.GetMatrix(), (3, 3))
    matrix[:3, 3] = affine.TransformPoint((0.0, 0.0, 0.0))
    result: Affine = _FLIP @ matrix @ _FLIP
    return result


def _optimise(
    transform: sitk.Transform, moving: Volume, fixed: Volume, smoothing_mm: float, step_mm: float, share: float
) -> None:
    """Improve `transform` in place."""
    method = sitk.ImageRegistrationMethod()
    # Sums of several threads are added in the order in which they come.
    method.SetNumberOfThreads(1)
    method.SetNumberOfWorkUnits(1)
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(share, _SEED)
    # Differences at the points themselves instead of a second, wider smoothing of the whole image.
    method.SetMetricUseFixedImageGradientFilter(False)
    method.SetMetricUseMovingImageGradientFilter(False)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=step_mm, minStep=_LAST_STEP_MM, numberOfIterations=_STEPS, gradientMagnitudeTolerance=1e-6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(_smoothed(fixed, smoothing_mm), _smoothed(moving, smoothing_mm))


def _smoothed(volume: Volume, smoothing_mm: float) -> sitk.Image:
    data = gaussian_filter(volume.data, [smoothing_mm / size for size in volume.spacing], mode="nearest")
    image = sitk.GetImageFromArray(np.ascontiguousarray(data.T))
    world = _FLIP @ volume.affine
    image.SetSpacing(volume.spacing)
    image.SetOrigin(world[:3, 3].tolist())
    # Columns that are not square to each other are refused by ITK's file readers, not by its images.
    image.SetDirection((world[:3, :3] / volume.spacing).ravel().tolist())
    return image


def _compare(moving: Volume, fixed: Volume, start: Affine, end: Affine) -> _Step:
    """Compare both images under two transforms, at points that lie within both each time.

    Points lie anywhere between voxel centres: on them, noise would not be averaged before and would be after.
    """
    count = min(_JUDGE_POINTS, fixed.data.size, moving.data.size)
    shape = np.array(fixed.data.shape)
    points = np.random.default_rng(_SEED).uniform(-0.5, shape - 0.5, (count, 3))
    places = [apply_affine(np.linalg.inv(moving.affine) @ t @ fixed.affine, points) for t in (start, end)]
    before, after = (((p >= -0.5) & (p <= np.array(moving.data.shape) - 0.5)).all(axis=1) for p in places)
    both = before & after
    if not both.any():
        return _Step(0.0, 0.0, np.inf, 0.0)
    values = _sampled(fixed, points[both])
    first, second = (_mutual_information(values, _sampled(moving, place[both])) for place in places)
    return _Step(first, second, (_BINS - 1) ** 2 / (2 * int(both.sum())), float(both.sum() / before.sum()))


def _sampled(volume: Volume, places: Floats) -> Floats:
    result: Floats = map_coordinates(volume.data, places.T, output=np.float64, order=1, mode="nearest")
    return result


def _mutual_information(first: Floats, second: Floats) -> float:
    """Mutual information of two lists of values from 0 to 1, in nats, of their joint histogram."""
    joint, _, _ = np.histogram2d(first, second, bins=_BINS, range=((0, 1), (0, 1)))
    joint /= joint.sum()
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    filled = joint > 0
    return float((joint[filled] * np.log(joint[filled] / independent[filled])).sum())


def _fault(moved_mm: float, transform: Affine, step: _Step) -> str:
    """Say why a transform is not to be believed; nothing where it may be."""
    if not moved_mm <= _FARTHEST_MM:  # nor is what is not a number
        return f"it lies {moved_mm:.0f} mm away, more than the {_FARTHEST_MM:.0f} mm a patient moves"
    stretches = np.linalg.svd(transform[:3, :3], compute_uv=False)
    if stretches.min() < _LEAST_STRETCH or stretches.max() > _MOST_STRETCH:
        found = f"{stretches.min():.2f} to {stretches.max():.2f}"
        return f"it stretches by {found}, allowed are {_LEAST_STRETCH} to {_MOST_STRETCH}"
    if step.overlap < _LEAST_OVERLAP:
        return f"it leaves {step.overlap:.0%} of the overlap"
    return ""
