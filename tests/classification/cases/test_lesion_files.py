from pathlib import Path

import pytest

from nnunet_ext.cascade.prediction.case_files import Naming, output_stem
from nnunet_ext.classification.cases.lesion_files import find_lesion_files
from nnunet_ext.core.errors import DataRefusedError
from tests.classification.cases.lab import write

CASES = ["sub-01_T2w", "zurich_sub-02_ses-01_T2w"]
DATASET = '{"labels": {"background": 0, "sc": [1, 2], "lesion": 2, "ignore": 3}, "channel_names": {"0": "MRI"}}'


@pytest.mark.parametrize("naming", [Naming.BIDS, Naming.NEUROPOLY])
@pytest.mark.parametrize("region", ["lesion", "whole"])
def test_what_predict_left_is_found_with_its_cord(tmp_path: Path, naming: Naming, region: str) -> None:
    for stem in ("sub-01_T2w", "sub-02_ses-01_T2w"):
        for name in (region, "sc"):
            write(tmp_path / "anat" / f"{output_stem(stem, name, naming, 'mask', bids=True)}.nii.gz")
    found = find_lesion_files([tmp_path], CASES)
    assert sorted(found.of_case) == sorted(CASES)
    for case, file in found.of_case.items():
        assert case.split("_", 1)[-1][:6] in file.path.name or case[:6] in file.path.name
        assert file.values == ()
        assert file.cord is not None
        assert file.cord != file.path
    assert found.problems == {}


def test_label_maps_are_read_by_their_description(tmp_path: Path) -> None:
    write(tmp_path / "dataset.json", DATASET)
    write(tmp_path / "labelsTr" / f"{CASES[1]}.nii.gz")
    for place in (tmp_path / "labelsTr", tmp_path):
        file = find_lesion_files([place], CASES).of_case[CASES[1]]
        assert file.ignore == 3
        assert (file.path.parent.name, file.values, file.cord, file.cord_values) == (
            "labelsTr",
            (2,),
            file.path,
            (1, 2),
        )


def test_the_first_place_that_has_a_mask_is_taken(tmp_path: Path) -> None:
    manual = write(tmp_path / "manual" / "sub-01_T2w_lesion-manual.nii.gz")
    for stem in ("sub-01_T2w", "sub-02_ses-01_T2w"):
        write(tmp_path / "predicted" / f"{stem}_label-lesion_seg.nii.gz")
    found = find_lesion_files([manual.parent, tmp_path / "predicted"], CASES).of_case
    assert found[CASES[0]].path == manual
    assert found[CASES[1]].place == tmp_path / "predicted"


def test_an_unclear_mask_is_no_mask_and_said(tmp_path: Path) -> None:
    for session in ("a", "b"):
        write(tmp_path / session / "sub-01_T2w_label-lesion_seg.nii.gz")
    found = find_lesion_files([tmp_path], CASES)
    assert found.of_case == {}
    assert "several lesion masks" in found.problems[CASES[0]]


def test_a_place_without_masks_is_refused_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match="run nnunet_ext predict"):
        find_lesion_files([tmp_path], CASES)
    with pytest.raises(DataRefusedError, match="check the path"):
        find_lesion_files([tmp_path / "none"], CASES)
