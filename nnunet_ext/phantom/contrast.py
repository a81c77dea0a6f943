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


# One row a tissue, in the order of `Tissue`: brightness in T1w, T2w, T2starw and T1w after gadolinium, 1 the brightest.
_BRIGHTNESS: Final = (
    (0.00, 0.00, 0.00, 0.00),  # air
    (0.16, 0.92, 0.80, 0.17),  # fluid
    (0.52, 0.40, 0.50, 0.53),  # white matter
    (0.48, 0.45, 0.66, 0.49),  # grey matter
    (0.52, 0.42, 0.54, 0.53),  # brainstem
    (0.48, 0.48, 0.60, 0.50),  # cerebellum
    (0.50, 0.47, 0.58, 0.51),  # brain
    (0.42, 0.50, 0.52, 0.46),  # nerve
    (0.85, 0.66, 0.42, 0.85),  # epidural fat
    (0.14, 0.09, 0.16, 0.16),  # ligament
    (0.48, 0.33, 0.16, 0.52),  # marrow
    (0.08, 0.06, 0.05, 0.08),  # compact bone
    (0.32, 0.20, 0.42, 0.33),  # disc
    (0.34, 0.44, 0.55, 0.35),  # nucleus
    (0.36, 0.18, 0.44, 0.40),  # muscle
    (0.90, 0.70, 0.46, 0.90),  # fat
    (0.45, 0.30, 0.35, 0.50),  # skin
    (0.18, 0.10, 0.88, 0.80),  # vessel
    (0.38, 0.32, 0.42, 0.50),  # soft tissue
    (0.05, 0.05, 0.04, 0.06),  # lung
    (0.42, 0.74, 0.72, 0.44),  # injury
    (0.56, 0.14, 0.10, 0.58),  # haemorrhage
    (0.45, 0.63, 0.69, 0.48),  # plaque
    (0.43, 0.60, 0.62, 0.88),  # tumour core
    (0.20, 0.88, 0.78, 0.21),  # cavity
    (0.45, 0.66, 0.68, 0.46),  # oedema
)
_COLUMNS: Final = (Contrast.T1W, Contrast.T2W, Contrast.T2STARW, Contrast.T1W_GADOLINIUM)
_CORD: Final = (Tissue.WHITE_MATTER, Tissue.GREY_MATTER)


def tissue_brightness(
    contrast: Contrast, rng: np.random.Generator, lesion_strength: float = 1.0
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

    Returns
    -------
    ndarray
        float32, one entry a `Tissue`, from 0 to about 1.
    """
    if contrast is Contrast.RANDOM:
        values = _random(rng)
    else:
        means = np.array(_BRIGHTNESS)[:, _COLUMNS.index(contrast)]
        values = means * np.exp(rng.normal(0, _SPREAD, means.size))
        values = _keep_apart(values, np.sign(means[Tissue.CSF] - means[Tissue.WHITE_MATTER]))
    lesions = list(LESION_TISSUES)
    values[lesions] = values[Tissue.WHITE_MATTER] + lesion_strength * (values[lesions] - values[Tissue.WHITE_MATTER])
    return np.clip(values, 0, 1.2).astype(np.float32)


def _random(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    values = rng.uniform(0.05, 1.0, len(Tissue))
    values[Tissue.AIR] = rng.choice([0.0, rng.uniform(0, 0.1)])
    # Grey and white matter, and the brain above, look alike in every sequence.
    alike = [Tissue.GREY_MATTER, Tissue.BRAINSTEM, Tissue.CEREBELLUM, Tissue.BRAIN, Tissue.NERVE]
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
