"""What may happen to a real image: each change moves image, truth and what was looked at alike."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform, gaussian_filter

from judge.cordless_images import cut
from judge.volumes import BoolArray, Labelled
from nnunet_ext.core.volume import Affine, Volume

Floats = npt.NDArray[np.float32]
Change = Callable[[Labelled], Labelled]

NOISE = 0.08  # of the brightness that one voxel in a hundred exceeds
BRIGHT = 99.0
BLUR_MM = 1.0
CROP_MM = 8.0


def noisy(labelled: Labelled) -> Labelled:
    """Add Rician noise."""
    data = _data(labelled)
    spread = NOISE * float(np.percentile(data, BRIGHT))
    noise = np.random.default_rng(1).normal(0, spread, (2, *data.shape)).astype(np.float32)
    return _painted(labelled, np.hypot(data + noise[0], noise[1]))


def gamma(power: float) -> Change:
    """Bend the scale of brightness."""

    def change(labelled: Labelled) -> Labelled:
        data = np.clip(_data(labelled), 0, None)
        top = float(data.max()) or 1.0
        return _painted(labelled, top * (data / top) ** power)

    return change


def blurred(labelled: Labelled) -> Labelled:
    """Smooth across the slices' planes and along, by the same length in mm."""
    return _painted(labelled, gaussian_filter(_data(labelled), [BLUR_MM / mm for mm in labelled.image.spacing]))


def inverted(labelled: Labelled) -> Labelled:
    """Make dark what was bright."""
    data = _data(labelled)
    top = float(np.percentile(data, BRIGHT))
    return _painted(labelled, np.clip(top - data, 0, None))


def flipped(labelled: Labelled) -> Labelled:
    """Exchange left and right, and leave the file's axes as they were."""
    axis = next(index for index, letter in enumerate(labelled.image.axes) if letter in "LR")
    return _mapped(labelled, lambda values: np.flip(values, axis).copy())


def cropped(labelled: Labelled) -> Labelled:
    """Cut the image 8 mm around the true cord."""
    ends = []
    for axis, mm in enumerate(labelled.image.spacing):
        used = np.flatnonzero(labelled.truth.any(axis=tuple(other for other in range(3) if other != axis)))
        reach = round(CROP_MM / mm)
        ends.append((max(0, int(used[0]) - reach), int(used[-1]) + 1 + reach))
    place = tuple(slice(*pair) for pair in ends)
    return Labelled(labelled.name, cut(labelled.image, place), labelled.truth[place], labelled.scored[place])


def turned(degrees: float, letters: str) -> Change:
    """Turn the content about an axis of the body, through the middle of the true cord; the grid stays."""

    def change(labelled: Labelled) -> Labelled:
        about = next(index for index, letter in enumerate(labelled.image.axes) if letter in letters)
        first, second = (axis for axis in range(3) if axis != about)
        angle, spacing = np.deg2rad(degrees), np.diag(labelled.image.spacing)
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = np.linalg.inv(spacing) @ turn @ spacing
        middle = np.argwhere(labelled.truth).mean(axis=0)

        def resampled(values: Floats) -> Floats:
            moved: Floats = affine_transform(values, matrix, middle - matrix @ middle, order=1)
            return moved

        return _resampled(labelled, resampled, labelled.image.affine)

    return change


def thick(letters: str, thickness_mm: float) -> Change:
    """Average slices to the whole number of them that comes nearest a thickness; thicker ones stay."""

    def change(labelled: Labelled) -> Labelled:
        axis = next(index for index, letter in enumerate(labelled.image.axes) if letter in letters)
        count = max(1, round(thickness_mm / labelled.image.spacing[axis]))
        slices = labelled.truth.shape[axis] // count
        affine = labelled.image.affine.copy()
        affine[:3, 3] += affine[:3, axis] * (count - 1) / 2
        affine[:3, axis] *= count

        def resampled(values: Floats) -> Floats:
            front = np.moveaxis(values, axis, 0)[: slices * count]
            mean: Floats = np.moveaxis(front.reshape(slices, count, *front.shape[1:]).mean(axis=1), 0, axis)
            return mean

        return _resampled(labelled, resampled, affine)

    return change


CHANGES: dict[str, Change] = {
    "as it is": lambda labelled: labelled,
    "noise": noisy,
    "gamma 0.6": gamma(0.6),
    "gamma 1.6": gamma(1.6),
    "blur 1 mm": blurred,
    "turned 10": turned(10, "SI"),
    "turned 20": turned(20, "SI"),
    "nodded 10": turned(10, "LR"),
    "nodded 20": turned(20, "LR"),
    "crop 8 mm": cropped,
    "axial 5 mm": thick("SI", 5.0),
    "sagittal 3.3 mm": thick("LR", 3.3),
    "inverted": inverted,
    "flipped": flipped,
}


def _data(labelled: Labelled) -> Floats:
    return labelled.image.data.astype(np.float32)


def _painted(labelled: Labelled, data: npt.NDArray[np.floating]) -> Labelled:
    return replace(labelled, image=Volume(data.astype(np.float32), labelled.image.affine))


def _mapped(labelled: Labelled, change: Callable[[npt.NDArray[np.generic]], npt.NDArray[np.generic]]) -> Labelled:
    truth, scored = (np.asarray(change(mask), dtype=np.bool_) for mask in (labelled.truth, labelled.scored))
    return Labelled(labelled.name, Volume(change(labelled.image.data), labelled.image.affine), truth, scored)


def _resampled(labelled: Labelled, change: Callable[[Floats], Floats], affine: Affine) -> Labelled:
    """Half of a voxel decides for the truth; all of it must have been looked at."""

    def above(mask: BoolArray, share: float) -> BoolArray:
        return np.asarray(change(mask.astype(np.float32)) >= share, dtype=np.bool_)

    image = Volume(change(_data(labelled)), affine)
    return Labelled(labelled.name, image, above(labelled.truth, 0.5), above(labelled.scored, 0.999))
