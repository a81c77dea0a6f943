from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.classification.cases.patient import Patient
from nnunet_ext.classification.network.crop_file import read_crop
from nnunet_ext.classification.network.settings import CropSettings
from nnunet_ext.classification.study.measured_patient import Measuring, measure_patient
from nnunet_ext.classification.study.sources import Sources
from nnunet_ext.classification.taxonomy import load_taxonomy
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image
from tests.classification.drawn_patients import write_patients

LESION = -2  # the lesion's channel of a crop


@pytest.fixture
def first(tmp_path: Path) -> Patient:
    """The first of four patients, with a T1w after gadolinium."""
    return Sources((write_patients(tmp_path / "site", 1),)).patients(load_taxonomy())[0]


def measuring(folder: Path, *, probability: bool = True) -> Measuring:
    folder.mkdir(exist_ok=True)
    return Measuring(("T2w", "T1w-gad"), folder, CropSettings(), probability)


def write_probability(patient: Patient, value: float) -> Path:
    """Write an image of probabilities beside the lesion mask: that value in the lesion."""
    mask = next(case.lesion.path for case in patient.usable if case.lesion is not None)
    drawn = read_mask(mask)
    file = mask.with_name(mask.name.replace("_seg.nii.gz", "_probseg.nii.gz"))
    write_image(file, (drawn.data * value).astype(np.float32), drawn.affine)
    return file


def test_a_crop_shows_the_lesions_probability_where_there_is_one(first: Patient, tmp_path: Path) -> None:
    write_probability(first, 0.5)
    found = measure_patient(first, measuring(tmp_path / "said"))
    masked = measure_patient(first, measuring(tmp_path / "masks", probability=False))
    assert found.crop is not None
    assert masked.crop is not None
    said, mask = read_crop(found.crop).data[LESION], read_crop(masked.crop).data[LESION]
    assert mask.max() == pytest.approx(1)
    assert np.allclose(said, mask / 2, atol=1e-6)
    assert found.values == masked.values
    assert not any("probabilities" in note for note in found.notes)


def test_without_one_it_shows_the_mask_and_tells(first: Patient, tmp_path: Path) -> None:
    found = measure_patient(first, measuring(tmp_path / "said"))
    assert found.crop is not None
    assert read_crop(found.crop).data[LESION].max() == pytest.approx(1)
    assert any("the network is shown the mask" in note for note in found.notes)


def test_numbers_that_are_no_probabilities_are_refused_by_name(first: Patient, tmp_path: Path) -> None:
    file = write_probability(first, 3.0)
    with pytest.raises(DataRefusedError, match=file.name):
        measure_patient(first, measuring(tmp_path / "said"))


def test_what_was_read_is_taken_as_it_is_until_a_file_or_an_age_changes(first: Patient, tmp_path: Path) -> None:
    how = measuring(tmp_path / "said")
    one = measure_patient(first, how)
    file = tmp_path / "said" / "site__sub-001.json"
    before = file.stat().st_mtime_ns
    assert measure_patient(first, how) == one
    assert file.stat().st_mtime_ns == before
    write_probability(first, 0.5)
    assert measure_patient(first, how).notes != one.notes
    assert measure_patient(replace(first, age=99.0), how).values["age_years"] == 99
