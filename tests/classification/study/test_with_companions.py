from pathlib import Path

import numpy as np

from nnunet_ext.classification.cases.lesion_files import LesionFile
from nnunet_ext.classification.cases.patient import Patient, PatientCase, PatientStatus
from nnunet_ext.classification.study.hide import hidden
from nnunet_ext.classification.study.with_companions import read_with_companions
from nnunet_ext.core.nifti_write import write_image, write_mask

SHAPE = (10, 12, 14)
BOTH = ("T2w", "T1w-gad")


def places(shape: tuple[int, ...], spacing: float) -> np.ndarray:
    """Give for each voxel how far up it lies, in mm: an image that shows where it was laid."""
    return np.broadcast_to(np.arange(shape[2]) * spacing, shape).astype(np.float32)


def patient(tmp_path: Path, *, gadolinium: float, session: str = "") -> Patient:
    """A patient with T2w of 1 mm, its mask, and a T1w after gadolinium of another spacing, of that session."""
    grid = np.diag((1.0, 1.0, 1.0, 1.0))
    first, second = tmp_path / "sub-01_ses-a_T2w.nii.gz", tmp_path / f"sub-01{session}_ce-gad_T1w.nii.gz"
    write_image(first, places(SHAPE, 1.0), grid)
    shape = tuple(int(size / gadolinium) for size in SHAPE)
    write_image(second, places(shape, gadolinium), np.diag((gadolinium,) * 3 + (1.0,)))
    mask = tmp_path / "sub-01_ses-a_label-lesion_desc-T2w_mask.nii.gz"
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[4:6, 4:6, 4:8] = 1
    write_mask(mask, drawn, grid)
    cases = (
        PatientCase("sub-01_ses-a_T2w", "sub-01", {"T2w": first}, LesionFile(mask)),
        PatientCase("sub-01_T1w", "sub-01", {"T1w-gad": second}, None, "no lesion mask was found"),
    )
    return Patient("site/sub-01", PatientStatus.INCLUDE, cases=cases)


def test_an_image_of_the_same_grid_comes_along_as_it_is(tmp_path: Path) -> None:
    one = patient(tmp_path, gadolinium=1.0, session="_ses-a")
    read = read_with_companions(one, one.cases[0], BOTH)
    assert np.array_equal(read.images["T1w-gad"], places(SHAPE, 1.0))
    assert not read.notes


def test_an_image_of_another_grid_is_laid_onto_the_masks_and_that_is_told(tmp_path: Path) -> None:
    one = patient(tmp_path, gadolinium=0.5, session="_ses-a")
    laid = (read := read_with_companions(one, one.cases[0], BOTH)).images["T1w-gad"]
    assert laid.shape == SHAPE
    assert np.nanmax(np.abs(laid - places(SHAPE, 1.0))) < 1e-3
    assert any("resampled" in note for note in read.notes)


def test_an_image_of_another_visit_does_not_come_along(tmp_path: Path) -> None:
    one = patient(tmp_path, gadolinium=1.0, session="_ses-b")
    assert set(read_with_companions(one, one.cases[0], BOTH).images) == {"T2w"}


def test_a_companion_that_cannot_be_read_is_left_out_with_a_note(tmp_path: Path) -> None:
    one = patient(tmp_path, gadolinium=1.0, session="_ses-a")
    file = one.cases[1].images["T1w-gad"]
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    read = read_with_companions(one, one.cases[0], BOTH)
    assert set(read.images) == {"T2w"}
    assert any("left out" in note and "T1w" in note for note in read.notes)


def test_a_hidden_contrast_leaves_masks_and_other_images(tmp_path: Path) -> None:
    one = hidden(patient(tmp_path, gadolinium=1.0, session="_ses-a"), ["T1w-gad"])
    assert set(read_with_companions(one, one.cases[0], BOTH).images) == {"T2w"}
    assert one.cases[0].lesion is not None
