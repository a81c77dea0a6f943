"""How bright each tissue is: drawn anew for every image."""

from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.tissues import LESION_TISSUES, Tissue

_LEAST_DIFFERENCE: Final = 0.1  # between cord and fluid: less, and nobody could outline the cord
_SPREAD: Final = 0.08  # relative, per tissue and image


class Contrast(StrEnum):
    """An MRI contrast, by its BIDS suffix where it has one."""

    T1W = "T1w"
    T2W = "T2w"
    T2STARW = "T2starw"
    T1W_GADOLINIUM = "ce-gd_T1w"
    RANDOM = "random"


_COLUMNS: Final = (Contrast.T1W, Contrast.T2W, Contrast.T2STARW, Contrast.T1W_GADOLINIUM)
_CORD: Final = (Tissue.WHITE_MATTER, Tissue.GREY_MATTER)


def tissue_brightness(
    contrast: Contrast, rng: np.random.Generator, lesion_strength: float = 1.0, spread: float = _SPREAD
) -> npt.NDArray[np.float32]:
    """Draw the brightness of every tissue for one image.

    Cord and fluid always differ by a tenth of the range at least; in the named contrasts the brighter one stays the
    brighter one.

    Parameters
    ----------
    contrast
        `RANDOM` draws every tissue anew, as synthetic training images do (Billot et al. 2023, SynthSeg), so that a
        network learns shapes rather than a contrast.
    rng
        Of the image.
    lesion_strength
        Factor on the difference between a lesion and the white matter around it.
    spread
        Of each tissue about its mean in the named contrasts, relative.

    Returns
    -------
    ndarray
        float32, one entry a `Tissue`, from 0 to about 1.
    """
    if contrast is Contrast.RANDOM:
        values = _random(rng)
    else:
        means = np.array([tissue.brightness[_COLUMNS.index(contrast)] for tissue in Tissue])
        values = means * np.exp(rng.normal(0, spread, means.size))
        values = _keep_apart(values, np.sign(means[Tissue.CSF] - means[Tissue.WHITE_MATTER]))
    lesions = list(LESION_TISSUES)
    values[lesions] = values[Tissue.WHITE_MATTER] + lesion_strength * (values[lesions] - values[Tissue.WHITE_MATTER])
    return np.clip(values, 0, 1.2).astype(np.float32)


def _random(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    values = rng.uniform(0.05, 1.0, len(Tissue))
    values[Tissue.AIR] = rng.choice([0.0, rng.uniform(0, 0.1)])
    # Grey and white matter, and the brain above, look alike in every sequence.
    alike = [*(Tissue.GREY_MATTER, Tissue.MEDULLA, Tissue.BRAINSTEM, Tissue.CEREBELLUM, Tissue.BRAIN, Tissue.NERVE)]
    values[alike] = np.clip(values[Tissue.WHITE_MATTER] + rng.normal(0, 0.06, len(alike)), 0, 1)
    return _keep_apart(values, np.sign(values[Tissue.CSF] - values[Tissue.WHITE_MATTER]))


def _keep_apart(values: npt.NDArray[np.float64], sign: float) -> npt.NDArray[np.float64]:
    """Move the fluid away from the cord where it came too close; where the range ends, move the cord."""
    cord = values[list(_CORD)]
    nearest = cord.max() if sign > 0 else cord.min()
    lack = _LEAST_DIFFERENCE - sign * (values[Tissue.CSF] - nearest)
    if lack > 0:
        values[Tissue.CSF] += sign * lack
        overshoot = max(values[Tissue.CSF] - 1, -values[Tissue.CSF], 0.0)
        values[[Tissue.CSF, *_CORD]] -= sign * overshoot
    return values
