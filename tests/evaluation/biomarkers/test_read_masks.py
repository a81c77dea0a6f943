from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.biomarkers.read_masks import read_masks
from tests.evaluation.biomarkers.boxes import LAS, boxes, leaning_cord

LABELS = Labelling.of_target(load_target("cord-lesion"))


def test_a_soft_mask_counts_above_the_threshold_and_keeps_its_values(tmp_path: Path) -> None:
    soft = boxes(((6, 6, 4), (3, 3, 3))) * np.float32(0.4)
    soft[7, 7, 5] = 0.9
    write_image(tmp_path / "l.nii.gz", soft, LAS)
    masks = read_masks(tmp_path / "l.nii.gz", None, 0.5)
    assert masks.soft is not None
    assert masks.lesion.data.sum() == 1
    assert float(masks.soft.max()) == pytest.approx(0.9)
    assert "soft lesion mask: above 0.5 counts" in masks.notes
    assert read_masks(tmp_path / "l.nii.gz", None, 0.3).lesion.data.sum() == 27


@pytest.mark.parametrize("value", [2.0, -0.5, 1.5])
def test_other_values_are_refused_with_the_flag_for_label_maps(tmp_path: Path, value: float) -> None:
    write_image(tmp_path / "l.nii.gz", boxes(((6, 6, 4), (3, 3, 3))) * np.float32(value), LAS)
    with pytest.raises(FileRefusedError, match="--label-maps"):
        read_masks(tmp_path / "l.nii.gz", None, 0.5)


def test_a_label_map_holds_lesion_and_cord_and_no_stranger(tmp_path: Path) -> None:
    labels = leaning_cord()
    labels[6, 6, 2:4] = 2
    write_mask(tmp_path / "l.nii.gz", labels, LAS)
    masks = read_masks(tmp_path / "l.nii.gz", None, 0.5, LABELS)
    assert masks.cord is not None
    assert np.array_equal(masks.cord, labels > 0)
    assert np.array_equal(masks.lesion.data, labels == 2)
    labels[0, 0, 0] = 7
    write_mask(tmp_path / "l.nii.gz", labels, LAS)
    with pytest.raises(FileRefusedError, match="holds label 7"):
        read_masks(tmp_path / "l.nii.gz", None, 0.5, LABELS)


def test_a_cord_stored_the_other_way_round_is_turned(tmp_path: Path) -> None:
    cord = Volume(leaning_cord(), LAS)
    turned = reorient(cord, "PSR")
    write_mask(tmp_path / "l.nii.gz", boxes(((6, 6, 4), (3, 3, 3))), LAS)
    write_mask(tmp_path / "c.nii.gz", turned.data, turned.affine)
    found = read_masks(tmp_path / "l.nii.gz", tmp_path / "c.nii.gz", 0.5).cord
    assert found is not None
    assert np.array_equal(found, cord.data > 0)


def test_a_cord_on_another_grid_is_refused_and_one_a_little_aside_is_noted(tmp_path: Path) -> None:
    write_mask(tmp_path / "l.nii.gz", boxes(((6, 6, 4), (3, 3, 3))), LAS)
    aside, far = LAS.copy(), LAS.copy()
    aside[0, 3], far[0, 3] = 0.3, 3
    for name, affine in (("aside", aside), ("far", far)):
        write_mask(tmp_path / f"{name}.nii.gz", leaning_cord(), affine)
    write_mask(tmp_path / "other.nii.gz", leaning_cord((16, 18, 13)), LAS)
    assert "0.300 mm" in read_masks(tmp_path / "l.nii.gz", tmp_path / "aside.nii.gz", 0.5).notes[0]
    for name, reason in (("far", "3.00 mm"), ("other", "shape")):
        with pytest.raises(FileRefusedError, match=reason):
            read_masks(tmp_path / "l.nii.gz", tmp_path / f"{name}.nii.gz", 0.5)


def test_a_cord_that_is_numbered_without_its_lesion_still_holds_it(tmp_path: Path) -> None:
    labels = leaning_cord()
    labels[6, 6, 2:4] = 2
    write_mask(tmp_path / "l.nii.gz", labels, LAS)
    plain = Labelling.of_dataset_json({"labels": {"background": 0, "sc": 1, "lesion": 2, "ignore": 3}})
    masks = read_masks(tmp_path / "l.nii.gz", None, 0.5, plain)
    assert masks.cord is not None
    assert np.array_equal(masks.cord, labels > 0)
