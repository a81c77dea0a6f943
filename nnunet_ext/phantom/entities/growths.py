"""The blobs that make one lesion: a tumour with its parts, or a plaque."""

from dataclasses import replace
from typing import Final

import numpy as np

from nnunet_ext.phantom.entities.figures import Sign
from nnunet_ext.phantom.lesions import Blob
from nnunet_ext.phantom.tissues import Tissue

_STEPS, _ACROSS = 121, 33  # of a blob's sampled shape
_FURTHEST: Final = 1.5
_SEEN_MM2: Final = 5.0  # a section that is smaller is less than a voxel, and nobody draws the lesion any longer;
_SEEN: Final = (0.12, 0.5)  # as a share of the lesion's largest one, within these bounds

_NECROTIC: Final = 0.3
_MIDDLE_CORD_MM2: Final = 70.0

ACTIVE: Final = Tissue.SCI_LESION
"""What stands for plaque that takes up gadolinium: the number of tissues is fixed."""


def draw_tumour(ends_mm: tuple[float, float], signs: frozenset[Sign], rng: np.random.Generator) -> tuple[Blob, ...]:
    """Draw a tumour between two places along the cord: first all of it, as oedema, then what lies in it."""
    top, bottom = ends_mm
    across = float(rng.uniform(1.0, 1.15))
    middle = _beside(0.05 if Sign.CENTRAL in signs else float(rng.uniform(0.3, 0.45)), float(rng.uniform(-180, 180)))
    sharp = Sign.SHARP in signs
    whole = Blob(Tissue.OEDEMA, (0.0, *middle), (1.0, across, across), 0.02 if sharp else 0.08, _seed(rng))
    whole = reaching(whole, ends_mm, _MIDDLE_CORD_MM2)
    share = float(rng.uniform(0.4, 0.55) if Sign.LONG_OEDEMA in signs else rng.uniform(0.65, 0.85))
    half = share * (bottom - top) / 2
    place = (top + bottom) / 2 + float(rng.uniform(-0.5, 0.5)) * ((bottom - top) / 2 - half)
    wide = across * float(rng.uniform(0.85, 0.95) if sharp else rng.uniform(0.65, 0.8))
    core = Blob(Tissue.TUMOUR_CORE, (place, *middle), (half, wide, wide), 0.015 if sharp else 0.09, _seed(rng))
    parts = [whole]
    for end, edge in ((-1, top), (1, bottom)):
        gap = abs(edge - (place + end * half))
        if Sign.POLAR_CYSTS in signs and gap > 4:
            radius, cyst = 0.42 * gap, float(rng.uniform(0.5, 0.75))
            along = place + end * (half + 0.8 * radius)
            parts.append(Blob(Tissue.CAVITY, (along, *middle), (radius, cyst, cyst), 0.03, _seed(rng)))
        if Sign.CAP in signs:  # the core is painted over it: a crescent is left at the pole
            rim = float(rng.uniform(2.0, 3.5))
            parts.append(replace(core, tissue=Tissue.HAEMORRHAGE, centre=(place + end * rim, *middle), seed=_seed(rng)))
    return (*parts, core) if sharp else (*parts, core, *_patches(core, rng))


def draw_plaque(
    ends_mm: tuple[float, float], signs: frozenset[Sign], *, active: bool, rng: np.random.Generator
) -> tuple[Blob, ...]:
    """Draw a plaque between two places along the cord; if `active`, a part of it takes up gadolinium."""
    if Sign.CENTRAL in signs:
        middle, across = _beside(float(rng.uniform(0, 0.12)), float(rng.uniform(-180, 180))), float(rng.uniform(0.9, 1))
    else:  # at the side or behind
        angle = float(rng.choice([-1, 1]) * np.clip(rng.normal(65, 35), 0, 150))
        middle, across = _beside(float(rng.uniform(0.55, 0.8)), angle), float(rng.uniform(0.75, 0.9))
    whole = Blob(Tissue.PLAQUE, (0.0, *middle), (1.0, across, across), float(rng.uniform(0.03, 0.07)), _seed(rng))
    whole = reaching(replace(whole, above_c1=ends_mm[0] < 0), ends_mm, _MIDDLE_CORD_MM2)
    parts = [whole]
    half = (ends_mm[1] - ends_mm[0]) / 2
    if active:
        within = (float(rng.uniform(0.35, 0.6)) * half, 0.6 * across, 0.6 * across)
        parts.append(replace(whole, tissue=ACTIVE, radii=within, seed=_seed(rng)))
    if Sign.BRIGHT_SPOTS in signs:
        for _ in range(int(rng.integers(1, 4))):
            along = whole.centre[0] + float(rng.uniform(-0.5, 0.5)) * half
            size = (min(float(rng.uniform(3, 6)), 0.5 * half), 0.42 * across, 0.42 * across)
            parts.append(Blob(Tissue.CAVITY, (along, *middle), size, 0.05, _seed(rng)))
    return tuple(parts)


def _patches(core: Blob, rng: np.random.Generator) -> list[Blob]:
    """Draw what takes up no gadolinium within a core."""
    (along, *middle), (half, wide, _) = core.centre, core.radii
    patches = []
    for _ in range(int(rng.integers(2, 6))):
        place = along + float(rng.uniform(-0.75, 0.75)) * half
        right, front = (float(part + rng.uniform(-0.6, 0.6) * wide) for part in middle)
        radii = (float(rng.uniform(0.08, 0.2)) * half, *(rng.uniform(0.2, 0.4, 2) * wide).tolist())
        tissue = Tissue.CAVITY if rng.random() < _NECROTIC else Tissue.OEDEMA
        patches.append(Blob(tissue, (place, right, front), radii, 0.08, _seed(rng)))
    return patches


def reaching(blob: Blob, ends_mm: tuple[float, float], cord_mm2: float) -> Blob:
    """Stretch a rough blob along the cord until what is seen of it ends at these places.

    Its own waves, and the surface of the cord that cuts it, decide where a blob of radius one ends; `cord_mm2` is the
    area of the cord's section.
    """
    along = np.linspace(-_FURTHEST, _FURTHEST, _STEPS, dtype=np.float32)
    across = np.linspace(-1, 1, _ACROSS, dtype=np.float32)
    down, right, front = np.broadcast_arrays(*np.ix_(along, across, across))
    unit = replace(blob, centre=(0.0, *blob.centre[1:]), radii=(1.0, *blob.radii[1:]))
    in_cord = right**2 + front**2 < 1
    sections = (unit.covers(down, right, front) & in_cord).sum(axis=(1, 2)) * (cord_mm2 / in_cord[0].sum())
    largest = float(sections.max())
    seen = along[sections >= np.clip(_SEEN_MM2, _SEEN[0] * largest, _SEEN[1] * largest)]
    radius = (ends_mm[1] - ends_mm[0]) / max(float(seen[-1] - seen[0]), 0.5)
    centre = (ends_mm[0] + ends_mm[1]) / 2 - radius * float(seen[0] + seen[-1]) / 2
    return replace(blob, centre=(centre, *blob.centre[1:]), radii=(radius, *blob.radii[1:]))


def _beside(off: float, degrees_from_back: float) -> tuple[float, float]:
    angle = np.deg2rad(degrees_from_back)
    return off * float(np.sin(angle)), -off * float(np.cos(angle))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
