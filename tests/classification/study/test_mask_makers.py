import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from nnunet_ext.classification.cases.lesion_files import LesionFile
from nnunet_ext.classification.cases.patient import Patient, PatientCase, PatientStatus
from nnunet_ext.classification.study.mask_makers import MaskMaker, mask_maker, refuse_seen
from nnunet_ext.core.errors import DataRefusedError

MODEL = "Dataset501_CordLesion/nnUNetTrainerSCI__nnUNetPlans__3d_fullres"


def mask(folder: Path, folds: tuple[str, ...] | None = None) -> Path:
    """A mask, with the sidecar that `predict` writes where there are folds."""
    file = folder / "sub-01_label-lesion_desc-T2w_mask.nii.gz"
    folder.mkdir(parents=True, exist_ok=True)
    file.touch()
    if folds is not None:
        told = {"Model": {"Name": MODEL, "CheckpointsSHA256": dict.fromkeys(folds, "0" * 64)}}
        file.with_name(file.name.replace(".nii.gz", ".json")).write_text(json.dumps(told), encoding="utf-8")
    return file


def patients(file: Path) -> list[Patient]:
    case = PatientCase("sub-01_T2w", "sub-01", {}, LesionFile(file))
    return [Patient("site/sub-01", PatientStatus.INCLUDE, cases=(case,))]


def test_a_sidecar_and_nnunets_validation_folder_tell_the_fold(tmp_path: Path) -> None:
    assert mask_maker(mask(tmp_path / "said", ("0", "3"))) == MaskMaker(MODEL, frozenset({"0", "3"}))
    own = mask(tmp_path / "nnUNetTrainerSCI__nnUNetPlans__3d_fullres" / "fold_2" / "validation")
    assert mask_maker(own).folds == {"2"}
    assert mask_maker(mask(tmp_path / "manual")) == MaskMaker()


@pytest.mark.parametrize(
    ("folds", "fold_of", "right"),
    [
        (("2",), {"site/sub-01": 2}, True),
        (("0", "1", "2", "3", "4"), {"site/sub-01": 2}, False),
        (("1",), {"site/sub-01": 2}, False),
        (None, {"site/sub-01": 2}, False),
        (("0", "1"), {}, True),
    ],
)
def test_a_mask_of_a_patient_who_trained_its_model_is_refused_by_name(
    tmp_path: Path, folds: tuple[str, ...] | None, fold_of: Mapping[str, int], right: bool
) -> None:
    people = patients(mask(tmp_path, folds))
    if right:
        refuse_seen(people, fold_of, predicted=True)
    else:
        with pytest.raises(DataRefusedError, match=r"site/sub-01 \(needs fold 2 alone"):
            refuse_seen(people, fold_of, predicted=True)


def test_masks_that_people_drew_have_no_fold(tmp_path: Path) -> None:
    refuse_seen(patients(mask(tmp_path)), {"site/sub-01": 2}, predicted=False)
