"""Numbers in the pictures against those that `evaluate` and `biomarkers` write."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.report.review.lesion_list import LesionList, list_lesions
from nnunet_ext.report.review.read_volumes import read_volumes
from nnunet_ext.report.sources.gather import gather
from nnunet_ext.report.sources.record import CaseRecord

SHAPE = (20, 24, 16)
AFFINE = np.diag([-0.5, 0.5, 3.0, 1.0])
# Corner and size of each predicted lesion; the last two touch at an edge: one lesion for 18 neighbours, two for 6.
LESIONS = (((2, 3, 1), 4), ((12, 4, 12), 3), ((5, 15, 5), 2), ((15, 17, 8), 2), ((17, 19, 8), 2))


def predicted() -> Array:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for (x, y, z), size in LESIONS:
        mask[x : x + size, y : y + size, z : z + size] = 1
    return mask


def written(folder: Path, name: str, mask: Array, axes: str = "LAS") -> Path:
    turned = reorient(Volume(mask, AFFINE), axes)
    write_mask(folder / name, turned.data.astype(np.uint8), turned.affine)
    return folder


def scored(root: Path, axes: str, image_axes: str) -> Path:
    reference, stem = predicted(), "sub-1_T2w"
    reference[2:6, 3:7, 1:5] = 0
    for folder, mask in (("ref", reference), ("pred", predicted())):
        written(root / folder, f"{stem}_label-lesion_seg.nii.gz", mask, axes if folder == "ref" else "LAS")
        written(root / folder, f"{stem}_label-SC_seg.nii.gz", np.ones(SHAPE), axes if folder == "ref" else "LAS")
    image = reorient(Volume(np.random.default_rng(1).random(SHAPE), AFFINE), image_axes)
    write_image(root / "images" / f"{stem}.nii.gz", image.data.astype(np.float32), image.affine)
    assert main(["evaluate", str(root / "ref"), str(root / "pred"), "-o", str(root / "scores")]) == 0
    return root / "scores"


def listed(record: CaseRecord) -> LesionList:
    return list_lesions(record, read_volumes(record))


@pytest.mark.parametrize(("axes", "image_axes"), [("LAS", "LAS"), ("PSR", "LAS"), ("RAI", "ASR")])
def test_the_numbers_are_those_of_the_table_whatever_the_axes(tmp_path: Path, axes: str, image_axes: str) -> None:
    folder = scored(tmp_path, axes, image_axes)
    (record,) = gather([folder], tmp_path / "images").cases
    found = listed(record)
    rows = [row for row in read_table(folder / "lesions.tsv") if row["side"] == "prediction"]
    assert [number for number, _ in found.rows] == [int(row["lesion"]) for row in rows] == [1, 2, 3, 4, 5]
    assert found.source == "lesions.tsv"
    assert found.numbers is not None
    sizes = np.bincount(found.numbers.ravel())[1:] * 0.75
    assert sizes.tolist() == pytest.approx([float(row["volume_mm3"]) for row in rows])
    turned = reorient(Volume(found.numbers, reorient(Volume(np.zeros(SHAPE), AFFINE), image_axes).affine), "LAS").data
    invented = next(int(row["lesion"]) for row in rows if row["matched"] == "0")
    assert (turned[2:6, 3:7, 1:5] == invented).all()
    assert "no counterpart" in dict(found.rows)[invented]


def test_masks_that_changed_since_have_no_numbers_and_this_is_said(tmp_path: Path) -> None:
    folder = scored(tmp_path, "LAS", "LAS")
    other = predicted()
    other[10, 10, 10] = 1
    written(tmp_path / "pred", "sub-1_T2w_label-lesion_seg.nii.gz", other)
    (record,) = gather([folder], tmp_path / "images").cases
    assert listed(record).numbers is None
    assert "no numbers in the pictures" in listed(record).remark


def test_measured_lesions_have_the_numbers_of_their_image(tmp_path: Path) -> None:
    scored(tmp_path, "LAS", "LAS")
    assert main(["biomarkers", "--lesion", str(tmp_path / "pred"), "-o", str(tmp_path / "measured")]) == 0
    (record,) = gather([tmp_path / "measured"], tmp_path / "images").cases
    found = listed(record)
    assert found.source == "biomarkers.tsv"
    assert len(found.rows) == 4
    assert found.numbers is not None
    assert np.array_equal(found.numbers > 0, predicted() > 0)
    assert record.prediction["lesion"].values == (1, 2, 3, 4)  # drawn though no folder of masks is known


def test_where_both_counted_the_list_says_which_number_is_which(tmp_path: Path) -> None:
    folder = scored(tmp_path, "LAS", "LAS")
    assert main(["biomarkers", "--lesion", str(tmp_path / "pred"), "-o", str(tmp_path / "measured")]) == 0
    (record,) = gather([folder, tmp_path / "measured"], tmp_path / "images").cases
    found = listed(record)
    instances = listed(replace(record, lesions=())).numbers
    assert found.numbers is not None
    assert instances is not None
    for number, words in found.rows:
        (other,) = np.unique(instances[found.numbers == number])
        assert ("in biomarkers.tsv" in words) == (other != number)
        assert other == number or f"({other} in biomarkers.tsv)" in words
        assert "mm long" in words
