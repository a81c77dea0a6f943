"""The tissues that a synthetic patient is made of."""

from enum import IntEnum
from typing import Final


class Tissue(IntEnum):
    """Value of a voxel of the tissue map, with its mean brightness in T1w, T2w, T2starw and T1w after gadolinium.

    1 is the brightest; what an image shows is drawn around it.
    """

    brightness: tuple[float, ...]

    def __new__(cls, value: int, *brightness: float) -> "Tissue":
        """Take the number, and the brightness in each contrast."""
        tissue = int.__new__(cls, value)
        tissue._value_ = value
        tissue.brightness = brightness
        return tissue

    AIR = 0, 0.00, 0.00, 0.00, 0.00
    CSF = 1, 0.16, 0.92, 0.80, 0.17
    WHITE_MATTER = 2, 0.52, 0.40, 0.50, 0.53
    GREY_MATTER = 3, 0.48, 0.45, 0.66, 0.49
    BRAINSTEM = 4, 0.52, 0.42, 0.54, 0.53
    CEREBELLUM = 5, 0.48, 0.48, 0.60, 0.50
    BRAIN = 6, 0.50, 0.47, 0.58, 0.51
    NERVE = 7, 0.42, 0.50, 0.52, 0.46
    EPIDURAL_FAT = 8, 0.85, 0.66, 0.42, 0.85
    LIGAMENT = 9, 0.14, 0.09, 0.16, 0.16
    MARROW = 10, 0.48, 0.33, 0.16, 0.52
    CORTICAL_BONE = 11, 0.08, 0.06, 0.05, 0.08
    DISC = 12, 0.32, 0.20, 0.42, 0.33
    NUCLEUS = 13, 0.34, 0.44, 0.55, 0.35
    MUSCLE = 14, 0.36, 0.18, 0.44, 0.40
    FAT = 15, 0.90, 0.70, 0.46, 0.90
    SKIN = 16, 0.45, 0.30, 0.35, 0.50
    VESSEL = 17, 0.18, 0.10, 0.88, 0.80
    SOFT = 18, 0.38, 0.32, 0.42, 0.50
    LUNG = 19, 0.05, 0.05, 0.04, 0.06
    SCI_LESION = 20, 0.42, 0.74, 0.72, 0.44
    HAEMORRHAGE = 21, 0.56, 0.14, 0.10, 0.58
    PLAQUE = 22, 0.45, 0.63, 0.69, 0.48
    TUMOUR_CORE = 23, 0.43, 0.60, 0.62, 0.88
    CAVITY = 24, 0.20, 0.88, 0.78, 0.21
    OEDEMA = 25, 0.45, 0.66, 0.68, 0.46
    MEDULLA = 26, 0.52, 0.42, 0.54, 0.53


LESION_TISSUES: Final = (
    Tissue.SCI_LESION,
    Tissue.HAEMORRHAGE,
    Tissue.PLAQUE,
    Tissue.TUMOUR_CORE,
    Tissue.CAVITY,
    Tissue.OEDEMA,
)
"""Their union is the lesion mask."""

CORD_TISSUES: Final = (Tissue.WHITE_MATTER, Tissue.GREY_MATTER, *LESION_TISSUES)
"""Their union is the cord mask: a lesion lies within the cord, the brainstem does not belong to it."""
