"""How bright lesion tissues are in an image, by what it shows of cord and fluid."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from nnunet_ext.phantom.injection.cord_signal import CordSignal
from nnunet_ext.phantom.tissues import Tissue

_COLUMNS: Final = {True: 1, False: 0}  # of `Tissue.brightness`: T2w where fluid is bright, T1w where it is dark
_STRENGTH: Final = (0.8, 1.2)
_LEAST: Final = 2.0  # noise's standard deviations: what nobody can see teaches nothing
_ALMOST_DARK: Final = 0.75  # of the way from cord to no signal, at most


def draw_differences(tissues: Iterable[Tissue], signal: CordSignal, rng: np.random.Generator) -> Mapping[Tissue, float]:
    """Draw for each lesion tissue how much brighter than the cord it is, in the image's units.

    The phantom says where between cord and fluid a tissue lies in T2w, or in T1w where fluid is darker than the cord
    (`Tissue.brightness`); the image says where cord and fluid lie. Blood is darker than both. No lesion differs from
    the cord by less than twice the noise, unless fluid itself does.

    Parameters
    ----------
    tissues
        Of the lesions.
    signal
        Of the image.
    rng
        One factor from 0.8 to 1.2 holds for all tissues.
    """
    column = _COLUMNS[signal.fluid_is_bright]
    cord, fluid = Tissue.WHITE_MATTER.brightness[column], Tissue.CSF.brightness[column]
    contrast = signal.fluid - signal.cord
    strength = float(rng.uniform(*_STRENGTH))
    differences = {}
    for tissue in tissues:
        share = strength * (tissue.brightness[column] - cord) / (fluid - cord)
        least = min(_LEAST * signal.noise / abs(contrast), 1.0)
        share = float(np.sign(share) * np.clip(abs(share), least, 1.0))
        differences[tissue] = max(share * contrast, -_ALMOST_DARK * (signal.cord - signal.dark))
    return differences
