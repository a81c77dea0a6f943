"""How uneven each tissue looks."""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.tissues import Tissue

_ROUGH: Final = {
    Tissue.CSF: 0.05, Tissue.WHITE_MATTER: 0.025, Tissue.GREY_MATTER: 0.03, Tissue.EPIDURAL_FAT: 0.12,
    Tissue.MARROW: 0.14, Tissue.DISC: 0.15, Tissue.NUCLEUS: 0.12, Tissue.MUSCLE: 0.13, Tissue.FAT: 0.12,
    Tissue.SOFT: 0.28, Tissue.LUNG: 0.4, Tissue.VESSEL: 0.3, Tissue.CEREBELLUM: 0.07, Tissue.BRAIN: 0.07,
    Tissue.SCI_LESION: 0.08, Tissue.TUMOUR_CORE: 0.1, Tissue.OEDEMA: 0.06,
}  # fmt: skip
_ROUGH_ELSEWHERE: Final = 0.05


def tissue_roughness() -> npt.NDArray[np.float32]:
    """Give each tissue's standard deviation within itself, as a share of its brightness; one entry a `Tissue`."""
    return np.array([_ROUGH.get(tissue, _ROUGH_ELSEWHERE) for tissue in Tissue], dtype=np.float32)
