from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from nnunet_ext.phantom.acquisition import Acquisition, cord_mask, lesion_mask, make_image
from nnunet_ext.phantom.anatomy import tissue_map
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.lesions import Blob
from nnunet_ext.phantom.slices import Plane, SliceGrid, place_grid
from nnunet_ext.phantom.spine import build_spine, draw_build
from nnunet_ext.phantom.tissues import LESION_TISSUES, Tissue

QUIET = Acquisition(Contrast.T2W, noise=0.0, bias=0.0, coil_mm=np.inf, blur_voxels=0.0)
PLAQUE = Blob(Tissue.PLAQUE, (75.0, 0.3, -0.3), (10.0, 0.6, 0.6), 0.05, 1)


def phantom(plane: Plane = Plane.ISOTROPIC, *lesions: Blob) -> tuple[npt.NDArray[np.uint8], SliceGrid]:
    spine = build_spine(draw_build(np.random.default_rng(4)))
    entry = spine.index(np.array([75.0]))[0]
    centre = np.array([spine.x[entry], spine.y[entry], spine.z[entry]], dtype=float)
    spacing = {
        Plane.ISOTROPIC: (1.2, 1.2, 1.2),
        Plane.SAGITTAL: (3.6, 1.0, 1.0),
        Plane.AXIAL: (0.7, 0.7, 4.0),
    }[plane]
    shape = (9, 50, 50) if plane is Plane.SAGITTAL else (36, 44, 14)
    grid = place_grid(shape, spacing, plane, centre, (2, 1, 1), (0, 0, 0))
    return tissue_map(spine, lesions, grid.fine_shape, grid.fine_to_patient), grid


def image_of(
    tissue: npt.NDArray[np.uint8], grid: SliceGrid, acquisition: Acquisition, seed: int = 0
) -> npt.NDArray[np.float64]:
    return make_image(tissue, grid, acquisition, np.random.default_rng(seed)).astype(float)


@pytest.mark.parametrize("plane", list(Plane))
def test_fluid_is_brighter_than_the_cord_in_t2w_and_darker_in_t1w(plane: Plane) -> None:
    tissue, grid = phantom(plane)
    middle = [slice(None)] * 3
    middle[grid.slice_axis] = slice(grid.fine // 2, None, grid.fine)
    fluid, cord = tissue[tuple(middle)] == Tissue.CSF, cord_mask(tissue, grid) > 0
    assert fluid.sum() > 20
    for seed in range(3):
        t2w, t1w = (image_of(tissue, grid, Acquisition(contrast), seed) for contrast in (Contrast.T2W, Contrast.T1W))
        assert t2w[fluid].mean() > t2w[cord].mean()
        assert t1w[fluid].mean() < t1w[cord].mean()


def test_one_anatomy_gives_several_contrasts_on_one_grid() -> None:
    tissue, grid = phantom()
    images = [image_of(tissue, grid, replace(QUIET, contrast=contrast)) for contrast in Contrast]
    assert {image.shape for image in images} == {grid.shape}
    assert len({image.tobytes() for image in images}) == len(images)


def test_a_lesion_lies_within_the_cord_and_shines_in_t2w() -> None:
    tissue, grid = phantom(Plane.ISOTROPIC, PLAQUE)
    lesion, cord = lesion_mask(tissue, grid) > 0, cord_mask(tissue, grid) > 0
    image = image_of(tissue, grid, QUIET)
    assert lesion.any()
    assert not (lesion & ~cord).any()
    assert image[lesion].mean() > image[cord & ~lesion].mean() * 1.1


def test_without_lesions_the_lesion_mask_is_empty() -> None:
    tissue, grid = phantom()
    assert not lesion_mask(tissue, grid).any()
    assert not np.isin(tissue, LESION_TISSUES).any()


def test_a_lesion_changes_no_other_voxel_of_the_anatomy() -> None:
    healthy, _ = phantom()
    hurt, _ = phantom(Plane.ISOTROPIC, PLAQUE)
    changed = healthy != hurt
    assert set(np.unique(hurt[changed])) == {Tissue.PLAQUE}
    assert set(np.unique(healthy[changed])) <= {Tissue.WHITE_MATTER, Tissue.GREY_MATTER}


@pytest.mark.parametrize(("thin_slices", "expected"), [(1, 0), (2, 1), (3, 1)])
def test_a_voxel_belongs_to_the_cord_by_majority_of_its_thin_slices(thin_slices: int, expected: int) -> None:
    grid = place_grid((1, 1, 1), (3.3, 1, 1), Plane.SAGITTAL, np.zeros(3), (0, 0, 0), (0, 0, 0))
    tissue = np.full((3, 1, 1), Tissue.CSF, dtype=np.uint8)
    tissue[:thin_slices] = Tissue.GREY_MATTER
    assert cord_mask(tissue, grid).item() == expected


def test_a_thick_slice_mixes_the_tissues_it_cuts() -> None:
    grid = place_grid((1, 20, 20), (3.3, 1, 1), Plane.SAGITTAL, np.zeros(3), (0, 0, 0), (0, 0, 0))
    full = np.full((3, 20, 20), Tissue.CSF, dtype=np.uint8)
    none = np.full_like(full, Tissue.WHITE_MATTER)
    mixed = full.copy()
    mixed[:1] = Tissue.WHITE_MATTER
    bright, dark, between = (image_of(tissue, grid, QUIET).mean() for tissue in (full, none, mixed))
    assert between == pytest.approx((2 * bright + dark) / 3, rel=0.02)


def test_noise_bias_ghosts_and_scale_do_what_they_say() -> None:
    tissue, grid = phantom()
    plain = image_of(tissue, grid, QUIET)
    air = tissue == Tissue.AIR if (tissue == Tissue.AIR).any() else plain < np.percentile(plain, 2)
    assert image_of(tissue, grid, replace(QUIET, noise=0.05))[air].mean() > plain[air].mean() + 10
    bias = image_of(tissue, grid, replace(QUIET, bias=0.3)) / np.maximum(plain, 1)
    assert bias[plain > 50].std() > 0.1
    ghosted = image_of(tissue, grid, replace(QUIET, ghost=0.1))
    np.testing.assert_allclose(ghosted, plain + 0.1 * np.roll(plain, plain.shape[1] // 2, axis=1), atol=1)
    np.testing.assert_allclose(image_of(tissue, grid, replace(QUIET, scale=2000.0)), 2 * plain, atol=2)


def test_a_coil_behind_the_neck_sees_its_back_best() -> None:
    tissue, grid = phantom()
    share = image_of(tissue, grid, replace(QUIET, coil_mm=50.0)) / np.maximum(image_of(tissue, grid, QUIET), 1)
    assert np.median(share[:, :8]) > 1.2 * np.median(share[:, -8:])


def test_a_saturated_band_silences_the_front_and_spares_the_cord() -> None:
    tall = place_grid((9, 90, 12), (1.2, 1.2, 1.2), Plane.ISOTROPIC, np.array([0, 0, -70.0]), (0, 0, 0), (0, 0, 0))
    tissue = np.full(tall.shape, Tissue.MUSCLE, dtype=np.uint8)
    share = image_of(tissue, tall, replace(QUIET, saturated=True)) / image_of(tissue, tall, QUIET)
    assert np.median(share[:, -5:]) < 0.3
    assert np.median(share[:, :46]) > 0.95


def test_metal_leaves_a_void() -> None:
    wide = place_grid((20, 90, 140), (1.2, 1.2, 1.2), Plane.ISOTROPIC, np.zeros(3), (0, 0, 0), (0, 0, 0))
    tissue = np.full(wide.shape, Tissue.FAT, dtype=np.uint8)
    lost = image_of(tissue, wide, replace(QUIET, metal=True)) < 0.2 * image_of(tissue, wide, QUIET)
    assert 1000 < lost.sum() * 1.2**3 < 20_000
    assert not lost[:, 50:].any()  # it lies behind the canal


def test_stored_values_are_int16_and_never_negative() -> None:
    tissue, grid = phantom()
    image = make_image(tissue, grid, Acquisition(Contrast.T2W, noise=0.2, scale=1e5), np.random.default_rng(0))
    assert image.dtype == np.int16
    assert image.min() >= 0
    assert image.max() == 32000
