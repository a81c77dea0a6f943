"""One rule for the values of a mask: what one verb takes no other refuses."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.volume import Array
from tests.evaluation.biomarkers.boxes import LAS, boxes

NAME = "sub-01_T2w_label-lesion_seg.nii.gz"
INSIDE = boxes(((6, 6, 4), (3, 3, 3)))


def two_labels() -> Array:
    labels = INSIDE.copy()
    labels[0, 0, 0] = 2
    return labels


@pytest.mark.parametrize(
    ("stored", "taken"),
    [
        (INSIDE, True),
        (INSIDE * np.uint8(255), True),
        (INSIDE * np.float32(1), True),
        (INSIDE * np.float64(255), True),
        (INSIDE * np.float32(0.75), True),
        (INSIDE * np.uint8(0), True),
        (INSIDE * np.uint8(2), False),
        (INSIDE * np.float32(1.5), False),
        (INSIDE * np.int16(-1), False),
        (INSIDE * np.float32(-0.25), False),
        (INSIDE * np.int16(300), False),
        (np.where(INSIDE, np.nan, 0).astype(np.float32), False),
        (two_labels(), False),
    ],
)
def test_evaluate_and_biomarkers_take_the_same_masks_and_refuse_the_others_in_the_same_words(
    tmp_path: Path, stored: Array, taken: bool
) -> None:
    write_mask(tmp_path / "reference" / NAME, INSIDE, LAS)
    (tmp_path / "predicted").mkdir()
    nib.save(nib.Nifti1Image(stored, LAS), tmp_path / "predicted" / NAME)
    sides = [str(tmp_path / name) for name in ("reference", "predicted")]
    evaluated, measured = tmp_path / "evaluated", tmp_path / "measured"
    answer = 0 if taken else 3
    assert main(["evaluate", *sides, "-o", str(evaluated), "--threshold", "0.5"]) == answer
    assert main(["biomarkers", "--lesion", sides[1], "-o", str(measured)]) == answer
    (row,), (case,) = read_table(evaluated / "metrics.tsv"), read_table(measured / "cases_biomarkers.tsv")
    if taken:
        assert float(row["pred_volume_mm3"]) == float(case["total_volume_mm3"]) == (INSIDE.sum() if stored.any() else 0)
    else:
        assert case["reason"].startswith(NAME)
        assert case["reason"].startswith(row["reason"].removeprefix("prediction: "))


def test_a_label_map_with_a_strange_label_is_refused_in_the_same_words(tmp_path: Path) -> None:
    labels = two_labels()
    write_mask(tmp_path / "reference" / "a.nii.gz", labels, LAS)
    labels[1, 0, 0] = 7
    write_mask(tmp_path / "predicted" / "a.nii.gz", labels, LAS)
    sides = [str(tmp_path / name) for name in ("reference", "predicted")]
    evaluated, measured = tmp_path / "evaluated", tmp_path / "measured"
    assert main(["evaluate", *sides, "-o", str(evaluated)]) == 3
    assert main(["biomarkers", "--lesion", sides[1], "--label-maps", "-o", str(measured)]) == 3
    row, (case,) = read_table(evaluated / "metrics.tsv")[0], read_table(measured / "cases_biomarkers.tsv")
    said = "holds label 7, which no region names (sc [1, 2], lesion [2])"
    assert said in row["reason"]
    assert said in case["reason"]
