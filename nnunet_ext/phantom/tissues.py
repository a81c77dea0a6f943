"""The tissues that a synthetic patient is made of."""

from enum import IntEnum
from typing import Final


class Tissue(IntEnum):
    """Value of a voxel of the tissue map; its image intensity is drawn later, by contrast."""

    AIR = 0
    CSF = 1
    WHITE_MATTER = 2
    GREY_MATTER = 3
    BRAINSTEM = 4
    CEREBELLUM = 5
    BRAIN = 6
    NERVE = 7
    EPIDURAL_FAT = 8
    LIGAMENT = 9
    MARROW = 10
    CORTICAL_BONE = 11
    DISC = 12
    NUCLEUS = 13
    MUSCLE = 14
    FAT = 15
    SKIN = 16
    VESSEL = 17
    SOFT = 18
    LUNG = 19
    SCI_LESION = 20
    HAEMORRHAGE = 21
    PLAQUE = 22
    TUMOUR_CORE = 23
    CAVITY = 24
    OEDEMA = 25


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
