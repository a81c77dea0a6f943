"""What the lesions look like in an image, in units of what the cord around them looks like."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import distance_transform_edt

from nnunet_ext.classification.measures.cord_body import BoolArray, CordBody, Floats
from nnunet_ext.classification.measures.lesion_sizes import Values
from nnunet_ext.core.volume import Array

SIGNALS: Final = ("contrast", "bright_share", "dark_share", "heterogeneity", "sharpness")
"""Measures of every channel, `contrast_T2w` and so on."""

_SD_OF_MAD: Final = 1.4826
"""Standard deviation of a normal distribution in its median absolute deviations."""

_FAR: Final = 3.0  # spreads
_REFERENCE_MM: Final = 30.0
_SHELL_MM: Final = 1.0
_AROUND_MM: Final = 10.0
_FEWEST_CORD: Final = 30
_FEWEST: Final = 10


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Lesions and the cord around them, as every channel of a case has them.

    Parameters
    ----------
    lesion
        Shape (x, y, z).
    reference
        Cord that is compared with: no lesion within the shell, and within 30 mm along the cord of a lesion, where that
        is enough, else all such cord.
    inner, outer
        Lesion and cord within the shell on both sides of where they meet.
    core, around
        Lesion and cord beyond it, the latter up to 10 mm away.
    """

    lesion: BoolArray
    reference: BoolArray
    inner: BoolArray
    outer: BoolArray
    core: BoolArray
    around: BoolArray


def surroundings(body: CordBody) -> Surroundings | None:
    """Part a cord by how far it is from its lesions; None without lesion.

    The shell is 1 mm, or one voxel where that is more.
    """
    lesion = body.lesions > 0
    if not lesion.any():
        return None
    sound = body.cord & ~lesion
    shell = max(_SHELL_MM, min(body.spacing)) * 1.01  # rounding must not decide on the nearest voxel
    away = distance_transform_edt(~lesion, sampling=body.spacing)
    inwards = distance_transform_edt(~sound, sampling=body.spacing) if sound.any() else np.full(lesion.shape, np.inf)
    clear = sound & (away > shell)
    near = clear & _near(body, lesion)[None, None, :]
    return Surroundings(
        lesion=lesion,
        reference=near if near.sum() >= _FEWEST_CORD else clear,
        inner=lesion & (inwards <= shell),
        outer=sound & (away <= shell),
        core=lesion & (inwards > shell),
        around=clear & (away <= shell + _AROUND_MM),
    )


def signal_measures(parts: Surroundings | None, image: Array) -> Values:
    """Measure one image; see `measure_dictionary` for each.

    Spreads are robust: the median absolute deviation times 1.4826, which is the standard deviation of normal noise.
    All are the same for any brightness and gain of the image.

    Parameters
    ----------
    parts
        From `surroundings`; None without lesion.
    image
        Shape (x, y, z), the body's part. Voxels that are not finite are left out.

    Returns
    -------
    dict
        All missing without lesion, without enough cord to compare with (30 voxels), or where that is of one value.
    """
    if parts is None:
        return dict.fromkeys(SIGNALS)
    lesion, cord = _finite(image, parts.lesion), _finite(image, parts.reference)
    if cord.size < _FEWEST_CORD or not lesion.size:
        return dict.fromkeys(SIGNALS)
    middle, spread = float(np.median(cord)), _spread(cord)
    if spread <= 0:
        return dict.fromkeys(SIGNALS)
    return {
        "contrast": (float(np.median(lesion)) - middle) / spread,
        "bright_share": float((lesion > middle + _FAR * spread).mean()),
        "dark_share": float((lesion < middle - _FAR * spread).mean()),
        "heterogeneity": _spread(lesion) / spread if lesion.size >= _FEWEST else None,
        "sharpness": _sharpness(parts, image, spread),
    }


def _near(body: CordBody, lesion: BoolArray) -> BoolArray:
    from_top = body.from_top_mm
    at_lesion = from_top[lesion.any(axis=(0, 1))]
    return np.asarray(np.abs(from_top[:, None] - at_lesion[None, :]).min(axis=1) <= _REFERENCE_MM)


def _sharpness(parts: Surroundings, image: Array, spread: float) -> float | None:
    """Give the step at the border as a share of the whole difference: 1 for a step, less for a slope."""
    inner, outer, core, around = (_finite(image, part) for part in (parts.inner, parts.outer, parts.core, parts.around))
    if min(inner.size, outer.size, core.size, around.size) < _FEWEST:
        return None
    whole = float(np.median(core) - np.median(around))
    return None if abs(whole) < spread else float(np.median(inner) - np.median(outer)) / whole


def _finite(image: Array, where: BoolArray) -> Floats:
    values = image[where].astype(np.float64)
    return values[np.isfinite(values)]


def _spread(values: Floats) -> float:
    return float(np.median(np.abs(values - np.median(values)))) * _SD_OF_MAD
