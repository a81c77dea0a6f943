"""Where the lesions lie in the cord: across it, along it, how much of it they take, and whether it is swollen."""

from typing import Final

import numpy as np

from nnunet_ext.classification.measures.cord_body import CordBody, Floats
from nnunet_ext.classification.measures.lesion_sizes import Values
from nnunet_ext.classification.measures.levels import CordLevels

_CENTRAL: Final = 0.5
_FLANK_MM: Final = 20.0
_NEEDED_MM: Final = 5.0

PLACES: Final = (
    *("dorsal_position", "lateral_position", "eccentricity", "central_share"),
    *("top_fraction", "centre_fraction", "bottom_fraction", "centre_level", "swelling"),
)


def place_measures(body: CordBody, levels: CordLevels | None = None) -> Values:
    """Say where lesions lie; see `measure_dictionary` for each.

    Across the cord a place is given in half-diameters of the cord in its slice: 0 is the middle and 1 the surface,
    whatever the cord's size, and however it leans, as leaning stretches both alike.

    Parameters
    ----------
    body
        The cord with its lesions.
    levels
        Of its slices; None where they are unknown.

    Returns
    -------
    dict
        Without lesions the shares are 0 and all places are missing.
    """
    shares = _shares(body)
    if not body.numbers:
        return {**shares, **dict.fromkeys(PLACES)}
    return {**shares, **_across(body), **_along(body, levels), "swelling": _swelling(body)}


def _shares(body: CordBody) -> Values:
    areas, whole = (body.lesions > 0).sum(axis=(0, 1)), body.cord.sum(axis=(0, 1))
    there = areas > 0
    if not there.any():
        return {"largest_section_share": 0.0, "mean_section_share": 0.0}
    share = areas[there] / whole[there]
    return {
        "largest_section_share": float(share.max()),
        "mean_section_share": float(np.average(share, weights=body.along_mm[there])),
    }


def _across(body: CordBody) -> Values:
    x, y, z = np.nonzero(body.lesions)
    left = (x * body.spacing[0] - body.centre[z, 0]) / body.half[z, 0]
    behind = -(y * body.spacing[1] - body.centre[z, 1]) / body.half[z, 1]
    numbers = body.lesions[x, y, z]
    middles = np.array([(left[numbers == one].mean(), behind[numbers == one].mean()) for one in body.numbers])
    volumes = [body.volume_mm3(one) for one in body.numbers]
    return {
        "dorsal_position": float(behind.mean()),
        "lateral_position": float(np.average(np.abs(middles[:, 0]), weights=volumes)),
        "eccentricity": float(np.average(np.hypot(*middles.T), weights=volumes)),
        "central_share": float((np.hypot(left, behind) < _CENTRAL).mean()),
    }


def _along(body: CordBody, levels: CordLevels | None) -> Values:
    voxels = (body.lesions > 0).sum(axis=(0, 1))
    there = voxels > 0
    fraction = body.from_top_mm / body.along_mm.sum()
    half = body.along_mm / 2 / body.along_mm.sum()
    level = None if levels is None else float(np.average(levels.place[there], weights=voxels[there]))
    return {
        "top_fraction": float((fraction - half)[there].min()),
        "centre_fraction": float(np.average(fraction, weights=voxels)),
        "bottom_fraction": float((fraction + half)[there].max()),
        "centre_level": None if level is None or np.isnan(level) else level,
    }


def _swelling(body: CordBody) -> float | None:
    """Compare the cord's section at the largest lesion with that just above and below it, where no lesion is."""
    largest = max(body.numbers, key=body.volume_mm3)
    here = body.slices_of(largest)
    from_top, free = body.from_top_mm, (body.section_mm2 > 0) & ~(body.lesions > 0).any(axis=(0, 1))
    first, last = from_top[here].min(), from_top[here].max()
    flanks = (free & (from_top < first) & (from_top > first - _FLANK_MM), free & (from_top > last))
    flanks = (flanks[0], flanks[1] & (from_top < last + _FLANK_MM))
    sound: list[Floats] = [body.section_mm2[flank] for flank in flanks if body.along_mm[flank].sum() >= _NEEDED_MM]
    if not sound:
        return None
    return float(np.median(body.section_mm2[here]) / np.mean([np.median(sections) for sections in sound]))
