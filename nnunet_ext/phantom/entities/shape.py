"""From a case's figures to a cord that holds lesions of that length and volume."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnunet_ext.phantom.cord import cord_section
from nnunet_ext.phantom.cord_coordinates import CordFrame
from nnunet_ext.phantom.entities.case import Case
from nnunet_ext.phantom.entities.figures import Sign
from nnunet_ext.phantom.entities.growths import draw_plaque, draw_tumour, reaching
from nnunet_ext.phantom.lesions import Blob, Pathology, draw_deformations
from nnunet_ext.phantom.spine import Deformation, Spine, build_spine, draw_build

_BELOW: Final = 0.25  # vertebrae of cord below the lowest lesion
_THINNEST, _THICKEST, _HALVINGS = 0.1, 6.0, 11
_WIDEST: Final = 1.3  # factor on a lesion's radii: beyond, only the cord swells on
_SWELLS: Final = 0.6
_STEP_MM, _ACROSS_MM = 1.5, 0.75
_BEYOND: Final = 1.3  # half-diameters: cords are no ellipses


@dataclass(frozen=True, eq=False)
class Shape:
    """A cord with its lesions, and the place along it, in mm, that a field of view is centred on."""

    spine: Spine
    lesions: tuple[Blob, ...]
    focus_mm: float


def shape_case(case: Case, rng: np.random.Generator) -> Shape:
    """Draw a cord and lesions that end where the case's do, and grow them until their volume is the case's.

    Lesions grow across the cord, then the cord swells with them, and widens the canal where it must. A cord ends below
    its lesions: with a tumour of the conus it reaches further down.
    """
    build = draw_build(rng)
    build = replace(build, conus_level=max(build.conus_level, case.lesions[-1].bottom + _BELOW))
    ends = [(build.arc_at(span.top), build.arc_at(span.bottom)) for span in case.lesions]
    focus_mm = (ends[0][0] + ends[-1][1]) / 2
    worn = draw_deformations(Pathology.HEALTHY, build, focus_mm, rng)
    growths = _draw_growths(case, ends, rng)
    swollen = float(rng.uniform(0.15, 0.3)) if case.entity.is_tumour or Sign.SWOLLEN in case.signs else 0.0
    cord = _Cord(build_spine(build), worn, tuple(ends), swollen)
    bulk = cord.bulk_of(case.volume_ml, growths)
    # How thick a lesion is decides where it is seen to end.
    stretched = [cord.stretched(growth, place, bulk) for growth, place in zip(growths, ends, strict=True)]
    bulk = cord.bulk_of(case.volume_ml, stretched)
    return Shape(cord.swollen_by(bulk), cord.grown(stretched, bulk), focus_mm)


def lesion_volume_ml(spine: Spine, lesions: Sequence[Blob]) -> float:
    """Measure lesions within the cord, and above C1 where they reach there, on a grid of its own coordinates."""
    extents = np.array([blob.extent_mm for blob in lesions])
    down = np.arange(extents[:, 0].min(), min(extents[:, 1].max(), spine.conus), _STEP_MM, dtype=np.float32)
    entry = spine.index(down)
    reach = (
        (spine.cord_half_width * _BEYOND + np.abs(spine.cord_right))[entry].max(),
        (spine.cord_half_depth * _BEYOND + np.abs(spine.cord_front))[entry].max(),
    )
    grid = np.broadcast_arrays(*np.ix_(down, *(np.arange(-one, one, _ACROSS_MM, dtype=np.float32) for one in reach)))
    frame = CordFrame(*grid)
    right, front = cord_section(spine, frame)
    inside = (right**2 + front**2 < 1) & (frame.down < spine.conus)
    inner = frame.cut(inside)
    right, front = right[inside], front[inside]
    hurt = np.zeros(right.shape, dtype=bool)
    for blob in lesions:
        near = ~hurt & (inner.down > blob.extent_mm[0]) & (inner.down < blob.extent_mm[1])
        near &= (inner.down >= 0) | blob.above_c1
        hurt[near] = blob.covers(inner.down[near], right[near], front[near])
    return float(hurt.sum()) * _STEP_MM * _ACROSS_MM**2 / 1000


def _draw_growths(case: Case, ends: Sequence[tuple[float, float]], rng: np.random.Generator) -> list[tuple[Blob, ...]]:
    if case.entity.is_tumour:
        return [draw_tumour(place, case.signs, rng) for place in ends]
    longest = max(ends, key=lambda place: place[1] - place[0])
    return [draw_plaque(place, case.signs, active=case.enhances and place is longest, rng=rng) for place in ends]


@dataclass(frozen=True, eq=False)
class _Cord:
    """A healthy cord, and how it gives way to lesions between these places; their bulk is 1 where they fill it."""

    healthy: Spine
    worn: tuple[Deformation, ...]
    ends: tuple[tuple[float, float], ...]
    swollen: float

    def bulk_of(self, volume_ml: float, growths: Sequence[tuple[Blob, ...]]) -> float:
        """Halve the interval in which lesions have this volume."""
        low, high = _THINNEST, _THICKEST
        for _ in range(_HALVINGS):
            bulk = (low + high) / 2
            small = lesion_volume_ml(self.swollen_by(bulk), self.grown(growths, bulk)) < volume_ml
            low, high = (bulk, high) if small else (low, bulk)
        return (low + high) / 2

    def grown(self, growths: Sequence[tuple[Blob, ...]], bulk: float) -> tuple[Blob, ...]:
        """All blobs, in the order that they are painted in."""
        return tuple(_widened(blob, bulk) for growth in growths for blob in growth)

    def swollen_by(self, bulk: float) -> Spine:
        """Lay out the cord around lesions of a bulk."""
        swelling = self.swollen * min(bulk, 1.0) + _SWELLS * max(bulk - 1.0, 0.0)
        changes = [change for place in self.ends for change in _swelling(self.healthy, place, swelling)]
        return build_spine(self.healthy.build, (*self.worn, *changes))

    def stretched(self, growth: tuple[Blob, ...], ends_mm: tuple[float, float], bulk: float) -> tuple[Blob, ...]:
        """Let all of a lesion, which is its first blob, be seen from end to end."""
        spine = self.swollen_by(bulk)
        entry = spine.index(np.array(sum(ends_mm) / 2))
        area = float(np.pi * spine.cord_half_width[entry] * spine.cord_half_depth[entry])
        whole, *parts = growth
        seen = reaching(_widened(whole, bulk), ends_mm, area)
        return replace(whole, centre=seen.centre, radii=(seen.radii[0], *whole.radii[1:])), *parts


def _widened(blob: Blob, bulk: float) -> Blob:
    factor = min(bulk, _WIDEST)
    return replace(blob, radii=(blob.radii[0], blob.radii[1] * factor, blob.radii[2] * factor))


def _swelling(healthy: Spine, ends_mm: tuple[float, float], swelling: float) -> list[Deformation]:
    """Swell the cord evenly from end to end, and the canal where it would be too narrow for it."""
    if swelling <= 0:
        return []
    top, bottom = ends_mm
    sigma = float(np.clip((bottom - top) / 5, 4, 11))
    places = np.linspace(top + sigma, bottom - sigma, max(1, round((bottom - top - 2 * sigma) / (1.2 * sigma)) + 1))
    inside = healthy.index(np.linspace(top, bottom, 20))
    middle = places[len(places) // 2]
    overlap = float(np.exp(-0.5 * ((places - middle) / sigma) ** 2).sum())
    depth, width = healthy.cord_half_depth[inside].max(), healthy.cord_half_width[inside].max()
    sac_depth = ((healthy.sac_front - healthy.sac_back) / 2)[inside].min()
    deeper = max(0.0, float(depth * (1 + swelling) * 1.05 + 0.4 - sac_depth)) / overlap
    wider = max(0.0, float(width * (1 + swelling) * 1.12 / healthy.sac_half_width[inside].min() - 1)) / overlap
    more = swelling / overlap
    return [Deformation(float(s), sigma, more, more, -deeper, -deeper, wider) for s in places]
