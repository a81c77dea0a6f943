from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.evaluation.biomarkers.find_cases import CaseInput
from nnunet_ext.evaluation.biomarkers.measure_one import Settings, measure_one
from nnunet_ext.evaluation.biomarkers.measured_case import CaseStatus
from tests.core.test_forms import geometry, oblique
from tests.evaluation.biomarkers.boxes import LAS, boxes, straight_cord


def test_the_image_of_lesion_numbers_has_the_forms_of_the_mask_bit_by_bit(tmp_path: Path) -> None:
    for name, data in (("lesion", boxes(((7, 6, 4), (3, 4, 5)))), ("cord", straight_cord())):
        image = nib.Nifti1Image(data, None)
        image.header.set_qform(oblique(0.1), 1)
        image.header.set_sform(oblique(0.2), 2)
        nib.save(image, tmp_path / f"{name}.nii.gz")
    files = CaseInput("a", tmp_path / "lesion.nii.gz", tmp_path / "cord.nii.gz")
    done = measure_one(files, Settings(tmp_path / "out"))
    assert done.status is CaseStatus.MEASURED
    assert geometry(tmp_path / "out" / done.instances) == geometry(tmp_path / "lesion.nii.gz")


@pytest.mark.parametrize(("code", "factor"), [(1, 1e-3), (3, 1e3)])
def test_volumes_are_in_mm3_whatever_the_unit_of_the_header(tmp_path: Path, code: int, factor: float) -> None:
    measured = []
    for name, scale, unit in (("mm", 1.0, 2), ("other", factor, code)):
        affine = oblique(0.0)
        affine[:3] *= scale
        image = nib.Nifti1Image(boxes(((7, 6, 4), (3, 4, 5))), affine)
        image.header["xyzt_units"] = unit
        nib.save(image, tmp_path / f"{name}.nii.gz")
        measured.append(measure_one(CaseInput(name, tmp_path / f"{name}.nii.gz"), Settings(tmp_path / "out")))
    in_mm, in_other = (case.lesions[0].biomarkers.volume_mm3 for case in measured)
    assert in_mm == pytest.approx(60 * 0.7 * 0.7 * 3.1, rel=1e-5)
    assert in_other == pytest.approx(in_mm, rel=1e-5)


def test_a_cord_that_steps_aside_in_four_slices_is_told(tmp_path: Path) -> None:
    cord = np.zeros_like(straight_cord())
    cord[2:6, 5:9] = 1
    aside = cord.copy()
    aside[:, :, 5:9] = np.roll(cord[:, :, 5:9], 6, axis=0)
    told = {}
    for name, mask in (("sound", cord), ("aside", aside)):
        write_mask(tmp_path / f"{name}.nii.gz", mask, LAS)
        write_mask(tmp_path / "lesion.nii.gz", boxes(((3, 6, 1), (2, 2, 2))), LAS)
        files = CaseInput(name, tmp_path / "lesion.nii.gz", tmp_path / f"{name}.nii.gz")
        told[name] = measure_one(files, Settings(tmp_path / "out")).notes
    assert told["sound"] == ()
    assert len(told["aside"]) == 1
    assert told["aside"][0].startswith("the cord mask steps aside by ")
