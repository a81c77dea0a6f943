from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from nnunet_ext.core.cord_place import cord_place
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Array, Volume
from tests.strategies import AXES, thorough

SHAPE = (40, 44, 30)
GRID: Affine = np.diag([-1.0, 1.0, 2.0, 1.0])
DIRECTIONS = st.floats(0, 2 * np.pi)


@cache
def neck(*, bright_cord: bool = False) -> tuple[Array, Array]:
    """Draw a cord that leans forwards, with fluid around it and tissue around that, and its mask."""
    i, j, k = np.indices(SHAPE)
    away = np.hypot((i - 20) / 6, (j - 18 - 0.15 * k) / 4)
    image = np.where(away < 1, 100, np.where(away < 2, 300, 160)).astype(np.float64)
    image = 400 - image if bright_cord else image
    return image + np.random.default_rng(0).normal(0, 12, SHAPE), (away < 1).astype(np.uint8)


def moved(mask: Array, mm: float, angle: float, slices: slice = slice(None)) -> Array:
    """Move a mask sideways, in voxels of 1 mm."""
    shifted = mask.copy()
    by = (round(mm * np.cos(angle)), round(mm * np.sin(angle)), 0)
    shifted[:, :, slices] = ndimage.shift(mask[:, :, slices], by, order=0)
    return shifted


@pytest.mark.parametrize("bright_cord", [False, True])
def test_a_mask_on_its_cord_has_no_problem(bright_cord: bool) -> None:
    image, mask = neck(bright_cord=bright_cord)
    place = cord_place(Volume(mask, GRID), image)
    assert place.problems == ()
    assert place.contrast is not None
    assert place.likeness is not None
    assert (place.contrast < 0) is bright_cord
    assert min(abs(place.contrast), place.likeness) > 0.4
    assert place.step_mm < 1


@given(mm=st.floats(5, 8), angle=DIRECTIONS, first=st.integers(0, SHAPE[2] - 4))
def test_four_slices_that_lie_aside_are_found_without_an_image(mm: float, angle: float, first: int) -> None:
    _, mask = neck()
    place = cord_place(Volume(moved(mask, mm, angle, slice(first, first + 4)), GRID))
    assert place.steps_aside
    assert place.step_slice in {first, first + 4}
    assert place.step_mm == pytest.approx(mm, abs=1.1)
    assert place.problems == (f"the cord mask steps aside by {place.step_mm:.1f} mm at slice {place.step_slice}",)


@given(mm=st.floats(5, 8), angle=DIRECTIONS, bright_cord=st.booleans())
@settings(thorough(0.3))
def test_a_mask_beside_its_cord_is_told_from_what_lies_inside_and_around_it(
    mm: float, angle: float, bright_cord: bool
) -> None:
    image, mask = neck(bright_cord=bright_cord)
    place = cord_place(Volume(moved(mask, mm, angle), GRID), image)
    assert not place.steps_aside
    assert place.better_mm == pytest.approx(mm, abs=2.5)
    assert "beside what looks like a cord" in place.problems[0]


@pytest.mark.parametrize(("angle", "side"), [(0, "right"), (np.pi, "left"), (np.pi / 2, "back"), (-np.pi / 2, "front")])
@pytest.mark.parametrize("axes", ["LAS", "PSR", "RPI"])
def test_the_side_is_that_of_the_body_whatever_the_axes(angle: float, side: str, axes: str) -> None:
    image, mask = neck()
    turned = reorient(Volume(moved(mask, 6, angle), GRID), axes)
    place = cord_place(turned, reorient(Volume(image, GRID), axes).data)
    assert place.better_where == side


@given(axes=AXES, first=st.integers(0, SHAPE[2] - 4))
@settings(thorough(0.3))
def test_the_slice_is_the_file_s_own(axes: str, first: int) -> None:
    numbered = np.broadcast_to(np.arange(SHAPE[2]), SHAPE)
    aside = reorient(Volume(moved(neck()[1], 7, 0.4, slice(first, first + 4)), GRID), axes)
    place = cord_place(aside)
    upright = next(axis for axis, letter in enumerate(axes) if letter in "SI")
    slices = np.moveaxis(reorient(Volume(numbered, GRID), axes).data, upright, 0)
    at = {int(slices[place.step_slice, 0, 0]), int(slices[place.step_slice - 1, 0, 0])}
    assert at in ({first - 1, first}, {first + 3, first + 4})


@pytest.mark.parametrize("fewest", [0, 1, 5])
def test_a_mask_of_no_or_few_slices_has_no_problem(fewest: int) -> None:
    image, mask = neck()
    few = mask.copy()
    few[:, :, fewest:] = 0
    assert cord_place(Volume(few, GRID), image).problems == ()
    assert cord_place(Volume(few, GRID)).step_mm == 0


def test_an_image_without_contrast_says_nothing() -> None:
    assert cord_place(Volume(neck()[1], GRID), np.zeros(SHAPE)) == cord_place(Volume(neck()[1], GRID))


def test_a_mask_that_ends_in_a_corner_of_a_slice_does_not_step_aside() -> None:
    _, mask = neck()
    end = mask.copy()
    end[:, :, -1] = 0
    end[14:16, 22:24, -1] = 1
    assert not cord_place(Volume(end, GRID)).steps_aside


REAL_MASKS = [
    ("t2_crop/t2.nii.gz", "t2_crop/t2_seg-manual.nii.gz"),
    *(
        (
            f"bids_unf/sub-unf01/anat/sub-unf01_{contrast}.nii.gz",
            f"bids_unf/derivatives/labels/sub-unf01/anat/sub-unf01_{contrast}_seg-manual.nii.gz",
        )
        for contrast in ("T1w", "T2w", "T2star")
    ),
    *(
        (
            f"gm_challenge/{subject}/anat/{subject}_run-1_T2starw.nii.gz",
            f"gm_challenge/derivatives/labels/{subject}/anat/{subject}_run-1_T2starw_seg-manual.nii.gz",
        )
        for subject in ("sub-9418", "sub-9709Ses1", "sub-9709Ses2")
    ),
]


@pytest.mark.parametrize(("image", "mask"), REAL_MASKS)
def test_real_masks_have_no_problem_and_have_one_when_they_are_moved(real_data: Path, image: str, mask: str) -> None:
    shown, cord = (reorient(read(real_data / file), "LAS") for read, file in ((read_volume, image), (read_mask, mask)))
    sound = cord_place(cord, shown.data)
    assert sound.problems == ()
    assert sound.likeness is not None
    slices = np.flatnonzero(cord.data.any(axis=(0, 1)))
    for mm, axis in ((6.0, 0), (-6.0, 0), (6.0, 1), (-7.5, 1)):
        by = [0.0, 0.0, 0.0]
        by[axis] = mm / cord.spacing[axis]
        whole = ndimage.shift(cord.data, by, order=0)
        some = cord.data.copy()
        some[:, :, slices[4:8]] = whole[:, :, slices[4:8]]
        if sound.likeness > 0:  # one of the images hardly shows the cord
            assert cord_place(Volume(whole, cord.affine), shown.data).better_mm > 0
        assert cord_place(Volume(some, cord.affine)).steps_aside


def test_manual_masks_of_ten_people_do_not_step_aside(real_data: Path) -> None:
    files = sorted((real_data.parent / "anatomy" / "spine_generic_masks").glob("*_seg-manual.nii.gz"))
    assert len(files) > 15
    places = {file.name: cord_place(read_mask(file)) for file in files}
    assert {name: place for name, place in places.items() if place.problems} == {}
