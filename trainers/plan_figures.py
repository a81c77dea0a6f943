"""From figures of a dataset to values of its spine plan."""

from typing import Final

NNUNETS_EPOCHS: Final = 1000
NNUNETS_SHARES: Final = (0.165, 0.165, 0.67)
"""A third of nnU-Net's patches must show foreground, and of our two kinds of it one or the other alike."""

VOXELS_ACROSS: Final = 4  # of the cord, that a localizer needs to tell it from a vessel
LOCALIZER_MM: Final = (1.0, 2.5)
_ANYWHERE: Final = (0.5, 0.67)  # with 0.15, measured, cords and lesions were found in necks and bellies
_LESION: Final = (0.5, 0.8)  # of what is left for lesions and cord


def epochs_for(cases: int) -> int:
    """Train longer on more cases."""
    return NNUNETS_EPOCHS if cases >= 200 else 500 if cases >= 50 else 250


def shares_for(beside: float, chance: float | None) -> tuple[float, float, float]:
    """Draw more patches anywhere the more of the images is far from the cord, and of the others more about lesions the
    less often a patch along the cord would meet one by chance.

    Parameters
    ----------
    beside
        Share of patches anywhere that miss the cord.
    chance
        Share of patches along the cord that meet a lesion; None where there are no lesions.

    Returns
    -------
    tuple
        Shares of lesion, cord and anywhere.
    """  # noqa: D205 - one sentence
    anywhere = round(_between(_ANYWHERE, beside), 2)
    lesion = 0.0 if chance is None else round((1 - anywhere) * _between(_LESION, 1 - chance), 2)
    return lesion, round(1 - lesion - anywhere, 2), anywhere


def smallest_lesion_for(mean_mm3: float) -> float:
    """Take half of the smallest mean lesion of a case: single lesions vary about it."""
    return round(mean_mm3 / 2, 2)


def localizer_spacing_for(cord_mm: float) -> float:
    """Keep a few voxels across the cord."""
    low, high = LOCALIZER_MM
    return round(min(max(cord_mm / VOXELS_ACROSS, low), high), 2)


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share
