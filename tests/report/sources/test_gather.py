import json
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cascade.prediction.predict_all import CaseOutcome, Status
from nnunet_ext.cascade.prediction.prediction_table import prediction_table
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.cell_lists import PATHS, join_list
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import table_text
from nnunet_ext.report.sources.gather import gather
from nnunet_ext.report.sources.record import CaseRecord
from tests.conftest import SmallBids
from tests.report.made_evaluation import MadeCase, MadeEvaluation


def one(cases: tuple[CaseRecord, ...], name: str) -> CaseRecord:
    return next(case for case in cases if case.name == name)


def table(path: Path, rows: list[dict[str, str]]) -> None:
    write_text(path, table_text(rows, list(rows[0])))


def test_a_folder_that_no_verb_left_is_refused_with_what_was_needed(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match=r"metrics\.tsv.*nnunet_ext evaluate"):
        gather([tmp_path])


def test_an_evaluation_tells_metrics_files_and_reasons(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w", dice=0.5), MadeCase("sub-2_T2w", reason="torn")])
    cases = gather([folder]).cases
    good, torn = one(cases, "sub-1_T2w"), one(cases, "sub-2_T2w")
    assert [row["dsc"] for row in good.metrics] == ["0.95", "0.5000"]
    assert good.reference["sc"].values == (1, 2)
    assert good.reference["lesion"].path.resolve() == tmp_path / "labels" / "case000.nii.gz"
    assert good.image is not None
    assert good.image.is_file()
    assert (good.reason, torn.reason) == ("", "torn")


def test_a_mask_for_each_region_is_taken_from_one_cell(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w")])
    row = {"case": "sub-1_T2w", "status": "ok", "reason": "n/a", "image": "n/a", "reference": "n/a"}
    table(folder / "inputs.tsv", [{**row, "prediction": "sc=../p/a_seg.nii.gz;lesion=../p/a_lesion.nii.gz"}])
    (case,) = gather([folder]).cases
    assert {name: (mask.path.name, mask.values) for name, mask in case.prediction.items()} == {
        "sc": ("a_seg.nii.gz", None),
        "lesion": ("a_lesion.nii.gz", None),
    }
    assert case.reference == {}


def test_biomarkers_and_predictions_add_to_the_same_case(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w"), MadeCase("sub-11_T2w")])
    marks = tmp_path / "biomarkers"
    table(marks / "biomarkers.tsv", [{"case": "sub-1_T2w", "lesion": "1", "volume_mm3": "12.5"}])
    rows = [
        {"case": "sub-1_T2w", "status": "measured", "reason": "n/a", "n_lesions": "1", "bridge_is_proxy": "true"},
        {"case": "sub-9_T2w", "status": "refused", "reason": "torn", "n_lesions": "n/a", "bridge_is_proxy": "n/a"},
    ]
    table(marks / "cases_biomarkers.tsv", rows)
    cases = gather([folder, marks]).cases
    assert [case.name for case in cases] == ["sub-11_T2w", "sub-1_T2w", "sub-9_T2w"]
    assert one(cases, "sub-1_T2w").values == {"n_lesions": 1.0}
    assert one(cases, "sub-1_T2w").biomarkers[0]["volume_mm3"] == "12.5"
    assert one(cases, "sub-11_T2w").biomarkers == ()  # whole names, never beginnings
    assert one(cases, "sub-9_T2w").reason == "torn"


def test_a_case_that_bears_its_site_meets_itself_without(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write(
        [MadeCase("lyon_sub-1_T2w"), MadeCase("rome_sub-2_T2w"), MadeCase("rome_sub-1_T1w")]
    )
    marks = tmp_path / "marks"
    table(marks / "biomarkers.tsv", [{"case": "sub-1_T2w", "lesion": "1"}])
    cases = gather([folder, marks]).cases
    assert len(cases) == 3
    assert one(cases, "lyon_sub-1_T2w").biomarkers


def test_predictions_are_read_from_their_sidecars(tmp_path: Path) -> None:
    out = tmp_path / "predicted"
    table(out / "predictions.tsv", [
        {"case": "sub-1_T2w", "status": "done", "reason": "n/a", "warnings": "no cord", "volume_sc_mm3": "10.5"},
        {"case": "sub-2_T2w", "status": "failed", "reason": "truncated", "warnings": "n/a", "volume_sc_mm3": "n/a"},
    ])  # fmt: skip
    anat = out / "sub-1" / "anat"
    for region, label in (("sc", "SC"), ("lesion", "lesion")):
        stem = f"sub-1_label-{label}_desc-T2w_mask"
        write_mask(anat / f"{stem}.nii.gz", np.ones((3, 3, 3), dtype=np.uint8), np.eye(4))
        sidecar = {
            "GeneratedBy": [{"Name": "nnunet_ext", "Version": "1"}], "SpatialReference": "orig", "Region": region,
            "Inputs": [{"Name": "sub-1_T2w.nii.gz", "SHA256": "0"}], "Warnings": ["no cord"],
        }  # fmt: skip
        write_json(anat / f"{stem}.json", sidecar)
    write_text(anat / "torn.json", "{")
    write_text(anat / ".part-1.json", "{")  # of a run that was killed, and no fault of a prediction
    found = gather([out])
    case, failed = one(found.cases, "sub-1_T2w"), one(found.cases, "sub-2_T2w")
    assert {name: mask.path.name for name, mask in case.prediction.items()} == {
        "sc": "sub-1_label-SC_desc-T2w_mask.nii.gz",
        "lesion": "sub-1_label-lesion_desc-T2w_mask.nii.gz",
    }
    assert case.warnings == ("no cord",)
    assert case.values == {"pred_volume_sc_mm3": 10.5}
    assert failed.reason == "truncated"
    (problem,) = (problem for one_found in found.found for problem in one_found.problems)
    assert "torn.json" in problem


def test_images_are_found_in_a_bids_folder_by_whole_names(tmp_path: Path, bids: SmallBids) -> None:
    for stem in ("sub-1_T2w", "sub-10_T2w"):
        bids.case(stem)
    cases = [MadeCase("sub-1_T2w", has_image=False), MadeCase("site_sub-10_T2w", has_image=False)]
    folder = MadeEvaluation(tmp_path / "made").write([*cases, MadeCase("sub-100_T2w", has_image=False)])
    found = gather([folder], bids.root).cases
    names = {case.name: None if case.image is None else case.image.name for case in found}
    assert names == {"sub-1_T2w": "sub-1_T2w.nii.gz", "site_sub-10_T2w": "sub-10_T2w.nii.gz", "sub-100_T2w": None}


def test_site_and_image_come_from_the_raw_dataset_that_holds_the_reference(tmp_path: Path) -> None:
    made = MadeEvaluation(tmp_path)
    folder = made.write([MadeCase("case000", site="n/a", has_image=False)])
    raw = tmp_path / "Dataset501_X"
    write_json(raw / "dataset.json", {})
    (raw / "labelsTs").mkdir()
    (raw / "imagesTs").mkdir()
    (tmp_path / "labels" / "case000.nii.gz").rename(raw / "labelsTs" / "case000.nii.gz")
    write_text(raw / "imagesTs" / "case000_0000.nii.gz", "")
    table(raw / "cases.tsv", [{"case": "case000", "site": "oslo", "contrast": "T1w"}])
    row = {"case": "case000", "status": "ok", "reason": "n/a", "prediction": "n/a", "image": "n/a"}
    table(folder / "inputs.tsv", [{**row, "reference": "../Dataset501_X/labelsTs/case000.nii.gz"}])
    (case,) = gather([folder]).cases
    assert case.site == "oslo"
    assert case.image == folder / "../Dataset501_X/imagesTs/case000_0000.nii.gz"


def test_training_curves_are_read_from_our_table_and_from_plain_logs(tmp_path: Path) -> None:
    ours, plain = tmp_path / "ours" / "fold_0", tmp_path / "plain" / "fold_0"
    table(ours / "progress.tsv", [{"epoch": "0", "train_loss": "-0.1", "val_loss": "-0.2", "dice_sc": "0.5"}])
    epoch = "2026-01-01 10:00:0{n}.1: Epoch {n} \n2026-01-01: train_loss -0.{n} \n2026-01-01: val_loss -0.2 \n"
    dice = "2026-01-01: Pseudo dice [np.float32(0.8), np.float64(nan)] \n"
    log = epoch.format(n=0) + dice + epoch.format(n=1) + dice + "2026-01-01: Epoch 2 \n"
    write_text(plain / "training_log_2026.txt", log)
    found = gather([tmp_path / "ours", tmp_path / "plain"]).found
    (our,), (their,) = found[0].curves, found[1].curves
    assert (our.train_loss, our.validation_loss, our.pseudo_dice) == ((-0.1,), (-0.2,), {"sc": (0.5,)})
    assert their.train_loss == (0.0, -0.1)
    assert their.pseudo_dice["region 1"] == (0.8, 0.8)
    assert np.isnan(their.pseudo_dice["region 2"]).all()


def test_a_training_without_an_epoch_is_named(tmp_path: Path) -> None:
    write_text(tmp_path / "fold_1" / "training_log_1.txt", "2026: nothing yet\n")
    (found,) = gather([tmp_path]).found
    assert found.curves == ()
    assert found.problems == ("fold_1: no epoch is finished, so there is no training curve",)


def test_tables_and_figures_of_an_agreement_are_taken(tmp_path: Path) -> None:
    table(tmp_path / "comparison.tsv", [{"metric": "dsc", "p": "0.04"}])
    write_text(tmp_path / "agreement.tsv", "biomarker\tbias\n")  # nothing in it
    write_text(tmp_path / "figures" / "raincloud_dsc.svg", "<svg/>")
    (found,) = gather([tmp_path]).found
    assert [one_table.title for one_table in found.tables] == ["Comparison of methods"]
    assert [title for title, _ in found.pictures] == ["raincloud dsc"]


def test_uncertainties_of_a_query_are_added(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w")])
    table(folder / "scores.tsv", [{"case": "sub-1_T2w", "lesion_entropy": "0.25", "site": "x", "rank": "1"}])
    (case,) = gather([folder]).cases
    assert case.values == {"lesion_entropy": 0.25}


def test_a_torn_dictionary_is_refused_by_name(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w")])
    write_text(folder / "metrics.json", json.dumps({"regions": {}})[:-2])
    with pytest.raises(DataRefusedError, match=r"metrics\.json"):
        gather([folder])


def test_a_region_that_nobody_annotated_is_a_warning_and_no_refusal(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w")])
    cord = {"case": "sub-1_T2w", "site": "a", "region": "sc", "dsc": "0.9", "status": "ok", "reason": "n/a"}
    lesion = {**cord, "region": "lesion", "dsc": "n/a", "status": "not annotated", "reason": "ignored as a whole"}
    table(folder / "metrics.tsv", [cord, lesion])
    (case,) = gather([folder]).cases
    assert case.reason == ""
    assert case.warnings == ("lesion: not annotated: ignored as a whole",)


def test_a_missing_prediction_is_called_so(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w")])
    row = {"case": "sub-1_T2w", "status": "missing prediction", "reason": "n/a", "image": "n/a", "prediction": "n/a"}
    table(folder / "inputs.tsv", [{**row, "reference": "../labels/case000.nii.gz"}])
    (case,) = gather([folder]).cases
    assert case.reason == "missing prediction"
    assert case.reference


@pytest.mark.parametrize("cell", ["{0}", "{0}\\; look at it", "{0}; look at it", "{0}; look at it; thick slices"])
def test_a_warning_with_a_semicolon_is_told_once(tmp_path: Path, cell: str) -> None:
    sentence = "no cord box was found (score 0.2; needed 0.5); look at it"
    told = cell.format(sentence.removesuffix("; look at it"))
    row = {"case": "sub-1_T2w", "status": "done", "reason": "n/a", "warnings": told, "volume_sc_mm3": "1"}
    table(tmp_path / "predictions.tsv", [row])
    for region, label in (("sc", "SC"), ("lesion", "lesion")):
        stem = f"sub-1_T2w_label-{label}_seg"
        write_mask(tmp_path / f"{stem}.nii.gz", np.ones((3, 3, 3), dtype=np.uint8), np.eye(4))
        sidecar = {
            "SpatialReference": "orig", "Region": region, "Inputs": [{"Name": "sub-1_T2w.nii.gz"}],
            "Warnings": [sentence],
        }  # fmt: skip
        write_json(tmp_path / f"{stem}.json", sidecar)
    (case,) = gather([tmp_path]).cases
    more = ("thick slices",) if "thick" in cell else ()
    assert case.warnings == (*more, sentence)


def test_warnings_that_the_verbs_wrote_come_back_whole(tmp_path: Path) -> None:
    sentences = ("no cord box (score 0.2; needed 0.5)", "thick slices")
    outcome = CaseOutcome("sub-1_T2w", Status.DONE, warnings=sentences)
    write_text(tmp_path / "predictions.tsv", prediction_table([outcome], ["sc"]))
    assert gather([tmp_path]).cases[0].warnings == sentences


def test_a_path_with_a_semicolon_is_one_path(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w")])
    row = {"case": "sub-1_T2w", "status": "ok", "reason": "n/a", "image": "n/a", "reference": "n/a"}
    table(
        folder / "inputs.tsv", [{**row, "prediction": join_list(["sc=../a;b/c.nii.gz", "lesion=../d.nii.gz"], PATHS)}]
    )
    (case,) = gather([folder]).cases
    assert {name: mask.path.as_posix().rpartition("evaluated/")[2] for name, mask in case.prediction.items()} == {
        "sc": "../a;b/c.nii.gz", "lesion": "../d.nii.gz",
    }  # fmt: skip
