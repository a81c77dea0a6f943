"""Small tissue maps and looks for the tests of painting."""

from dataclasses import replace

import numpy as np

from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.painting.look import Look, draw_look
from nnunet_ext.phantom.tissues import Tissue

POOL = (1, 2, 2)
SPACING = (2.0, 1.0, 1.0)


def layered(shape: tuple[int, int, int] = (20, 80, 80)) -> TissueMap:
    """Muscle with a round sac, a cord and a lesion in it; medulla above."""
    tissue = np.full(shape, Tissue.MUSCLE, dtype=np.uint8)
    front, left = np.ogrid[: shape[1], : shape[2]]
    radius = np.hypot(front - shape[1] / 2 + 0.5, left - shape[2] / 2 + 0.5)
    tissue[:, radius < 22] = Tissue.CSF
    tissue[:, radius < 12] = Tissue.WHITE_MATTER
    tissue[:, radius < 4] = Tissue.GREY_MATTER
    tissue[8:12, radius < 8] = Tissue.PLAQUE
    tissue[-4:, radius < 12] = Tissue.MEDULLA
    return tissue


def plain_look(contrast: Contrast = Contrast.T2W, seed: int = 0) -> Look:
    """Give a look without anything that spoils an image."""
    look = draw_look(np.random.default_rng(seed), [(contrast, 1.0)])
    return replace(
        look, roughness=look.roughness * 0, slices=None, pixel_mm=0.4, noise=0.0, bias=0.0, coil_mm=1e9, ghost=0.0,
        saturated=False, metal=False, gamma=1.0,
    )  # fmt: skip
