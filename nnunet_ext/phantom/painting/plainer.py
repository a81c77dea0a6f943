"""Images with something left out, to see what each part of the painting is worth."""

from dataclasses import replace
from enum import StrEnum

from nnunet_ext.phantom.painting.look import Look
from nnunet_ext.phantom.tissues import Tissue


class Part(StrEnum):
    """What can be left out of an image."""

    TEXTURE = "texture"
    GREY_MATTER = "grey-matter"
    SLICES = "thick-slices"
    COIL = "coil"
    NOISE = "noise"


def plainer(look: Look, without: frozenset[Part]) -> Look:
    """Leave parts out of a look; with none named it is as it was."""
    if Part.TEXTURE in without:
        look = replace(look, roughness=look.roughness * 0)
    if Part.GREY_MATTER in without:
        brightness = look.brightness.copy()
        brightness[Tissue.GREY_MATTER] = brightness[Tissue.WHITE_MATTER]
        look = replace(look, brightness=brightness)
    if Part.SLICES in without:
        look = replace(look, slices=None)
    if Part.COIL in without:
        look = replace(look, bias=0.0, coil_mm=1e9, saturated=False)
    if Part.NOISE in without:
        look = replace(look, noise=0.0, ghost=0.0)
    return look
