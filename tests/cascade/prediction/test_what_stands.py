from pathlib import Path

import pytest

from nnunet_ext.cascade.prediction.predict_all import Status, refuse_overwriting
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.core.errors import ConflictError
from tests.cascade.prediction.test_predict_all import job, run, write


def of_one_name(image: Path) -> InputCase:
    """Name the case as a hand does: by nothing that tells one patient from another."""
    return InputCase("scan", (image,), (image.name,))


@pytest.mark.parametrize("name", ["scan.nii.gz", "scan_0000.nii.gz"])
def test_the_masks_of_one_patient_are_not_replaced_by_another_s(tmp_path: Path, name: str) -> None:
    first, second = write(tmp_path / "a" / "scan.nii.gz"), write(tmp_path / "b" / name, first=7)
    out = tmp_path / "out"
    assert run([of_one_name(first)], job(out))[0].status is Status.DONE
    before = {file: file.read_bytes() for file in out.rglob("*")}
    with pytest.raises(ConflictError, match=r"scan: made from (another )?scan\.nii\.gz"):
        refuse_overwriting([of_one_name(second)], job(out))
    refused = run([of_one_name(second)], job(out))[0]
    assert (refused.status, "made from" in refused.reason) == (Status.FAILED, True)
    assert {file: file.read_bytes() for file in out.rglob("*")} == before
    refuse_overwriting([of_one_name(first)], job(out))
    refuse_overwriting([of_one_name(second)], job(out, force=True))
    assert run([of_one_name(second)], job(out, force=True))[0].status is Status.DONE


def test_where_finished_cases_are_kept_an_image_that_has_changed_is_predicted_anew(tmp_path: Path) -> None:
    image, out = write(tmp_path / "scan.nii.gz"), tmp_path / "out"
    run([of_one_name(image)], job(out))
    write(image, first=7)
    refuse_overwriting([of_one_name(image)], job(out, keep_finished=True))
    assert run([of_one_name(image)], job(out, keep_finished=True))[0].status is Status.DONE
    other = write(tmp_path / "scan_0000.nii.gz", first=9)
    with pytest.raises(ConflictError, match=r"made from scan\.nii\.gz"):
        refuse_overwriting([of_one_name(other)], job(out, keep_finished=True))
