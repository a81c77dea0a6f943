"""Laying lesions along the cord, and how much finds room there."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.phantom.entities.region import Region
from nnunet_ext.phantom.levels import LEVEL_HEIGHTS, Size, size_at

_ACROSS: Final = 0.25  # vertebrae on each side of a border that is crossed, at least
_APART: Final = 0.3  # vertebrae between two lesions, at least
_MORE_APART: Final = (0.1, 1.1)
_EVEN: Final = 8.0  # of Dirichlet's distribution: how alike the lengths of a patient's lesions are
_SAC_WIDENED: Final = 2.2
_CORD_SWOLLEN: Final = 1.7
_FILLED: Final = 0.85  # of the section, from end to end
_THIN_MM2: Final = {True: 30.0, False: 9.0}  # of tumours, and of demyelination


@dataclass(frozen=True)
class Span:
    """Upper and lower end of a lesion, in levels."""

    top: float
    bottom: float

    @property
    def vertebrae(self) -> float:
        """Its length."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """The level of its middle."""
        return (self.top + self.bottom) / 2


def place_lesions(region: Region, vertebrae: float, count: int, rng: np.random.Generator) -> tuple[Span, ...]:
    """Lay lesions of this length in all into a region, from above downwards, with cord between them.

    Fewer than `count` where there is no room between so many.
    """
    room = region.bottom - region.top - vertebrae
    count = min(count, 1 + int(room / _APART + 1e-9))
    parts = vertebrae * rng.dirichlet([_EVEN] * count)
    more = rng.uniform(*_MORE_APART, count - 1)
    left = max(room - _APART * (count - 1), 0.0)
    spaces = _APART + more * min(1.0, left / max(float(more.sum()), left, 1e-9))
    length = float(vertebrae + spaces.sum())
    low, high = region.top, region.bottom - length
    if region.border is not None:
        low, high = max(low, region.border - length + _ACROSS), min(high, region.border - _ACROSS)
    top = float(rng.uniform(min(low, high), high))
    spans = []
    for part, space in zip(parts.tolist(), [*spaces.tolist(), 0.0], strict=True):
        spans.append(Span(top, top + part))
        top += part + space
    return tuple(spans)


def largest_ml(lesions: tuple[Span, ...], *, tumour: bool) -> float:
    """Most that finds room: a tumour widens the canal, demyelination swells the cord."""
    total = 0.0
    for span in lesions:
        level = np.array([span.middle])
        if tumour:
            depth = size_at(Size.SAC_FRONT, level) - size_at(Size.SAC_BACK, level)
            area = np.pi / 4 * size_at(Size.SAC_WIDTH, level) * depth * _SAC_WIDENED
        else:
            area = np.pi / 4 * size_at(Size.CORD_WIDTH, level) * size_at(Size.CORD_DEPTH, level) * _CORD_SWOLLEN
        total += float(area[0]) * _long_mm(span) * _FILLED
    return total / 1000


def smallest_ml(lesions: tuple[Span, ...], *, tumour: bool) -> float:
    """Least that still reaches from end to end."""
    return sum(_long_mm(span) for span in lesions) * _THIN_MM2[tumour] / 1000


def _long_mm(span: Span) -> float:
    inside = int(np.clip(span.middle, 0, len(LEVEL_HEIGHTS) - 1))
    return span.vertebrae * LEVEL_HEIGHTS[inside]
