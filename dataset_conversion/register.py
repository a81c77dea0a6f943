"""One contrast onto another of the same session: the patient moved a little in between."""

# mypy: untyped-calls-exclude=SimpleITK
# Its calls are annotated in part only.

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from scipy.ndimage import gaussian_filter, map_coordinates

from nnunet_ext.core.geometry import displacement
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Volume
from nnunet_ext.dataset_conversion.resample import Resampled, resample_identity

Floats = npt.NDArray[np.float64]

_BINS: Final = 32
_SEED: Final = 20  # 0 would mean the clock
_OPTIMISER_POINTS: Final = 40_000
_JUDGE_POINTS: Final = 100_000

_SHADING_MM: Final = 10.0  # cord and vertebrae are smaller, what coils brighten and darken is larger
_SHADING_FLOOR: Final = 0.1  # of the mean: air has no brightness to divide by
_CLIPPED_PERCENT: Final = (0.5, 99.5)  # a few bright voxels would leave the rest to a few bins

_RIGID_SMOOTHING_MM: Final = (4.0, 2.0)
_AFFINE_SMOOTHING_MM: Final = 1.0
_RIGID_STEP_MM: Final = 1.0
_AFFINE_STEP_MM: Final = 0.3  # it starts near its end
_LAST_STEP_MM: Final = 0.01
_STEPS: Final = 100

_FARTHEST_MM: Final = 30.0
_VOLUME_RATIO: Final = (0.8, 1.25)
_LEAST_OVERLAP: Final = 0.5  # of what overlapped before

_ORTHOGONAL: Final = 1e-4
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
        Why nothing was moved; empty where all went well.
    """

    volume: Volume
    affine_mm: Affine
    moved_mm: float
    mutual_information_before: float
    mutual_information_after: float
    covered: float
    note: str


@dataclass(frozen=True)
class _Information:
    """Mutual information before and after, what chance alone would give, and the share of the overlap that is left."""

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
    smoothing alone: the cost is set by the number of points, not of voxels.

    The transform is judged by the mutual information of other points, the same ones before and after. It is dropped,
    and the images left as they were, where it moves more than 30 mm, changes volumes by more than a fifth, loses half
    of the overlap, or gains no more than unrelated images of as many independent points share by chance,
    ``(bins - 1)^2 / 2 points`` (Roulston 1999, Physica D 125:285).

    Parameters
    ----------
    moving, fixed
        Two contrasts of one session, of any grids and orientations. A sheared affine is allowed for; the optimiser
        sees such an image on the nearest grid with square corners.

    Raises
    ------
    DataRefusedError
        Where the fields of view do not overlap.
    """
    start = _moved(moving, fixed, np.eye(4))
    flat_moving, flat_fixed = _without_shading(moving), _without_shading(fixed)
    try:
        transform = _optimum(flat_moving, flat_fixed, start.covered)
    except RuntimeError as error:  # what SimpleITK raises for all that goes wrong within
        information, fault = _information(flat_moving, flat_fixed, np.eye(4)), f"no optimum was found: {_reason(error)}"
    else:
        information = _information(flat_moving, flat_fixed, transform)
        fault = _fault(fixed, transform, information)
    if fault:
        before = information.before
        return Registered(start.volume, np.eye(4), 0.0, before, before, start.covered, f"not moved: {fault}")
    result = _moved(moving, fixed, transform)
    moved_mm = _moved_mm(fixed, transform)
    return Registered(
        result.volume, transform, moved_mm, information.before, information.after, result.covered, note=""
    )


def _moved(moving: Volume, fixed: Volume, transform: Affine) -> Resampled:
    """Lay the moving image, carried back by the transform, onto the fixed grid: one interpolation in all."""
    carried = Volume(moving.data, np.linalg.inv(transform) @ moving.affine, moving.notes)
    first, second, third = fixed.data.shape
    return resample_identity(carried, (first, second, third), fixed.affine, nearest=False)


def _moved_mm(fixed: Volume, transform: Affine) -> float:
    return displacement(fixed.data.shape, fixed.affine, transform @ fixed.affine).rms_mm


def _without_shading(volume: Volume) -> Volume:
    """Divide by a wide blur, and scale to 0 to 1; RAS, square corners, float32. A constant image becomes 0."""
    volume = _square(reorient(volume, "RAS"))
    data = volume.data.astype(np.float32)
    data -= data.min()
    shading = gaussian_filter(data, [_SHADING_MM / size for size in volume.spacing], mode="nearest")
    data /= shading + np.float32(_SHADING_FLOOR * float(shading.mean()) or 1.0)
    low, high = np.percentile(data, _CLIPPED_PERCENT).tolist()
    data = (np.clip(data, low, high) - low) / ((high - low) or 1.0)
    return Volume(data.astype(np.float32), volume.affine)


def _square(volume: Volume) -> Volume:
    """Resample a sheared image onto the nearest grid with square corners, about the same centre.

    The nearest rotation is the orthogonal factor of the polar decomposition (Higham 1986, SIAM J Sci Stat Comput
    7:1160).
    """
    directions = volume.affine[:3, :3] / volume.spacing
    if np.abs(directions.T @ directions - np.eye(3)).max() <= _ORTHOGONAL:
        return volume
    left, _, right = np.linalg.svd(directions)
    first, second, third = volume.data.shape
    middle = (np.array(volume.data.shape) - 1) / 2
    square = np.eye(4)
    square[:3, :3] = left @ right * volume.spacing
    square[:3, 3] = volume.affine[:3, 3] + (volume.affine[:3, :3] - square[:3, :3]) @ middle
    return resample_identity(volume, (first, second, third), square, nearest=False).volume


def _optimum(moving: Volume, fixed: Volume, covered: float) -> Affine:
    """Find the transform; RuntimeError where the optimiser fails."""
    share = min(1.0, _OPTIMISER_POINTS / (covered * fixed.data.size))
    rigid = sitk.Euler3DTransform()
    middle = np.append((np.array(fixed.data.shape) - 1) / 2, 1.0)
    rigid.SetCenter((_FLIP @ fixed.affine @ middle)[:3].tolist())
    for smoothing_mm in _RIGID_SMOOTHING_MM:
        _optimise(rigid, moving, fixed, smoothing_mm, _RIGID_STEP_MM, share)
    affine = sitk.AffineTransform(3)
    affine.SetCenter(rigid.GetCenter())
    affine.SetMatrix(rigid.GetMatrix())
    affine.SetTranslation(rigid.GetTranslation())
    _optimise(affine, moving, fixed, _AFFINE_SMOOTHING_MM, _AFFINE_STEP_MM, share)
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
    image.SetDirection((world[:3, :3] / volume.spacing).ravel().tolist())
    return image


def _information(moving: Volume, fixed: Volume, transform: Affine) -> _Information:
    """Compare both images before and after the transform, at points that lie within both each time.

    Points lie anywhere between voxel centres: on them, noise would not be averaged before and would be after.
    """
    count = min(_JUDGE_POINTS, fixed.data.size, moving.data.size)
    shape = np.array(fixed.data.shape)
    points = np.random.default_rng(_SEED).uniform(-0.5, shape - 0.5, (count, 3))
    places = [_carried(points, np.linalg.inv(moving.affine) @ t @ fixed.affine) for t in (np.eye(4), transform)]
    before, after = (((p >= -0.5) & (p <= np.array(moving.data.shape) - 0.5)).all(axis=1) for p in places)
    both = before & after
    if not both.any():
        return _Information(0.0, 0.0, np.inf, 0.0)
    values = _sampled(fixed, points[both])
    first, second = (_mutual_information(values, _sampled(moving, place[both])) for place in places)
    return _Information(first, second, (_BINS - 1) ** 2 / (2 * int(both.sum())), float(both.sum() / before.sum()))


def _carried(points: Floats, matrix: Affine) -> Floats:
    result: Floats = points @ matrix[:3, :3].T + matrix[:3, 3]
    return result


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


def _fault(fixed: Volume, transform: Affine, information: _Information) -> str:
    """Say what is wrong with a transform; nothing where it is to be believed."""
    moved_mm = _moved_mm(fixed, transform)
    ratio = float(np.linalg.det(transform[:3, :3]))
    if not moved_mm <= _FARTHEST_MM:  # nor is what is not a number
        return f"the best fit lies {moved_mm:.0f} mm away, more than the {_FARTHEST_MM:.0f} mm a patient moves"
    if not _VOLUME_RATIO[0] <= ratio <= _VOLUME_RATIO[1]:
        return f"the best fit changes volumes to {ratio:.2f} times, outside {_VOLUME_RATIO[0]} to {_VOLUME_RATIO[1]}"
    if information.overlap < _LEAST_OVERLAP:
        return f"the best fit leaves {information.overlap:.0%} of the overlap"
    if information.after - information.before <= information.by_chance:
        return f"the best fit is no better (mutual information {information.before:.3f} and {information.after:.3f})"
    return ""


def _reason(error: RuntimeError) -> str:
    """Give the last line of SimpleITK's message: the ones before name its source files."""
    return str(error).strip().splitlines()[-1].strip()
