"""Where the cord's middle lies from right to left: at the level of the largest lesion, or at a level that is given."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.evaluation.biomarkers.body_frame import UPRIGHT, Floats, Labels

_REACH: Final = 2


@dataclass(frozen=True)
class Midsagittal:
    """R-L index of the midsagittal plane along LAS, fractions kept; one for all lesions of a case.

    Parameters
    ----------
    sct
        As SCT has it; None where SCT stops with an error.
    corrected
        Where it would not; None only without a cord.
    """

    sct: float | None
    corrected: float | None


def midsagittal_at_lesion(lesions: Labels, largest: int, first_slice: int, centre_across: Floats) -> Midsagittal:
    """Find the plane at the largest lesion.

    The mean R-L centre of the cord over five axial slices, those without cord left out, about the slice that is nearest
    to the lesion's centre of mass within the cord (halves go to the even slice; sct_analyze_lesion.py:970-971, where
    the numbered lesions are masked, and :1180-1211, `get_midsagittal_slice`, of SCT 3b3c5b22d). Near the lower end of
    the image SCT counts on from its upper end; it stops near the upper end, and where none of the five holds cord.
    Corrected: of the five those that are in the image and hold cord; where none does, the nearest slice that does.

    Parameters
    ----------
    lesions
        Shape (x, y, z) along LAS, numbered, masked by the cord.
    largest
        Number of the lesion, which has a voxel.
    first_slice
        Axial slice of the image that `lesions` starts at.
    centre_across
        Of the cord, for each axial slice of the image; NaN where there is none.
    """
    slices = centre_across.size
    middle = round(float((np.nonzero(lesions == largest)[UPRIGHT] + first_slice).mean()))
    five = np.arange(middle - _REACH, middle + _REACH + 1)
    # Negative indices count from the end, in numpy as in SCT.
    sct = _mean(centre_across[five]) if -slices <= five[0] and five[-1] < slices else None
    corrected = _mean(centre_across[five[(five >= 0) & (five < slices)]])
    return Midsagittal(sct, _nearest(centre_across, middle) if corrected is None else corrected)


def _mean(centres: Floats) -> float | None:
    there = centres[np.isfinite(centres)]
    return float(there.mean()) if there.size else None


def _nearest(centre_across: Floats, middle: int) -> float | None:
    with_cord = np.flatnonzero(np.isfinite(centre_across))
    if not with_cord.size:
        return None
    return float(centre_across[with_cord[np.abs(with_cord - middle).argmin()]])
