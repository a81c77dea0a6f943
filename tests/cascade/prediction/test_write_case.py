from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cascade.prediction.case_files import Naming
from nnunet_ext.cascade.prediction.predict_all import Status
from nnunet_ext.core.nifti_read import read_volume
from tests.cascade.prediction.stand_in import Threshold
from tests.cascade.prediction.test_predict_all import ALL, CORD, LESION, SHAPE, case, job, run
from tests.core.test_forms import geometry, oblique


def image_with_two_forms(path: Path) -> Path:
    """Write an image that viewers on ITK see elsewhere than those that take the s-form."""
    data = np.zeros(SHAPE, dtype=np.int16)
    data[CORD.slices], data[LESION.slices] = 150, 250
    image = nib.Nifti1Image(data, None)
    image.header.set_qform(oblique(0.1), 1)
    image.header.set_sform(oblique(0.2), 2)
    nib.save(image, path)
    return path


@pytest.mark.parametrize("naming", list(Naming))
@pytest.mark.parametrize("localizer", [False, True])
def test_everything_that_is_written_has_the_forms_of_the_image_bit_by_bit(
    tmp_path: Path, naming: Naming, localizer: bool
) -> None:
    image = image_with_two_forms(tmp_path / "a.nii.gz")
    changes = {"localizer": Threshold(("sc",))} if localizer else {}
    outcome = run([case(image)], job(tmp_path / "out", naming=naming, wanted=ALL, **changes))[0]
    assert outcome.status is Status.DONE
    found = sorted((tmp_path / "out").rglob("*.nii.gz"))
    assert len(found) == (6 if naming is Naming.NNUNET else 7)
    for file in found:
        assert geometry(file) == geometry(image)
        np.testing.assert_array_equal(read_volume(file).affine, read_volume(image).affine)


def test_a_missing_first_channel_leaves_the_forms_of_the_other(tmp_path: Path) -> None:
    image = image_with_two_forms(tmp_path / "a.nii.gz")
    made = case(image)
    twice = type(made)(made.name, (None, image), ("", image.name))
    assert run([twice], job(tmp_path / "out"))[0].status is Status.DONE
    for file in (tmp_path / "out").rglob("*.nii.gz"):
        assert geometry(file) == geometry(image)
