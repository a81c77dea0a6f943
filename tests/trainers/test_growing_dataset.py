"""What is derived from a dataset, after the dataset has changed: appended to, corrected, converted again, boxed."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import blosc2
import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.environment import nnunet_variables
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from tests.conftest import SmallBids
from tests.nnunet_server import run_nnunet
from tests.trainers.conftest import Prepared

NAME = "Dataset007_Cord"
BOXED = "Dataset008_Boxed"
OLD = [f"site_sub-{number}_T2w" for number in range(6)]
NEW = ["site_sub-6_T2w", "site_sub-7_T2w"]


@dataclass(frozen=True)
class Growing:
    """A preprocessed dataset of six patients of one's own, and nnU-Net's variables set for it."""

    root: Path
    environment: Mapping[str, str]

    @property
    def bids(self) -> SmallBids:
        return SmallBids(self.root / "site")

    @property
    def raw(self) -> Path:
        return self.root / "raw" / NAME

    @property
    def preprocessed(self) -> Path:
        return self.root / "preprocessed" / NAME

    def convert(self, *flags: str) -> int:
        """Convert as the dataset was converted at first."""
        command = ["convert", str(self.bids.root), "-d", "7", "-n", "Cord", "--missing", "lesion=ignore"]
        return main([*command, "--test-fraction", "0", "--seed", "1", *flags])

    def append_two(self) -> None:
        for number in (6, 7):
            self.bids.case(f"sub-{number}_T2w")
        assert self.convert("--append") == 0

    def correct(self, subject: str) -> None:
        """Correct a lesion mask as a rater may: another voxel, and the time that the file had."""
        file = next(self.bids.root.rglob(f"{subject}_T2w_label-lesion_seg.nii.gz"))
        before, mask = file.stat(), read_mask(file)
        changed = mask.data.copy()
        changed[7, 9, 4], changed[7, 9, 8] = 0, 1
        write_mask(file, changed, mask.affine)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def trainer(self, name: str = "nnUNetTrainerSCI_1epochs", number: str = "7", configuration: str = "tiny") -> Any:  # noqa: ANN401 - a trainer
        import torch
        from nnunetv2.run.run_training import get_trainer_from_args

        trainer = get_trainer_from_args(number, configuration, 0, name, device=torch.device("cpu"))
        trainer.initialize()
        return trainer

    def arrays(self, folder: str = "nnUNetPlans_3d_fullres") -> dict[str, bytes]:
        """Label maps as they are preprocessed."""
        files = (self.preprocessed / folder).glob("*_seg.b2nd")
        return {file.name.removesuffix("_seg.b2nd"): np.asarray(blosc2.open(str(file))[:]).tobytes() for file in files}

    def box(self, *flags: str) -> int:
        """Box the cord where the label maps have it."""
        for file in (self.raw / "labelsTr").iterdir():
            label = read_mask(file)
            write_mask(self.root / "cords" / file.name, (label.data > 0).astype(np.uint8), label.affine)
        return main(["crop-dataset", "7", "-d", "8", "-n", "Boxed", "--cords", str(self.root / "cords"), *flags])

    def plan(self, number: str) -> None:
        done = run_nnunet(["nnUNetv2_plan_and_preprocess", "-d", number, "--no_pp", "-npfp", "1"], self.environment)
        assert done.returncode == 0, done.stdout

    def plan_boxed(self) -> None:
        """Let nnU-Net plan and preprocess the boxes, with the tiny network of the whole images."""
        self.plan("8")
        assert main(["crop-dataset", "--fix-plans", "8"]) == 0
        file = self.root / "preprocessed" / BOXED / "nnUNetPlans.json"
        plans, whole = (json.loads(one.read_text()) for one in (file, self.preprocessed / "nnUNetPlans.json"))
        plans["configurations"]["tiny"] = whole["configurations"]["tiny"]
        plans["configurations"]["3d_fullres"]["nnunet_ext"] = whole["configurations"]["3d_fullres"]["nnunet_ext"]
        file.write_text(json.dumps(plans))


@pytest.fixture
def growing(prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Growing:
    root = Path(shutil.copytree(prepared.root, tmp_path / "nnunet"))
    (root / "preprocessed" / NAME / "spine_plan.json").unlink(missing_ok=True)
    environment = {**prepared.environment, **nnunet_variables(root, {})}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Growing(root, environment)


def folds(folder: Path) -> list[dict[str, list[str]]]:
    content: list[dict[str, list[str]]] = json.loads((folder / "splits_final.json").read_text())
    return content


def in_folds(folder: Path, part: str) -> set[str]:
    return {case for fold in folds(folder) for case in fold[part]}


def test_nothing_is_made_again_where_nothing_has_changed(growing: Growing, tree_hash: Callable[[Path], str]) -> None:
    growing.trainer()
    before = tree_hash(growing.preprocessed)
    assert growing.convert() == 0
    growing.trainer()
    assert tree_hash(growing.preprocessed) == before


def test_appended_cases_are_preprocessed_trained_on_and_validated(growing: Growing) -> None:
    growing.trainer()
    old = growing.arrays()
    times = {file: file.stat().st_mtime_ns for file in growing.preprocessed.glob("*fullres/site_sub-0*")}
    growing.append_two()
    assert folds(growing.preprocessed) == folds(growing.raw)
    for part in ("train", "val"):
        assert in_folds(growing.preprocessed, part) == {*OLD, *NEW}
    trainer = growing.trainer()
    assert trainer.dataset_json["numTraining"] == 8
    assert set(growing.arrays()) == {*OLD, *NEW}
    assert old.items() <= growing.arrays().items()
    assert {file: file.stat().st_mtime_ns for file in times} == times
    training, validation = trainer.do_split()
    assert {*training, *validation} == {*OLD, *NEW}
    assert set(trainer.spine_plan.groups) == {*OLD, *NEW}
    assert {file.name for file in (growing.preprocessed / "gt_segmentations").iterdir()} == {
        file.name for file in (growing.raw / "labelsTr").iterdir()
    }


def test_nnunet_plans_an_appended_dataset_again_without_a_word(growing: Growing) -> None:
    growing.append_two()
    growing.plan("7")


def test_what_was_appended_where_nobody_could_see_nnunets_folder_is_renewed_by_the_trainer(
    growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("nnUNet_preprocessed")
        growing.append_two()
    assert in_folds(growing.preprocessed, "val") == set(OLD)
    growing.trainer()
    assert folds(growing.preprocessed) == folds(growing.raw)


def test_folds_that_a_person_edited_survive_an_append_with_the_new_cases_in_them(growing: Growing) -> None:
    mine = [
        {"train": OLD[1:5], "val": [OLD[0]]},  # one patient was taken out of this fold
        {"train": [OLD[0], *OLD[3:]], "val": OLD[1:3]},
    ]
    (growing.preprocessed / "splits_final.json").write_text(json.dumps(mine))
    growing.trainer()
    assert folds(growing.preprocessed) == mine
    growing.append_two()
    assert folds(growing.preprocessed) == folds(growing.raw)
    for old, fold in zip(mine, folds(growing.preprocessed), strict=True):
        for part in ("train", "val"):
            assert set(fold[part]) - set(NEW) == set(old[part])
        assert {*fold["train"], *fold["val"]} >= set(NEW)


@pytest.mark.parametrize("flags", [(), ("--append",)])
def test_a_corrected_label_is_seen_by_its_content_and_named_with_the_way_out(
    growing: Growing, flags: tuple[str, ...], tree_hash: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    growing.correct("sub-1")
    before = tree_hash(growing.raw)
    assert growing.convert(*flags) == 5
    said = capsys.readouterr().err
    assert "site_sub-1_T2w" in said
    assert "--update" in said
    assert tree_hash(growing.raw) == before


def test_an_update_takes_the_corrected_label_over_and_all_that_was_derived_from_it(growing: Growing) -> None:
    growing.trainer()
    arrays, splits = growing.arrays(), folds(growing.raw)
    page = (growing.raw / "qc.html").read_text() if (growing.raw / "qc.html").exists() else ""
    growing.correct("sub-1")
    growing.bids.case("sub-6_T2w")
    assert growing.convert("--update") == 0
    case = "site_sub-1_T2w"
    source = read_mask(next(growing.bids.root.rglob("sub-1_T2w_label-lesion_seg.nii.gz")))
    assert np.array_equal(read_mask(growing.raw / "labelsTr" / f"{case}.nii.gz").data == 2, source.data > 0)
    assert (growing.raw / "qc.html").read_text() != page
    growing.trainer()
    changed = {name for name, array in growing.arrays().items() if array != arrays.get(name)}
    assert changed == {case, "site_sub-6_T2w"}
    truth = growing.preprocessed / "gt_segmentations" / f"{case}.nii.gz"
    assert truth.read_bytes() == (growing.raw / "labelsTr" / truth.name).read_bytes()
    for old, new in zip(splits, folds(growing.raw), strict=True):
        assert set(old["val"]) <= set(new["val"])
    assert growing.convert("--update") == 0


def test_a_correction_that_is_damaged_leaves_the_case_as_it_was_and_is_named(
    growing: Growing, capsys: pytest.CaptureFixture[str]
) -> None:
    file = next(growing.bids.root.rglob("sub-2_T2w_label-lesion_seg.nii.gz"))
    whole, label = file.read_bytes(), growing.raw / "labelsTr" / "site_sub-2_T2w.nii.gz"
    before = label.read_bytes()
    file.write_bytes(whole[:-9])
    growing.correct("sub-1")
    assert growing.convert("--update") == 3
    assert "site_sub-2_T2w" in capsys.readouterr().err
    assert label.read_bytes() == before
    assert growing.convert("--append") == 5  # it is still another file than was converted
    file.write_bytes(whole)
    assert growing.convert("--append") == 0


def test_a_label_map_that_was_edited_in_the_dataset_itself_is_not_overwritten(
    growing: Growing, capsys: pytest.CaptureFixture[str]
) -> None:
    label = growing.raw / "labelsTr" / "site_sub-1_T2w.nii.gz"
    mine = read_mask(label)
    write_mask(label, np.where(mine.data == 2, 1, mine.data).astype(np.uint8), mine.affine)
    edited = label.read_bytes()
    growing.trainer()
    assert (growing.preprocessed / "gt_segmentations" / label.name).read_bytes() == edited
    growing.append_two()  # which takes the edited map over, and must not forget that it was edited
    assert label.read_bytes() == edited
    growing.correct("sub-1")
    assert growing.convert("--update") == 3
    assert "edited in the dataset" in capsys.readouterr().err
    assert label.read_bytes() == edited


def test_a_new_conversion_of_the_same_number_is_not_trained_on_with_the_arrays_of_the_old_one(
    growing: Growing,
) -> None:
    localizer = growing.trainer("nnUNetTrainerCordLocalizer_1epochs", configuration="3d_cord")
    coarse = Path(localizer.preprocessed_dataset_folder).name
    old = growing.arrays(coarse)
    shutil.rmtree(growing.raw)
    shutil.rmtree(growing.bids.root)
    for number in (2, 3, 4, 5, 6, 7):
        growing.bids.labels(f"sub-{number}_T2w", Dialect.MANUAL, lesion=number % 2 == 0)
        growing.bids.image(f"sub-{number}_T2w")
    assert growing.convert() == 0
    growing.trainer("nnUNetTrainerCordLocalizer_1epochs", configuration="3d_cord")
    new = growing.arrays(coarse)
    assert set(new) == {f"site_sub-{number}_T2w" for number in range(2, 8)}
    assert new["site_sub-3_T2w"] != old["site_sub-3_T2w"]


def test_a_raw_dataset_that_was_copied_in_part_is_refused_and_nothing_is_removed(growing: Growing) -> None:
    (growing.raw / "labelsTr" / f"{OLD[0]}.nii.gz").unlink()
    before = set(growing.arrays())
    with pytest.raises(DataRefusedError, match="6 training cases"):
        growing.trainer()
    assert set(growing.arrays()) == before


def test_without_the_raw_dataset_training_goes_on_and_says_that_nobody_looked(
    growing: Growing, capsys: pytest.CaptureFixture[str]
) -> None:
    growing.trainer()
    shutil.rmtree(growing.raw)
    growing.trainer()
    assert "cannot be seen" in capsys.readouterr().out


def test_preprocessed_data_offered_to_be_read_only_are_looked_at_and_never_written(
    growing: Growing, tree_hash: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    growing.trainer()
    # As another user's folder answers; whoever runs these tests may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK and NAME in str(path)))
    before = tree_hash(growing.preprocessed)
    growing.trainer()
    assert tree_hash(growing.preprocessed) == before
    growing.correct("sub-3")
    assert growing.convert("--update") == 0
    before = tree_hash(growing.preprocessed)
    with pytest.raises(DataRefusedError, match=r"cannot be written, and site_sub-3_T2w .*nnUNetv2_preprocess -d 7"):
        growing.trainer()
    assert tree_hash(growing.preprocessed) == before


def test_a_boxed_dataset_knows_all_that_its_source_knows(growing: Growing) -> None:
    whole = growing.trainer().spine_plan
    assert growing.box() == 0
    growing.plan_boxed()
    plan = growing.trainer("nnUNetTrainerCordCrop_1epochs", number="8").spine_plan
    assert plan.not_annotated == whole.not_annotated == {OLD[5]: ("lesion",)}
    assert plan.groups == whole.groups
    assert plan.epochs == whole.epochs
    assert plan.smallest_lesion_mm3 == whole.smallest_lesion_mm3
    assert plan.crop_margins_mm.keys() >= {"superior", "left"}


def test_from_bids_to_a_second_stage_and_again_after_two_more_patients_and_a_correction(growing: Growing) -> None:
    growing.trainer().run_training()
    assert growing.box() == 0
    growing.plan_boxed()
    growing.trainer("nnUNetTrainerCordCrop_1epochs", number="8").run_training()
    growing.append_two()
    growing.correct("sub-1")
    assert growing.convert("--append") == 5
    assert growing.convert("--update") == 0
    with pytest.raises(DataRefusedError, match=r"crop-dataset .* --update"):
        growing.trainer("nnUNetTrainerCordCrop_1epochs", number="8")
    assert growing.box() == 5
    assert growing.box("--update") == 0
    for number, name in (("7", "nnUNetTrainerSCI_1epochs"), ("8", "nnUNetTrainerCordCrop_1epochs")):
        trainer = growing.trainer(name, number=number)
        trainer.run_training()
        trainer.perform_actual_validation()
        training, validation = trainer.do_split()
        assert {*training, *validation} == {*OLD, *NEW}
        summary = json.loads((Path(trainer.output_folder) / "validation" / "summary.json").read_text())
        assert len(summary["metric_per_case"]) == len(validation)
        label = Path(trainer.preprocessed_dataset_folder_base) / "gt_segmentations" / f"{OLD[1]}.nii.gz"
        assert label.read_bytes() == (growing.raw / "labelsTr" / label.name).read_bytes()
        assert set(trainer.spine_plan.groups) == {*OLD, *NEW}
