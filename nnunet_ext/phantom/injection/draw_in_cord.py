"""Drawing a disease into a stretch of cord that may be shorter than the disease."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from nnunet_ext.phantom.lesions import Blob, Pathology, draw_lesions

_LARGEST_SHARE: Final = 0.3  # of the visible cord, to each side of a lesion's middle: healthy cord must stay,
_LARGEST_PLAQUE: Final = 0.12  # and several plaques must lie beside each other
_PLAQUES_MM: Final = 90.0  # of cord that a patient's plaques are spread over
_MARGIN: Final = 0.2  # of the visible cord, at each end, where no disease is centred


def draw_in_cord(pathology: Pathology, length_mm: float, rng: np.random.Generator) -> tuple[Blob, ...]:
    """Draw the lesions of a patient of whose cord so much is seen.

    The phantom's diseases (see `draw_lesions`), which are up to 10 cm long: where less cord is seen they are made
    shorter, and plaques lie closer together. Later blobs lie over earlier ones; what is centred beyond the cord's ends
    is left out.

    Parameters
    ----------
    pathology
        One with lesions; others have none: an empty tuple.
    length_mm
        Of the cord; blobs count millimetres from its upper end.
    """
    focus = float(rng.uniform(_MARGIN, 1 - _MARGIN)) * length_mm
    drawn = draw_lesions(pathology, focus, rng)
    several = pathology is Pathology.MS
    largest = (_LARGEST_PLAQUE if several else _LARGEST_SHARE) * length_mm
    shorter = min([1.0, *(largest / blob.radii[0] for blob in drawn)])
    closer = min(1.0, length_mm / _PLAQUES_MM) if several else shorter
    fitted = [_fitted(blob, focus, shorter, closer) for blob in drawn]
    inside = [blob for blob in fitted if 0 <= blob.centre[0] <= length_mm]
    return _apart(inside) if several else tuple(inside)


def _apart(blobs: Sequence[Blob]) -> tuple[Blob, ...]:
    """Keep the blobs that touch none of those before them: a patient with several small lesions, not with one."""
    kept: list[Blob] = []
    for blob in blobs:
        if not any(_touch(blob, other) for other in kept):
            kept.append(blob)
    return tuple(kept)


def _touch(blob: Blob, other: Blob) -> bool:
    gaps = [abs(one - two) for one, two in zip(blob.centre, other.centre, strict=True)]
    reach = [one + two for one, two in zip(blob.radii, other.radii, strict=True)]
    return float(np.hypot.reduce([gap / far for gap, far in zip(gaps, reach, strict=True)])) < 1


def _fitted(blob: Blob, focus: float, shorter: float, closer: float) -> Blob:
    down, right, front = blob.centre
    length, across, deep = blob.radii
    centre = (focus + closer * (down - focus), right, front)
    return replace(blob, centre=centre, radii=(shorter * length, across, deep))
