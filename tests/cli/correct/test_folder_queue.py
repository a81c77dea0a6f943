import shutil
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.correct.folder_queue import AskedFolder, FolderQueue, folder_queue
from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_bytes, write_json, write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import table_text
from nnunet_ext.correction.desk_case import DeskCase
from tests.conftest import SmallBids


@pytest.fixture
def lab(tmp_path: Path) -> SmallBids:
    return SmallBids(tmp_path / "lab")


def queue_of(folder: Path, images: Path | None = None, scores: Path | None = None) -> FolderQueue:
    return folder_queue(AskedFolder(folder, folder.with_name("out"), images, scores))


def names(queue: FolderQueue) -> list[str]:
    return [case.name for case in queue.cases]


def outputs(case: DeskCase, folder: Path) -> dict[str, str]:
    return {region: file.relative_to(folder.with_name("out")).as_posix() for region, file in case.output.items()}


@pytest.mark.parametrize("dialect", list(Dialect))
def test_masks_of_every_dialect_keep_their_relative_names(lab: SmallBids, dialect: Dialect) -> None:
    lab.case("sub-2_ses-1_T2w", dialect)
    lab.case("sub-1_T2w", dialect)
    queue = queue_of(lab.root)
    assert names(queue) == ["sub-1_T2w", "sub-2_ses-1_T2w"]
    assert [(one.name, one.label, one.inside) for one in queue.regions] == [
        ("sc", "cord", ""), ("lesion", "lesion", "sc"),
    ]  # fmt: skip
    assert queue.problems == ()
    for number, case in enumerate(queue.cases, start=1):
        assert case.number == number
        assert case.image.name == f"{case.name}.nii.gz"
        assert outputs(case, lab.root) == {
            region: file.relative_to(lab.root).as_posix() for region, file in case.masks.items()
        }


def test_an_image_without_a_mask_gets_empty_layers_beside_the_others_where_its_contrast_has_masks(
    lab: SmallBids,
) -> None:
    lab.case("sub-1_T2w")
    lab.image("sub-2_T2w")
    lab.image("sub-2_T1w")
    queue = queue_of(lab.root)
    assert names(queue) == ["sub-1_T2w", "sub-2_T2w"]
    case = queue.cases[1]
    assert (dict(case.masks), case.reason) == ({}, "no mask yet")
    assert outputs(case, lab.root)["lesion"] == "derivatives/labels/sub-2/anat/sub-2_T2w_label-lesion_seg.nii.gz"


def test_only_images_of_the_kinds_that_have_masks_are_drawn_in_from_nothing(lab: SmallBids) -> None:
    lab.case("sub-1_acq-sag_T2w")
    lab.image("sub-2_ses-2_acq-sag_run-2_T2w")
    lab.image("sub-2_acq-ax_T2w")
    lab.image("sub-3_acq-sag_T2w", folder="sub-3/spine")
    queue = queue_of(lab.root)
    assert names(queue) == ["sub-1_acq-sag_T2w", "sub-2_ses-2_acq-sag_run-2_T2w", "sub-3_acq-sag_T2w"]
    place = outputs(queue.cases[2], lab.root)["sc"]
    assert place == "derivatives/labels/sub-3/spine/sub-3_acq-sag_T2w_label-SC_seg.nii.gz"


def test_images_as_they_came_from_the_scanner_are_nobody_s(lab: SmallBids) -> None:
    image = lab.case("sub-1_T2w")
    shutil.copytree(lab.root / "sub-1", lab.root / "sourcedata" / "sub-1")
    assert [case.image for case in queue_of(lab.root).cases] == [image]


def test_masks_below_folders_that_are_no_subjects_are_refused_with_the_folder_that_is_meant(tmp_path: Path) -> None:
    image = SmallBids(tmp_path / "site").case("sub-1_T2w")
    place = tmp_path / "all" / "patient7"
    for file in (image, *(tmp_path / "site").rglob("*_seg.nii.gz")):
        write_bytes(place / file.name, file.read_bytes())
    with pytest.raises(DataRefusedError, match=f"did you mean: {place}"):
        queue_of(tmp_path / "all")
    (case,) = queue_of(place).cases
    assert outputs(case, place) == {
        "sc": "sub-1_T2w_label-SC_seg.nii.gz", "lesion": "sub-1_T2w_label-lesion_seg.nii.gz",
    }  # fmt: skip


def test_images_alone_are_drawn_in_from_nothing(lab: SmallBids) -> None:
    lab.image("sub-1_T2w")
    queue = queue_of(lab.root)
    assert names(queue) == ["sub-1_T2w"]
    assert [one.name for one in queue.regions] == ["sc", "lesion"]


def test_a_mask_that_one_region_lacks_is_new_beside_the_other(lab: SmallBids) -> None:
    lab.case("sub-1_T2w", Dialect.BIDS)
    lab.case("sub-2_T2w", Dialect.BIDS)
    next(lab.root.rglob("sub-2_label-lesion*")).unlink()
    case = queue_of(lab.root).cases[1]
    assert list(case.masks) == ["sc"]
    assert outputs(case, lab.root)["lesion"] == "derivatives/labels/sub-2/anat/sub-2_label-lesion_desc-T2w_mask.nii.gz"


def test_masks_without_an_image_and_masks_that_are_two_are_told_by_name_and_the_others_go_on(lab: SmallBids) -> None:
    lab.case("sub-1_T2w")
    lab.labels("sub-2_T2w")
    lab.case("sub-3_T2w")
    double = next(lab.root.rglob("sub-3_T2w_label-lesion*"))
    write_bytes(double.with_name("sub-3_T2w_lesion.nii.gz"), double.read_bytes())
    queue = queue_of(lab.root)
    assert names(queue) == ["sub-1_T2w"]
    lost, twice = queue.problems
    assert "sub-2_T2w: no image of sub-2_T2w_label-" in lost
    assert "--images DIR" in lost
    assert "sub-3_T2w: 2 files for lesion" in twice


def test_images_elsewhere_are_found_where_the_user_says_or_where_the_folder_comes_from(
    lab: SmallBids, tmp_path: Path
) -> None:
    lab.case("sub-1_T2w")
    labels = lab.root / "derivatives" / "labels"
    assert queue_of(labels).cases[0].image == lab.root.resolve() / "sub-1" / "anat" / "sub-1_T2w.nii.gz"
    moved = tmp_path / "moved"
    labels.rename(moved)
    with pytest.raises(DataRefusedError, match=r"masks of 1 cases \(sub-1_T2w\) and no image of them"):
        queue_of(moved)
    assert names(queue_of(moved, images=lab.root)) == ["sub-1_T2w"]
    write_json(moved / "dataset_description.json", {"DatasetLinks": {"raw": "../lab"}})
    assert names(queue_of(moved)) == ["sub-1_T2w"]


def test_label_maps_of_a_raw_dataset_are_taken_apart_once(lab: SmallBids, tmp_path: Path) -> None:
    lab.case("sub-1_T2w")
    lab.case("sub-2_T2w")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("raw", "preprocessed", "results"):
            (tmp_path / name).mkdir()
            patch.setenv(f"nnUNet_{name}", str(tmp_path / name))
        assert main(["convert", str(lab.root), "-d", "501", "-n", "Cord", "--pictures", "0", "--n-procs", "1"]) == 0
    dataset = next((tmp_path / "raw").iterdir())
    write_bytes(next((dataset / "labelsTr").iterdir()).with_name("broken.nii.gz"), b"no image")
    queue = queue_of(dataset)
    assert sorted(names(queue)) == ["lab_sub-1_T2w", "lab_sub-2_T2w"]
    assert any("broken" in problem for problem in queue.problems)
    case = next(case for case in queue.cases if "sub-1" in case.name)
    assert case.image.name == "lab_sub-1_T2w_0000.nii.gz"
    before = case.masks["lesion"].stat().st_mtime_ns
    lesion, cord = (read_mask(case.masks[region]).data > 0 for region in ("lesion", "sc"))
    assert lesion.any()
    assert not np.any(lesion & ~cord)
    assert outputs(case, dataset)["lesion"].endswith("/lab_sub-1_T2w_label-lesion_seg.nii.gz")
    again = next(one for one in queue_of(dataset).cases if one.name == case.name)
    assert (again.masks, again.masks["lesion"].stat().st_mtime_ns) == (case.masks, before)


def test_what_predict_left_tells_the_image_the_probability_and_the_worst_case(lab: SmallBids, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        lab.case(f"sub-{number}_T2w", Dialect.BIDS)
    predicted = tmp_path / "predicted"
    (lab.root / "derivatives" / "labels").rename(predicted)
    shutil.rmtree(predicted / "sub-4")
    rows = [
        {"case": f"sub-{number}_T2w", "status": status, "reason": reason, "warnings": warnings}
        for number, status, reason, warnings in (
            (1, "done", "n/a", "for research; segmented by cord"),
            (2, "done", "n/a", "for research; the cord is broken"),
            (3, "done", "n/a", "for research"), (4, "failed", "no cord", "for research"),
        )
    ]  # fmt: skip
    write_text(predicted / "predictions.tsv", table_text(rows, list(rows[0])))
    mask = next(predicted.rglob("sub-1_label-lesion*"))
    likely = mask.with_name(mask.name.replace("_mask", "_probseg"))
    write_bytes(likely, mask.read_bytes())
    image = lab.root / "sub-1" / "anat" / "sub-1_T2w.nii.gz"
    for region in ("SC", "lesion"):
        sidecar = mask.with_name(mask.name.replace("lesion", region).replace(".nii.gz", ".json"))
        write_json(
            sidecar,
            {"SpatialReference": "orig", "Region": region, "Inputs": [{"Name": image.name, "SHA256": sha256(image)}]},
        )
    lab.image("sub-5_T2w")  # that predict was not asked for
    queue = queue_of(predicted, images=lab.root)
    assert names(queue) == ["sub-4_T2w", "sub-2_T2w", "sub-1_T2w", "sub-3_T2w"]
    assert [case.reason for case in queue.cases] == ["no mask yet; no cord", "the cord is broken", "", ""]
    case = queue.cases[2]
    assert dict(case.probabilities) == {"lesion": likely}
    assert case.image_sha256 == sha256(image)


def test_a_label_map_is_never_taken_for_the_image_whose_name_it_has(lab: SmallBids, tmp_path: Path) -> None:
    image = lab.image("sub-1_T2w")
    predicted = tmp_path / "predicted"
    write_json(predicted / "dataset.json", {"labels": {"background": 0, "sc": [1, 2], "lesion": 2}})
    write_mask(predicted / "sub-1_T2w.nii.gz", 1 * (read_volume(image).data > 100), read_volume(image).affine)
    with pytest.raises(DataRefusedError, match="no image of them"):
        queue_of(predicted)
    assert [case.image for case in queue_of(predicted, images=lab.root).cases] == [image]


def test_the_lowest_dice_of_an_evaluation_comes_first(lab: SmallBids, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        lab.case(f"sub-{number}_T2w")
    rows = [
        {"case": f"lab_sub-{number}_T2w", "region": region, "dsc": dice}
        for number, region, dice in (
            (1, "sc", "0.9"), (1, "lesion", "n/a"), (2, "sc", "0.95"), (2, "lesion", "0.31"), (3, "sc", "0.8"),
            (3, "lesion", "0.9"),
        )
    ]  # fmt: skip
    write_text(tmp_path / "scores" / "metrics.tsv", table_text(rows, list(rows[0])))
    queue = queue_of(lab.root, scores=tmp_path / "scores")
    assert [(case.name, case.score) for case in queue.cases] == [
        ("sub-2_T2w", "0.31"), ("sub-3_T2w", "0.80"), ("sub-1_T2w", "0.90"),
    ]  # fmt: skip
    assert queue.cases[0].reason == "lesion Dice 0.31, cord Dice 0.95"
