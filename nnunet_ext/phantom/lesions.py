"""Diseases of the cord, drawn as rough ellipsoids in the cord's own coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.spine import Build, Deformation, Floats
from nnunet_ext.phantom.tissues import Tissue

_WAVES: Final = 4


class Pathology(StrEnum):
    """What a patient suffers from."""

    HEALTHY = "healthy"
    SCI = "sci"
    MS = "ms"
    TUMOUR = "tumor"
    COMPRESSION = "compression"


@dataclass(frozen=True)
class Blob:
    """One rough ellipsoid of one tissue.

    Parameters
    ----------
    tissue
        What it is made of.
    centre, radii
        Along the cord in mm below the upper edge of C1, then rightwards and forwards in half-diameters of the cord:
        1 is its surface. What reaches beyond the cord is cut off where it is painted.
    roughness
        Relative height of the surface's waves.
    seed
        Of the waves.
    above_c1
        Whether what lies above C1 is painted as well, into the oblongata.
    """

    tissue: Tissue
    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    roughness: float
    seed: int
    above_c1: bool = False

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Upper and lower end along the cord, roughness included."""
        reach = self.radii[0] * (1 + _WAVES * self.roughness)
        return self.centre[0] - reach, self.centre[0] + reach

    def covers(self, down: Floats, right: Floats, front: Floats) -> npt.NDArray[np.bool_]:
        """Say which points lie inside: arc length in mm, then half-diameters of the cord; arrays of one shape."""
        rng = np.random.default_rng(self.seed)
        offsets = [
            (values - np.float32(middle)) / np.float32(radius)
            for values, middle, radius in zip((down, right, front), self.centre, self.radii, strict=True)
        ]
        radius = offsets[0] ** 2 + offsets[1] ** 2 + offsets[2] ** 2
        np.sqrt(radius, out=radius)
        for _ in range(_WAVES):
            direction, phase = rng.normal(0, 2.2, 3), rng.uniform(0, 2 * np.pi)
            angle = sum(np.float32(part) * offset for part, offset in zip(direction, offsets, strict=True))
            radius += np.float32(self.roughness) * np.sin(angle + np.float32(phase))
        inside: npt.NDArray[np.bool_] = radius < 1
        return inside


def draw_deformations(
    pathology: Pathology, build: Build, focus_mm: float, rng: np.random.Generator
) -> tuple[Deformation, ...]:
    """Draw how the disease, and mere age, change the shape of cord and sac around `focus_mm` along the cord."""
    worn = _worn_discs(build, focus_mm, rng)
    if pathology is Pathology.SCI:
        swelling = float(rng.choice([rng.uniform(0.05, 0.2), rng.uniform(-0.3, -0.08), 0.0], p=[0.3, 0.45, 0.25]))
        return (*worn, Deformation(focus_mm, float(rng.uniform(8, 20)), swelling / 2, swelling))
    if pathology is Pathology.TUMOUR:
        swelling = float(rng.uniform(0.12, 0.5))
        return (*worn, Deformation(focus_mm, float(rng.uniform(15, 30)), swelling, swelling))
    if pathology is Pathology.COMPRESSION:
        return (*worn, *_stenoses(build, focus_mm, rng))
    return worn


def draw_lesions(pathology: Pathology, focus_mm: float, rng: np.random.Generator) -> tuple[Blob, ...]:
    """Draw a patient's lesions around `focus_mm` along the cord; later ones are painted over earlier ones.

    Healthy and merely compressed cords have none: an empty tuple.
    """
    if pathology is Pathology.SCI:
        return _injury(focus_mm, rng)
    if pathology is Pathology.MS:
        return _plaques(focus_mm, rng)
    if pathology is Pathology.TUMOUR:
        return _tumour(focus_mm, rng)
    return ()


def grown(lesions: Sequence[Blob], rng: np.random.Generator) -> tuple[Blob, ...]:
    """Let each lesion grow or shrink a little, as between two visits."""
    factors = np.exp(rng.normal(0.0, 0.12, len(lesions)))
    return tuple(
        replace(blob, radii=(blob.radii[0] * factor, blob.radii[1] * factor**0.5, blob.radii[2] * factor**0.5))
        for blob, factor in zip(lesions, factors.tolist(), strict=True)
    )


def _injury(focus_mm: float, rng: np.random.Generator) -> tuple[Blob, ...]:
    small = rng.random() < 0.12
    half_length = rng.uniform(3, 5) if small else rng.uniform(7, 26)
    # Tissue bridges: what the injury spares behind and in front, as a share of the cord's depth.
    behind, before = (0.0 if rng.random() < 0.3 else float(rng.uniform(0.05, 0.33)) for _ in range(2))
    back, front = -1 + 2 * behind, 1 - 2 * before
    sideways = rng.uniform(0.42, 0.55) if small else rng.uniform(0.5, 0.92)
    centre = (focus_mm, float(rng.normal(0, 0.15)), (back + front) / 2)
    radii = (float(half_length), float(sideways), max((front - back) / 2, 0.3))
    injury = Blob(Tissue.SCI_LESION, centre, radii, float(rng.uniform(0.03, 0.09)), _seed(rng))
    if small or rng.random() > 0.35:
        return (injury,)
    shrink = float(rng.uniform(0.3, 0.55))
    core = Blob(Tissue.HAEMORRHAGE, centre, (radii[0] * shrink, radii[1] * shrink, radii[2] * shrink), 0.12, _seed(rng))
    return injury, core


def _plaques(focus_mm: float, rng: np.random.Generator) -> tuple[Blob, ...]:
    count = int(rng.integers(2, 9))
    # Plaques keep to the rim, at the sides and behind: an angle from straight back, either side.
    angles = np.clip(rng.normal(0, 65, count), -125, 125)
    plaques = []
    for number, angle in enumerate(np.deg2rad(angles).tolist()):
        along_mm = rng.uniform(-45, 45) if number else rng.normal(0, 3)  # one lies where the field of view is centred
        rim = float(rng.uniform(0.4, 0.75))
        centre = (focus_mm + float(along_mm), rim * float(np.sin(angle)), -rim * float(np.cos(angle)))
        radii = (float(rng.uniform(4, 13)), float(rng.uniform(0.28, 0.5)), float(rng.uniform(0.32, 0.55)))
        plaques.append(Blob(Tissue.PLAQUE, centre, radii, float(rng.uniform(0.02, 0.08)), _seed(rng)))
    return tuple(plaques)


def _tumour(focus_mm: float, rng: np.random.Generator) -> tuple[Blob, ...]:
    half_length, across = float(rng.uniform(7, 20)), float(rng.uniform(0.5, 0.85))
    middle = (float(rng.normal(0, 0.12)), float(rng.normal(0, 0.12)))
    length = half_length * float(rng.uniform(1.4, 2.2))
    oedema = Blob(Tissue.OEDEMA, (focus_mm, *middle), (length, min(across + 0.15, 0.9), 0.8), 0.06, _seed(rng))
    core = Blob(Tissue.TUMOUR_CORE, (focus_mm, *middle), (half_length, across, across), 0.08, _seed(rng))
    cavities = []
    for end in (-1, 1):
        if rng.random() < 0.6:
            radius = float(rng.uniform(3, 9))
            place = focus_mm + end * (half_length + 0.7 * radius)
            wide = float(rng.uniform(0.3, 0.55))
            cavities.append(Blob(Tissue.CAVITY, (place, *middle), (radius, wide, wide), 0.05, _seed(rng)))
    return oedema, core, *cavities


def _worn_discs(build: Build, focus_mm: float, rng: np.random.Generator) -> tuple[Deformation, ...]:
    """Bulging discs that narrow the sac in about a third of all patients, mostly without touching the cord."""
    if rng.random() > 0.35:
        return ()
    level = round(float(build.levels_at(np.array(focus_mm))))
    places = [build.arc_at(level + step) - 2 for step in (-1, 0, 1) if rng.random() < 0.5 and level + step >= 2]
    return tuple(
        Deformation(s, float(rng.uniform(2, 4)), 0, 0, float(rng.uniform(0.5, 2.2)), float(rng.uniform(0, 1.2)))
        for s in places
    )


def _stenoses(build: Build, focus_mm: float, rng: np.random.Generator) -> tuple[Deformation, ...]:
    level = max(round(float(build.levels_at(np.array(focus_mm)))), 3)
    steps = [0] + [step for step in (-1, 1) if rng.random() < 0.5]
    return tuple(
        Deformation(
            arc_mm=build.arc_at(level + step) - 2,
            sigma_mm=float(rng.uniform(2.5, 5)),
            from_front_mm=float(rng.uniform(2.0, 5.0)) * (1.0 if step == 0 else 0.7),
            from_back_mm=float(rng.uniform(0.5, 3.5)) * (1.0 if step == 0 else 0.7),
        )
        for step in steps
    )


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
