"""Tissue maps to paint images of: anybody, anywhere along the spine, lying as people lie."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.phantom.anatomy import tissue_map
from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.cordless import draw_cordless_map
from nnunet_ext.phantom.lesions import Pathology, draw_deformations, draw_lesions
from nnunet_ext.phantom.slices import Plane, place_grid
from nnunet_ext.phantom.spine import build_spine, draw_build

_WINDOWS: Final = (
    ((1.0, 6.0), 0.42),
    ((6.0, 9.0), 0.15),
    ((9.0, 15.0), 0.13),
    ((15.0, 23.0), 0.22),
    ((-4.0, 1.0), 0.08),
)
"""Levels (see `levels`) that a map is centred on, with their shares."""
_LYING_DEG: Final = (10.0, 6.0, 6.0)  # standard deviations: nodding, tilting, turning
_OFF_MM: Final = (6.0, 10.0, 8.0)
_WITHIN_MM: Final = 12.0


@dataclass(frozen=True)
class MapKind:
    """What maps of one dataset have in common.

    Parameters
    ----------
    shape
        Voxels upwards, forwards, leftwards.
    spacing
        Their size in mm along the same axes.
    pathologies
        Each with its share of the maps.
    cordless
        Share of the maps that show no cord at all.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    pathologies: tuple[tuple[Pathology, float], ...]
    cordless: float = 0.0


def draw_tissue_map(kind: MapKind, rng: np.random.Generator) -> TissueMap:
    """Draw a patient and take the tissues of one window of the body.

    Parameters
    ----------
    kind
        Size, voxels and diseases.
    rng
        Chance.

    Returns
    -------
    ndarray
        uint8 of `kind.shape`, values of `Tissue`; upwards, forwards, leftwards.
    """
    if kind.cordless and rng.random() < kind.cordless:
        return draw_cordless_map(kind.shape, kind.spacing, rng)
    (low, high), _ = _WINDOWS[int(rng.choice(len(_WINDOWS), p=[share for _, share in _WINDOWS]))]
    build = draw_build(rng)
    focus_mm = build.arc_at(float(rng.uniform(low, high)))
    kinds, weights = zip(*kind.pathologies, strict=True)
    pathology = kinds[int(rng.choice(len(kinds), p=np.array(weights) / sum(weights)))]
    ill_mm = float(np.clip(focus_mm + rng.normal(0, 15), _WITHIN_MM, build.arc_at(build.conus_level) - 2 * _WITHIN_MM))
    spine = build_spine(build, draw_deformations(pathology, build, ill_mm, rng))
    entry = int(spine.index(np.array(focus_mm)))
    centre = np.array([spine.x[entry], spine.y[entry], spine.z[entry]], dtype=np.float64)
    up, front, left = kind.shape
    grid = place_grid(
        shape=(left, front, up),
        spacing=(kind.spacing[2], kind.spacing[1], kind.spacing[0]),
        plane=Plane.ISOTROPIC,
        centre=centre + rng.normal(0, _OFF_MM),
        patient_deg=rng.normal(0, _LYING_DEG),
        slab_deg=(0.0, 0.0, 0.0),
    )
    lesions = draw_lesions(pathology, ill_mm, rng)
    right_first = tissue_map(spine, lesions, grid.fine_shape, grid.fine_to_patient)
    return np.ascontiguousarray(right_first.transpose(2, 1, 0)[:, :, ::-1])
