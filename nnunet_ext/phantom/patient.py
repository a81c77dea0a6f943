"""One synthetic patient: a pure function of seed, site and number."""

import zlib
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from nnunet_ext.phantom.acquisition import Acquisition, cord_mask, lesion_mask, make_image
from nnunet_ext.phantom.anatomy import tissue_map
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.lesions import Blob, Pathology, draw_deformations, draw_lesions, grown
from nnunet_ext.phantom.site import Range, Site
from nnunet_ext.phantom.slices import Plane, SliceGrid, place_grid
from nnunet_ext.phantom.spine import Spine, build_spine, draw_build
from nnunet_ext.phantom.tissues import Tissue

# Streams of chance: each stage and session has its own, so that one more image or visit changes no other.
_ANATOMY, _EVOLUTION, _PLACEMENT, _IMAGE, _SCORES = range(5)

_INSIDE_MM: Final = 12.0
_JITTER_MM: Final = (3.0, 6.0, 8.0)  # how far off the focus the middle of a field of view lies,
_JITTER_SHARE: Final = 0.08  # and at most, as a share of it: a tiny one must not lose the cord


@dataclass(frozen=True, eq=False)
class Patient:
    """Who is scanned.

    Parameters
    ----------
    site, number, seed
        What all the rest follows from.
    age, sex
        Years; `F` or `M`.
    pathology
        Disease.
    focus_mm
        Place along the cord, in mm below the upper edge of C1, that disease and field of view are centred on.
    spine, lesions
        Anatomy, and lesions at the first visit.
    looks_like
        Tissues that look like another one in a contrast: as a core that takes up no gadolinium.
    """

    site: Site
    number: int
    seed: int
    age: int
    sex: Literal["F", "M"]
    pathology: Pathology
    focus_mm: float
    spine: Spine
    lesions: tuple[Blob, ...]
    looks_like: tuple[tuple[Contrast, Tissue, Tissue], ...] = ()

    @property
    def participant_id(self) -> str:
        """BIDS name, such as `sub-sci001`."""
        return f"sub-{self.site.code}{self.number:03d}"

    def scores_rng(self) -> np.random.Generator:
        """Chance of the clinical scores."""
        return _rng(self.seed, self.site, self.number, _SCORES)


@dataclass(frozen=True, eq=False)
class Visit:
    """What one visit leaves: images on one grid, and their masks."""

    images: dict[Contrast, Volume]
    cord: Volume
    lesion: Volume


def draw_patient(site: Site, number: int, seed: int) -> Patient:
    """Draw patient `number` of a site; no other patient has a say in it."""
    rng = _rng(seed, site, number, _ANATOMY)
    kinds, shares = zip(*site.pathologies, strict=True)
    pathology = kinds[int(rng.choice(len(kinds), p=np.array(shares) / sum(shares)))]
    build = draw_build(rng)
    focus_mm = build.arc_at(_between(site.levels, rng))
    if pathology is not Pathology.HEALTHY:  # a disease of the cord lies in the cord
        focus_mm = float(np.clip(focus_mm, _INSIDE_MM, build.arc_at(build.conus_level) - 2 * _INSIDE_MM))
    deformations = draw_deformations(pathology, build, focus_mm, rng)
    return Patient(
        site=site,
        number=number,
        seed=seed,
        age=int(rng.integers(20, 81)),
        sex="F" if rng.random() < 0.5 else "M",
        pathology=pathology,
        focus_mm=focus_mm,
        spine=build_spine(build, deformations),
        lesions=draw_lesions(pathology, focus_mm, rng),
    )


def scan(patient: Patient, session: int = 1) -> Visit:
    """Scan a patient.

    Parameters
    ----------
    patient
        From `draw_patient`.
    session
        From 1. Later visits see the same anatomy, lesions that have changed a little, another position and other
        noise.

    Returns
    -------
    Visit
        int16 images and uint8 masks in the site's orientation, all with one affine. Masks of patients without lesions
        are empty.
    """
    site, spine = patient.site, patient.spine
    grid = _place(patient, _rng(patient.seed, site, patient.number, _PLACEMENT, session))
    tissue = tissue_map(spine, _lesions_at(patient, session), grid.fine_shape, grid.fine_to_patient)
    images = {}
    for number, contrast in enumerate(site.contrasts):
        rng = _rng(patient.seed, site, patient.number, _IMAGE, session, number)
        image = make_image(_seen(tissue, patient, contrast), grid, _acquisition(site, contrast, rng), rng)
        images[contrast] = reorient(Volume(image, grid.to_world), site.axes)
    cord, lesion = (reorient(Volume(mask(tissue, grid), grid.to_world), site.axes) for mask in (cord_mask, lesion_mask))
    return Visit(images, cord, lesion)


def _seen(tissue: TissueMap, patient: Patient, contrast: Contrast) -> TissueMap:
    """Put what each tissue looks like in its place."""
    if not any(changed is contrast for changed, _, _ in patient.looks_like):
        return tissue
    table = np.arange(256, dtype=np.uint8)
    for changed, painted, seen in patient.looks_like:
        if changed is contrast:
            table[painted] = seen
    result: TissueMap = table[tissue]
    return result


def _lesions_at(patient: Patient, session: int) -> tuple[Blob, ...]:
    lesions = patient.lesions
    for visit in range(2, session + 1):
        lesions = grown(lesions, _rng(patient.seed, patient.site, patient.number, _EVOLUTION, visit))
    return lesions


def _place(patient: Patient, rng: np.random.Generator) -> SliceGrid:
    site, spine = patient.site, patient.spine
    shape = tuple(int(rng.integers(low, high + 1)) for low, high in site.matrix)
    in_plane, thick = _between(site.in_plane_mm, rng), _between(site.slice_mm, rng)
    spacing = {
        Plane.SAGITTAL: (thick, in_plane, in_plane),
        Plane.AXIAL: (in_plane, in_plane, thick),
        Plane.ISOTROPIC: (in_plane, in_plane, in_plane),
    }[site.plane]
    entry = int(spine.index(np.array(patient.focus_mm)))
    focus = np.array([spine.x[entry], spine.y[entry], spine.z[entry]], dtype=np.float64)
    lying = rng.normal(0, site.tilt_deg, 3) * (1.5, 1.0, 1.0)
    tilted = rng.normal(0, site.tilt_deg, 3)
    if site.plane is Plane.AXIAL:
        tilted[0] += np.rad2deg(spine.tilt[entry])  # axial slices are laid across the cord
    slab = tilted * (rng.random() < site.oblique)
    return place_grid(
        shape=shape,
        spacing=spacing,
        plane=site.plane,
        centre=focus + rng.normal(0, np.minimum(_JITTER_MM, _JITTER_SHARE * np.multiply(shape, spacing))),
        patient_deg=lying,
        slab_deg=slab,
    )


def _acquisition(site: Site, contrast: Contrast, rng: np.random.Generator) -> Acquisition:
    return Acquisition(
        contrast=contrast,
        noise=_between(site.noise, rng),
        bias=_between(site.bias, rng),
        coil_mm=_between(site.coil_mm, rng),
        blur_voxels=_between(site.blur_voxels, rng),
        ghost=_between(site.ghost, rng),
        scale=_between(site.scale, rng),
        lesion_strength=_between(site.lesion_strength, rng),
        metal=bool(rng.random() < site.metal),
        saturated=bool(rng.random() < site.saturated),
    )


def _between(bounds: Range, rng: np.random.Generator) -> float:
    return float(rng.uniform(*bounds))


def _rng(seed: int, site: Site, number: int, *stage: int) -> np.random.Generator:
    entropy = [seed, zlib.crc32(site.code.encode()), number]
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=stage))
