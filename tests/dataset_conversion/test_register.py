from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Volume
from nnunet_ext.dataset_conversion.register import register_affine
from nnunet_ext.dataset_conversion.resample import resample_identity
from nnunet_ext.phantom.acquisition import Acquisition, cord_mask, make_image
from nnunet_ext.phantom.anatomy import tissue_map
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.patient import draw_patient
from nnunet_ext.phantom.site import find_sites
from nnunet_ext.phantom.slices import Plane, place_grid

SPACING = {Plane.SAGITTAL: (3.0, 0.7, 0.7), Plane.AXIAL: (0.5, 0.5, 5.0), Plane.ISOTROPIC: (1.0, 1.0, 1.0)}
SHAPE = {Plane.SAGITTAL: (14, 128, 160), Plane.AXIAL: (160, 160, 12), Plane.ISOTROPIC: (50, 80, 80)}
STILL = np.eye(4)


Triple = tuple[float, float, float]


def motion(shift: Triple, degrees: Triple, scale: Triple = (1, 1, 1)) -> Affine:
    """From the first scan to the second, about the middle of the field of view, in the world's mm."""
    result = np.eye(4)
    result[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() * scale
    result[:3, 3] = shift
    return result


NOD = motion((1.0, -2.5, 3.0), (2.5, 1.0, -1.5))
DISTORTED = motion((-1.5, 2.0, -1.0), (-1.5, 0.5, 1.0), (1.015, 0.99, 1.01))


def scan(plane: Plane, contrast: Contrast, moved: Affine, slab: Triple, seed: int) -> tuple[Volume, Volume]:
    """Scan a tumour patient who has `moved`; give image and cord mask."""
    patient = draw_patient(find_sites(["tumor"])[0], 3, seed=5)
    spine = patient.spine
    entry = int(spine.index(np.array(patient.focus_mm)))
    centre = np.array([spine.x[entry], spine.y[entry], spine.z[entry]], dtype=np.float64)
    grid = place_grid(SHAPE[plane], SPACING[plane], plane, centre, (2, 1, 1), slab)
    patient_from_world = grid.to_patient @ np.linalg.inv(grid.to_world)
    grid = replace(grid, to_patient=patient_from_world @ np.linalg.inv(moved) @ grid.to_world)
    tissue = tissue_map(spine, patient.lesions, grid.fine_shape, grid.fine_to_patient)
    image = make_image(tissue, grid, Acquisition(contrast, noise=0.03), np.random.default_rng(seed))
    return Volume(image, grid.to_world), Volume(cord_mask(tissue, grid), grid.to_world)


@cache
def fixed_and_cord(plane: Plane) -> tuple[Volume, Volume]:
    return scan(plane, Contrast.T2W, STILL, (0, 0, 0), seed=1)


def moving_image(plane: Plane, moved: Affine, slab: Triple = (0, 0, 0)) -> Volume:
    return scan(plane, Contrast.T1W_GADOLINIUM, moved, slab, seed=2)[0]


@cache
def sagittal_pair() -> tuple[Volume, Volume]:
    """A T2w image, and a gadolinium T1w one after a nod."""
    return fixed_and_cord(Plane.SAGITTAL)[0], moving_image(Plane.SAGITTAL, NOD)


def error_mm(found: Affine, true: Affine, cord: Volume, seen: Volume | None = None) -> float:
    """Mean distance over the cord, or what is `seen` of it, between where it is sought and where it is."""
    voxels = np.argwhere((cord.data > 0) & (True if seen is None else seen.data > 0))
    assert len(voxels) > 100
    world = np.c_[voxels, np.ones(len(voxels))] @ cord.affine.T
    return float(np.linalg.norm((world @ (found - true).T)[:, :3], axis=1).mean())


def stretches(affine: Affine) -> list[float]:
    found: list[float] = np.linalg.svd(affine[:3, :3], compute_uv=False).tolist()
    return found


@pytest.mark.parametrize(
    ("plane", "other", "moved", "slab"),
    [
        (Plane.SAGITTAL, Plane.SAGITTAL, DISTORTED, (3, 0, 2)),
        (Plane.AXIAL, Plane.AXIAL, NOD, (6, 0, 3)),
        (Plane.SAGITTAL, Plane.AXIAL, NOD, (10, 0, 0)),
        (Plane.AXIAL, Plane.SAGITTAL, DISTORTED, (0, 0, 5)),
        (Plane.ISOTROPIC, Plane.SAGITTAL, NOD, (0, 0, 0)),
    ],
)
def test_a_patient_who_moved_is_found_to_within_half_a_pixel_over_the_cord(
    plane: Plane, other: Plane, moved: Affine, slab: Triple
) -> None:
    fixed, cord = fixed_and_cord(plane)
    found = register_affine(moving_image(other, moved, slab), fixed)
    assert found.note == ""
    assert error_mm(STILL, moved, cord) > 2
    pixel = max(sorted(SPACING[plane])[1], sorted(SPACING[other])[1])
    assert error_mm(found.affine_mm, moved, cord, seen=found.volume) < 0.5 * pixel
    assert found.mutual_information_after > found.mutual_information_before + 0.05
    assert found.volume.data.shape == fixed.data.shape
    assert found.volume.data.dtype == np.float32
    np.testing.assert_array_equal(found.volume.affine, fixed.affine)


def test_the_moved_image_matches_one_scanned_without_motion() -> None:
    fixed, moving = sagittal_pair()
    still = moving_image(Plane.SAGITTAL, STILL).data.astype(float)
    found = register_affine(moving, fixed)
    inner = (slice(2, -2), slice(20, -20), slice(20, -20))

    def likeness(image: Volume) -> float:
        return float(np.corrcoef(still[inner].ravel(), image.data[inner].ravel())[0, 1])

    assert likeness(found.volume) > 0.85
    assert likeness(moving) < 0.5
    outside = found.volume.data == 0
    assert 1 - found.covered == pytest.approx(outside.mean(), abs=0.02)


def test_how_files_store_their_axes_changes_nothing() -> None:
    fixed, moving = sagittal_pair()
    straight = register_affine(moving, fixed)
    found = register_affine(reorient(moving, "PIR"), reorient(fixed, "LAS"))
    np.testing.assert_allclose(found.affine_mm, straight.affine_mm, atol=1e-3)
    turned = reorient(found.volume, fixed.axes).data
    np.testing.assert_allclose(turned, straight.volume.data, atol=0.02 * straight.volume.data.max())


def test_the_same_pair_gives_the_same_bytes_and_the_process_keeps_its_threads() -> None:
    fixed, moving = sagittal_pair()
    threads = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    first, second = (register_affine(moving, fixed) for _ in range(2))
    assert first.volume.data.tobytes() == second.volume.data.tobytes()
    assert first.affine_mm.tobytes() == second.affine_mm.tobytes()
    assert first.mutual_information_after == second.mutual_information_after
    assert SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads() == threads


@pytest.mark.parametrize("plane", [Plane.SAGITTAL, Plane.AXIAL])
def test_a_pair_that_is_aligned_is_hardly_moved(plane: Plane) -> None:
    fixed, cord = fixed_and_cord(plane)
    found = register_affine(moving_image(plane, STILL), fixed)
    assert error_mm(found.affine_mm, STILL, cord) < 0.3
    assert found.moved_mm < 0.5


def test_zeros_beside_an_image_are_not_taken_for_anatomy() -> None:
    fixed, cord = fixed_and_cord(Plane.AXIAL)
    padded = fixed.data.copy()
    padded[:40], padded[-40:] = 0, 0
    found = register_affine(moving_image(Plane.AXIAL, NOD), replace(fixed, data=padded))
    assert error_mm(found.affine_mm, NOD, cord) < 0.35


def test_shading_does_not_hold_an_image_back() -> None:
    fixed, moving = sagittal_pair()
    shaded = moving.data * np.exp(np.linspace(-1, 1, 160))
    found = register_affine(replace(moving, data=shaded), fixed)
    assert error_mm(found.affine_mm, NOD, fixed_and_cord(Plane.SAGITTAL)[1]) < 0.35


def test_a_sheared_grid_is_allowed_for() -> None:
    fixed, moving = sagittal_pair()
    shear = np.eye(4)
    shear[1, 2] = 0.2
    sheared = resample_identity(moving, (14, 128, 160), moving.affine @ shear, nearest=False).volume
    found = register_affine(sheared, fixed)
    assert error_mm(found.affine_mm, NOD, fixed_and_cord(Plane.SAGITTAL)[1]) < 0.35


def test_images_without_common_structure_stay_where_they_are() -> None:
    rng = np.random.default_rng(0)
    affine = np.diag([3.0, 0.7, 0.7, 1.0])
    for smoothness in (0, 2):
        moving, fixed = (
            Volume(gaussian_filter(rng.normal(100, 20, (12, 64, 64)), (0, smoothness, smoothness)), affine)
            for _ in range(2)
        )
        found = register_affine(moving, fixed)
        assert found.note.startswith("not moved")
        np.testing.assert_array_equal(found.affine_mm, STILL)
        assert (found.moved_mm, found.covered) == (0.0, 1.0)
        assert found.mutual_information_after == found.mutual_information_before
        np.testing.assert_allclose(found.volume.data, moving.data, rtol=1e-6)


def test_what_no_patient_does_is_not_believed() -> None:
    """A header with wrong voxel sizes would need the cord to be a sixth larger."""
    fixed, moving = sagittal_pair()
    found = register_affine(
        replace(moving, affine=motion((0, 0, 0), (0, 0, 0), (1, 1.16, 1.16)) @ moving.affine), fixed
    )
    assert "affine fit dropped: it stretches" in found.note
    assert max(stretches(found.affine_mm)) < 1.0001


def test_a_patient_is_not_looked_for_far_away() -> None:
    """All that is seen is where the body ends, and that is 35 mm off."""
    rng = np.random.default_rng(0)
    along = np.arange(120)[:, None, None]
    moving, fixed = (
        Volume(np.where(along < end, 100, 0) + rng.normal(10, 3, (120, 24, 24)), STILL) for end in (78, 43)
    )
    found = register_affine(moving, fixed)
    assert "not moved: rigid fit dropped: it lies 35 mm away" in found.note
    assert found.moved_mm == 0


@pytest.mark.real
def test_real_contrasts_are_found_wherever_the_patient_moves_and_never_carried_out_of_view(real_data: Path) -> None:
    """How the two really lie is not known: found motion is compared with that of the pair as it was scanned."""
    folder = real_data / "bids_unf" / "sub-unf01" / "anat"
    fixed, moving = (read_volume(folder / f"sub-unf01_{suffix}.nii.gz") for suffix in ("T2w", "T1w"))
    cord = read_mask(real_data / "bids_unf/derivatives/labels/sub-unf01/anat/sub-unf01_T2w_seg-manual.nii.gz")
    asis = register_affine(moving, fixed).affine_mm
    assert error_mm(asis, STILL, cord) < 1.5
    for moved in (motion((2, -3, 2), (2, 1, -1)), motion((-4, 5, -3), (-3, 2, 4))):
        found = register_affine(replace(moving, affine=moved @ moving.affine), fixed)
        assert error_mm(found.affine_mm, moved @ asis, cord) < 0.5
    too_far = register_affine(replace(moving, affine=motion((0, -12, 0), (0, 0, 0)) @ moving.affine), fixed)
    assert too_far.covered > 0.75


def test_an_image_that_shows_nothing_is_not_moved() -> None:
    fixed, moving = sagittal_pair()
    found = register_affine(replace(moving, data=np.full_like(moving.data, 5)), fixed)
    assert found.note.startswith("not moved")
    assert np.unique(found.volume.data).tolist() == [5.0]


@pytest.mark.parametrize("shape", [(1, 1, 1), (40, 40, 1), (3, 3, 3)])
def test_a_tiny_image_is_taken_as_it_lies(shape: tuple[int, int, int]) -> None:
    data = np.random.default_rng(0).normal(100, 20, shape)
    found = register_affine(Volume(data, STILL), Volume(data[::-1], STILL))
    assert found.note.startswith("not moved")
    np.testing.assert_allclose(found.volume.data, data, rtol=1e-6)


def test_images_of_different_places_are_refused() -> None:
    fixed, moving = sagittal_pair()
    with pytest.raises(DataRefusedError, match="overlap"):
        register_affine(replace(moving, affine=motion((0, 0, 300), (0, 0, 0)) @ moving.affine), fixed)
