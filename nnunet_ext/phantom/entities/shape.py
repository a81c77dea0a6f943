"""From a case's figures to a cord that holds lesions of that length and volume."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnunet_ext.phantom.cord import cord_section
from nnunet_ext.phantom.cord_coordinates import CordFrame
from nnunet_ext.phantom.entities.case import Case
from nnunet_ext.phantom.entities.figures import Sign
from nnunet_ext.phantom.entities.growths import draw_plaque, draw_tumour
from nnunet_ext.phantom.lesions import Blob, Pathology, draw_deformations
from nnunet_ext.phantom.spine import Deformation, Spine, build_spine, draw_build

_BELOW: Final = 0.25  # vertebrae of cord below the lowest lesion
_THINNEST, _THICKEST, _HALVINGS = 0.1, 6.0, 12
_WIDEST: Final = 1.3  # factor on a lesion's radii: beyond, only the cord swells on
_SWELLS: Final = 0.6
_STEP_MM, _ACROSS_MM, _REACH_MM = 1.5, 0.75, 20.0


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
    blobs = _draw_blobs(case, ends, rng)
    swollen = float(rng.uniform(0.15, 0.3)) if case.entity.is_tumour or Sign.SWOLLEN in case.signs else 0.0
    healthy = build_spine(build)
    low, high = _THINNEST, _THICKEST
    for _ in range(_HALVINGS):
        bulk = (low + high) / 2
        spine, lesions = _grown(healthy, worn, blobs, ends, bulk, swollen)
        low, high = (bulk, high) if lesion_volume_ml(spine, lesions) < case.volume_ml else (low, bulk)
    return Shape(spine, lesions, focus_mm)


def lesion_volume_ml(spine: Spine, lesions: Sequence[Blob]) -> float:
    """Measure lesions within the cord, and above C1 where they reach there, on a grid of its own coordinates."""
    extents = np.array([blob.extent_mm for blob in lesions])
    across = np.arange(-_REACH_MM, _REACH_MM, _ACROSS_MM, dtype=np.float32)
    down = np.arange(extents[:, 0].min(), min(extents[:, 1].max(), spine.conus), _STEP_MM, dtype=np.float32)
    grid = np.broadcast_arrays(*np.ix_(down, across, across))
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


def _draw_blobs(case: Case, ends: Sequence[tuple[float, float]], rng: np.random.Generator) -> tuple[Blob, ...]:
    blobs: list[Blob] = []
    for number, place in enumerate(ends):
        if case.entity.is_tumour:
            blobs += draw_tumour(place, case.signs, rng)
        else:
            blobs += draw_plaque(place, case.signs, active=case.enhances and number == 0, rng=rng)
    return tuple(blobs)


def _grown(
    healthy: Spine,
    worn: tuple[Deformation, ...],
    blobs: Sequence[Blob],
    ends: Sequence[tuple[float, float]],
    bulk: float,
    swollen: float,
) -> tuple[Spine, tuple[Blob, ...]]:
    factor = min(bulk, _WIDEST)
    lesions = tuple(
        replace(blob, radii=(blob.radii[0], blob.radii[1] * factor, blob.radii[2] * factor)) for blob in blobs
    )
    swelling = swollen * min(bulk, 1.0) + _SWELLS * max(bulk - 1.0, 0.0)
    changes = [change for place in ends for change in _swelling(healthy, place, swelling)]
    return build_spine(healthy.build, (*worn, *changes)), lesions


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
