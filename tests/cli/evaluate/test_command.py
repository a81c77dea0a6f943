"""The verb `evaluate`, on files as labs have them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.evaluate.command import PRESET_NAMES
from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import TableRow, read_table
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Array
from nnunet_ext.evaluation.preset import PRESETS
from tests.conftest import SmallBids

AFFINE = np.diag([-0.5, 0.5, 4.0, 1.0])
FIRST = [
    "case", "site", "region", "dsc", "nsd", "assd", "hd95", "rel_vol_error", "lesion_ppv", "lesion_sensitivity",
    "lesion_f1", "lcwa", "ref_count", "pred_count", "ref_volume_mm3", "pred_volume_mm3",
]  # fmt: skip
ODD = 'z"rich'
TABLES = {"metrics.tsv", "summary.tsv", "metrics.json", "inputs.tsv", "lesions.tsv"}
LEAVES = {*TABLES, "dataset_description.json", ".bidsignore"}


def labels(*, lesion: bool = True, missing_slices: int = 0) -> Array:
    mask = np.zeros((12, 14, 10), dtype=np.uint8)
    mask[3:9, 4:10] = 1
    if lesion:
        mask[5:7, 6:8, 2:5] = 2
    mask[:, :, 10 - missing_slices :] = 0
    return mask


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw dataset of four test cases from two sites, and their predictions in `pred`; the fourth has no lesion."""
    folder = tmp_path / "Dataset501_Cord"
    write_json(folder / "dataset.json", {**load_target("cord-lesion").nnunet_keys(), "file_ending": ".nii.gz"})
    rows = ["case\tsubject\tsession\tcontrast\tsite\tnot_annotated"]
    for number in range(4):
        case = f"lab_sub-{number}_T2w"
        write_mask(folder / "labelsTs" / f"{case}.nii.gz", labels(lesion=number < 3), AFFINE)
        write_mask(tmp_path / "pred" / f"{case}.nii.gz", labels(lesion=number < 3, missing_slices=number), AFFINE)
        site, contrast = "paris" if number < 2 else ODD, "T2w" if number else "T1w"
        rows.append(f"{case}\tsub-{number}\tn/a\t{contrast}\t{site}\tn/a")
    write_text(folder / "cases.tsv", "\n".join(rows) + "\n")
    return folder


def evaluate(*arguments: object) -> int:
    return main(["evaluate", *map(str, arguments)])


def rows(out: Path, table: str = "metrics.tsv") -> list[TableRow]:
    return read_table(out / table)


def by_key(out: Path) -> dict[tuple[str, str], dict[str, str]]:
    return {(row["case"], row["region"]): row for row in rows(out)}


def test_every_case_and_region_has_a_row_and_every_table_is_there(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", out) == 0
    assert {path.name for path in out.iterdir()} == LEAVES
    table = rows(out)
    assert list(table[0])[: len(FIRST)] == FIRST
    assert [(row["case"], row["region"]) for row in table] == [
        (f"lab_sub-{number}_T2w", region) for number in range(4) for region in ("sc", "lesion")
    ]
    assert {row["status"] for row in table} == {"ok"}
    dictionary = json.loads((out / "metrics.json").read_text())
    described = {"case", "site", "region", *dictionary["metrics"], *dictionary["columns"]}
    assert described == set(table[0])
    for name in ("lesions", "inputs"):
        assert list(dictionary[name]) == (out / f"{name}.tsv").read_text().splitlines()[0].split("\t")
        assert all(dictionary[name].values())
    assert dictionary["preset"]["name"] == "sciseg2"
    description = json.loads((out / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "nnunet_ext"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_table_of_cases_is_read_as_a_spreadsheet_saves_it(raw: Path, tmp_path: Path, encoding: str) -> None:
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", tmp_path / "one") == 0
    table = (raw / "cases.tsv").read_text().replace("case\tsubject", "Case\tSubject").replace("paris", "Besançon")
    (tmp_path / "mine.csv").write_bytes(table.replace(ODD, "Orléans").replace("\t", ";").encode(encoding))
    given = ("--cases", tmp_path / "mine.csv", "-o", tmp_path / "two")
    assert evaluate(raw / "labelsTs", tmp_path / "pred", *given) == 0
    first, second = rows(tmp_path / "one"), rows(tmp_path / "two")
    named = {"paris": "Besançon", ODD: "Orléans"}
    assert second == [{**row, "site": named[row["site"]]} for row in first]


def test_cases_that_a_given_table_does_not_know_are_said(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.tsv").write_text("case\tsite\nlab_sub-1_T2w\tparis\nlab_sub-02_T2w\tparis\n")
    given = ("--cases", tmp_path / "mine.tsv", "-o", tmp_path / "out")
    assert evaluate(raw / "labelsTs", tmp_path / "pred", *given) == 0
    assert "--cases mine.tsv: no row of 3 of 4 cases, such as lab_sub-0_T2w, lab_sub-2_T2w" in capsys.readouterr().err


def test_label_values_written_as_texts_score_alike(raw: Path, tmp_path: Path) -> None:
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", tmp_path / "one") == 0
    content = json.loads((raw / "dataset.json").read_text())
    write_json(raw / "dataset.json", {**content, "labels": {"background": "0", "sc": ["1", "2"], "lesion": "2"}})
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", tmp_path / "two") == 0
    assert rows(tmp_path / "one") == rows(tmp_path / "two")


def test_site_and_contrast_come_from_the_dataset_and_the_summary_has_both(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", out) == 0
    assert {row["site"] for row in rows(out)} == {"paris", ODD}
    summary = rows(out, "summary.tsv")
    assert list(dict.fromkeys(row["site"] for row in summary)) == [
        "(all)", "paris", ODD, "(contrast T1w)", "(contrast T2w)",
    ]  # fmt: skip
    clean = next(row for row in summary if row["metric"] == "lesion_free_kept_clean" and row["site"] == "(all)")
    assert (clean["n_cases"], clean["n_used"], clean["mean"]) == ("4", "1", "1.0")


def test_a_site_without_lesions_has_no_sensitivity_and_nobody_is_told_that_lesions_were_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [("a", "paris", True), ("b", "zurich", False), ("c", "zurich", False)]
    for name, _, lesion in cases:
        write_mask(tmp_path / "ref" / f"{name}.nii.gz", labels(lesion=lesion), AFFINE)
        write_mask(tmp_path / "pred" / f"{name}.nii.gz", labels(lesion=False), AFFINE)
    table = "".join(f"{name}\t{site}\n" for name, site, _ in cases)
    write_text(tmp_path / "cases.tsv", f"case\tsite\n{table}")
    out = tmp_path / "out"
    sides = (tmp_path / "ref", tmp_path / "pred", "--target", "cord-lesion")
    assert evaluate(*sides, "--cases", tmp_path / "cases.tsv", "-o", out) == 0
    told = [re.split(r"  +", line) for line in capsys.readouterr().out.splitlines()]
    shown = {cells[0]: cells[2:] for cells in told if cells[1:2] == ["lesion"]}
    # Dice, NSD, HD95, sensitivity, precision (of which there is none where nothing was predicted) and F1
    assert shown["zurich"][:6] == ["n/a (0/2)"] * 6
    nothing, none_found = "n/a (0/3)", "0.00 (1/3)"
    assert shown["(all)"][:6] == [none_found, none_found, nothing, none_found, nothing, none_found]
    summary = {(row["site"], row["metric"]): row for row in rows(out, "summary.tsv") if row["region"] == "lesion"}
    assert summary["zurich", "lesion_f1"]["mean"] == "n/a"
    assert summary["(all)", "lesion_sensitivity"]["mean"] == "0.0"
    assert main(["report", str(out), "-o", str(tmp_path / "page")]) == 0
    page = (tmp_path / "page" / "report.html").read_text()
    assert "n/a (0)" in page
    assert "0.00 (1)" in page


def test_the_same_command_gives_the_same_bytes_in_any_number_of_processes(
    raw: Path, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    arguments = [raw / "labelsTs", tmp_path / "pred", "-o", tmp_path / "out"]
    assert evaluate(*arguments) == 0
    once = tree_hash(tmp_path / "out")
    assert evaluate(*arguments, "--n-procs", "2") == 0
    assert tree_hash(tmp_path / "out") == once


def test_another_evaluation_is_not_overwritten_unless_asked(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [raw / "labelsTs", tmp_path / "pred", "-o", tmp_path / "out"]
    assert evaluate(*arguments) == 0
    assert evaluate(*arguments, "--preset", "anima") == 5
    assert "other preset" in capsys.readouterr().err
    assert evaluate(*arguments, "--preset", "anima", "--force") == 0
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["preset"]["name"] == "anima"


def test_a_folder_of_other_files_is_not_mixed_with(raw: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "out" / "mine.txt", "keep")
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", tmp_path / "out") == 5
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_not_even_force_overwrites_what_evaluate_did_not_write(
    raw: Path, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    arguments = (raw / "labelsTs", tmp_path / "pred", "-o")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "summary.tsv").write_text("mine")
    (theirs / "metrics.json").write_text("{}")
    before = tree_hash(theirs)
    assert evaluate(*arguments, theirs, "--force") == 5
    assert tree_hash(theirs) == before
    assert evaluate(*arguments, tmp_path / "out") == evaluate(*arguments, tmp_path / "out" / "anima") == 0
    (tmp_path / "out" / "notes.tsv").write_text("mine")
    before = tree_hash(tmp_path / "out")
    assert evaluate(*arguments, tmp_path / "out", "--force") == 0
    assert tree_hash(tmp_path / "out") == before


def test_bad_cases_are_named_and_the_rest_is_scored(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pred, out = tmp_path / "pred", tmp_path / "out"
    (pred / "lab_sub-0_T2w.nii.gz").unlink()
    cut = pred / "lab_sub-1_T2w.nii.gz"
    cut.write_bytes(cut.read_bytes()[:-30])
    write_mask(pred / "lab_sub-10_T2w.nii.gz", labels(), AFFINE)
    write_mask(pred / "lab_sub-3_T2w.nii", labels(), AFFINE)
    assert evaluate(raw / "labelsTs", pred, "-o", out) == 3
    told = {(row["case"][4:-4], row["status"]) for row in rows(out)}
    assert told == {
        ("sub-0", "missing prediction"), ("sub-1", "refused"), ("sub-10", "missing reference"), ("sub-2", "ok"),
        ("sub-3", "refused"),
    }  # fmt: skip
    refused = by_key(out)[("lab_sub-1_T2w", "lesion")]
    assert (refused["dsc"], refused["ref_volume_mm3"]) == ("n/a", "n/a")
    assert "lab_sub-1_T2w.nii.gz" in refused["reason"]
    assert "both a .nii and a .nii.gz" in by_key(out)[("lab_sub-3_T2w", "sc")]["reason"]
    dsc = next(row for row in rows(out, "summary.tsv") if row["metric"] == "dsc")
    assert (dsc["n_cases"], dsc["n_used"], dsc["n_not_scored"]) == ("5", "1", "4")
    shown = capsys.readouterr()
    assert "1 of 5 cases scored" in shown.out
    assert "(1/5)" in shown.out
    assert all(f"lab_sub-{number}_T2w: " in shown.err for number in (0, 1, 3, 10))


def test_missing_predictions_count_as_empty_where_asked(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "pred" / "lab_sub-0_T2w.nii.gz").unlink()
    out = tmp_path / "out"
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", out, "--missing-as-empty") == 0
    row = by_key(out)[("lab_sub-0_T2w", "lesion")]
    assert (row["dsc"], row["lesion_sensitivity"], row["status"]) == ("0.0", "0.0", "ok")
    assert "scored as an empty one" in row["reason"]
    assert json.loads((out / "metrics.json").read_text())["settings"]["missing_predictions"] == "scored as empty"


def test_a_class_that_nobody_annotated_is_no_fault_and_no_score(raw: Path, tmp_path: Path) -> None:
    keys = load_target("cord-lesion").nnunet_keys(ignore=True)
    write_json(raw / "dataset.json", {**keys, "file_ending": ".nii.gz"})
    cord = labels()
    write_mask(raw / "labelsTs" / "lab_sub-0_T2w.nii.gz", np.where(cord > 0, 3, 0).astype(np.uint8), AFFINE)
    table = (raw / "cases.tsv").read_text().replace("paris\tn/a", "paris\tlesion", 1)
    write_text(raw / "cases.tsv", table)
    out = tmp_path / "out"
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", out) == 0
    found = by_key(out)
    assert (found[("lab_sub-0_T2w", "sc")]["dsc"], found[("lab_sub-0_T2w", "sc")]["notes"]) == ("1.0", "n/a")
    assert found[("lab_sub-0_T2w", "lesion")]["status"] == "not annotated"
    (raw / "cases.tsv").unlink()
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", out) == 0
    guessed = by_key(out)[("lab_sub-0_T2w", "sc")]
    assert guessed["dsc"] == "1.0"
    assert "where lesion may be" in guessed["notes"]


def test_masks_in_bids_trees_pair_with_label_maps_of_nnunet(bids: SmallBids, tmp_path: Path) -> None:
    for stem in ("sub-1_T2w", "sub-10_T2w"):
        bids.image(stem)
        bids.labels(stem, Dialect.NEUROPOLY)
    bids.participants([{"participant_id": "sub-1", "site": "lyon"}, {"participant_id": "sub-10", "site": "n/a"}])
    flat = tmp_path / "flat"
    for path in bids.root.glob("derivatives/**/sub-1_*SC_seg.nii.gz"):
        flat.mkdir(exist_ok=True)
        (flat / "sub-1_T2w_seg.nii.gz").write_bytes(path.read_bytes())
    for path in bids.root.glob("derivatives/**/sub-1_*lesion_seg.nii.gz"):
        (flat / "sub-1_T2w_lesion-manual.nii.gz").write_bytes(path.read_bytes())
    out = tmp_path / "out"
    assert evaluate(bids.root / "derivatives" / "labels", flat, "-o", out) == 3
    found = by_key(out)
    assert [found[("sub-1_T2w", region)]["dsc"] for region in ("sc", "lesion")] == ["1.0", "1.0"]
    assert (found[("sub-1_T2w", "sc")]["site"], found[("sub-10_T2w", "sc")]["site"]) == ("lyon", "unknown")
    assert found[("sub-1_T2w", "sc")]["contrast"] == "T2w"
    assert found[("sub-10_T2w", "sc")]["status"] == "missing prediction"
    given = {row["case"]: row for row in rows(out, "inputs.tsv")}["sub-1_T2w"]
    parts = dict(part.split("=", 1) for part in given["reference"].split(";"))
    assert set(parts) == {"sc", "lesion"}
    assert all((out / path).is_file() for path in [*parts.values(), given["image"]])


def test_two_files_for_one_region_of_a_case_are_refused(bids: SmallBids, tmp_path: Path) -> None:
    bids.labels("sub-1_T2w", Dialect.NEUROPOLY)
    bids.labels("sub-1_T2w", Dialect.MANUAL)
    labels_folder = bids.root / "derivatives" / "labels"
    assert evaluate(labels_folder, labels_folder, "-o", tmp_path / "out") == 3
    assert "2 files for lesion" in by_key(tmp_path / "out")[("sub-1_T2w", "lesion")]["reason"]


def test_two_single_masks_of_a_lesion(tmp_path: Path) -> None:
    lesion = (labels() == 2).astype(np.uint8)
    write_mask(tmp_path / "manual.nii.gz", lesion, AFFINE)
    write_mask(tmp_path / "auto.nii.gz", lesion, AFFINE)
    out = tmp_path / "out"
    assert evaluate(tmp_path / "manual.nii.gz", tmp_path / "auto.nii.gz", "-o", out, "--target", "lesion") == 0
    (row,) = rows(out)
    assert (row["case"], row["region"], row["lesion_f1"], row["site"]) == ("manual", "lesion", "1.0", "unknown")


def test_a_region_that_only_one_side_has_is_named_and_left_out(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        lesion = (labels(lesion=number < 3) == 2).astype(np.uint8)
        write_mask(tmp_path / "lesions" / f"sub-{number}_T2w_label-lesion_seg.nii.gz", lesion, AFFINE)
    out = tmp_path / "out"
    assert evaluate(raw / "labelsTs", tmp_path / "lesions", "-o", out) == 0
    assert {row["region"] for row in rows(out)} == {"lesion"}
    assert "region sc is not scored: none of the predictions has it" in capsys.readouterr().err
    assert json.loads((out / "metrics.json").read_text())["regions_not_scored"] == ["sc"]
    assert "prediction is named sub-0_T2w" in rows(out)[0]["notes"]


def test_nothing_shared_names_a_folder_of_this_machine_or_a_date(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cut = tmp_path / "pred" / "lab_sub-1_T2w.nii.gz"
    cut.write_bytes(b"")
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", out) == 3
    for path in out.iterdir():
        assert str(tmp_path) not in path.read_text(), path.name


def test_json_is_one_object_without_nan(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pred" / "lab_sub-3_T2w.nii.gz").unlink()
    options = ["-o", tmp_path / "out", "--json", "--preset", "panoptica"]
    assert evaluate(raw / "labelsTs", tmp_path / "pred", *options) == 3
    told = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (told["n_cases"], told["n_scored"], list(told["not_scored"])) == (4, 3, ["lab_sub-3_T2w"])
    assert told["summary"][0]["n_used"] == 3


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--preset", "mine"], 2, "sciseg2"),
        (["--tolerance-mm", "-1"], 2, "--tolerance-mm"),
        (["--threshold", "0.5"], 2, "label maps"),
        (["--regions", "brain"], 2, "sc, lesion"),
        (["--n-procs", "0"], 2, "--n-procs"),
        (["--target", "nothing"], 2, "cord-lesion"),
        (["--cases", "absent.tsv"], 3, "absent.tsv"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, said: str
) -> None:
    assert evaluate(raw / "labelsTs", tmp_path / "pred", "-o", tmp_path / "out", *options) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_place_without_masks_is_refused(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(raw / "labelsTs", tmp_path / "nowhere", "-o", tmp_path / "out") == 3
    assert "nowhere" in capsys.readouterr().err


def test_the_help_names_the_presets_that_there_are_and_waits_for_no_library() -> None:
    assert tuple(PRESETS) == PRESET_NAMES
    code = (
        "import sys\nimport nnunet_ext.cli.evaluate.command\n"
        "print(sorted({'scipy', 'pandas', 'cc3d', 'nibabel', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_runs_as_a_command(raw: Path, tmp_path: Path) -> None:
    command = str(Path(sys.executable).parent / "nnunet_ext")
    arguments = [command, "evaluate", "Dataset501_Cord/labelsTs", "pred", "-o", "out", "--n-procs", "2"]
    done = subprocess.run(arguments, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 of 4 cases scored" in done.stdout


@pytest.mark.parametrize(
    "name",
    ["sub-1_T2w_desc-rater3_label-{}_seg", "sub-1_space-orig_label-{}_res-high_desc-T2w_mask",
     "sub-1_hemi-L_T2w_label-{}_lab-7_seg"],
)  # fmt: skip
def test_masks_with_entities_of_their_own_pair_with_the_prediction(tmp_path: Path, name: str) -> None:
    lesion, cord = (labels() == 2).astype(np.uint8), (labels() > 0).astype(np.uint8)
    write_mask(tmp_path / "ref" / f"{name.format('lesion')}.nii.gz", lesion, AFFINE)
    write_mask(tmp_path / "ref" / "sub-1_T2w_label-SC_seg.nii.gz", cord, AFFINE)
    for label, mask in (("lesion", lesion), ("SC", cord)):
        write_mask(tmp_path / "pred" / f"sub-1_label-{label}_desc-T2w_mask.nii.gz", mask, AFFINE)
    assert evaluate(tmp_path / "ref", tmp_path / "pred", "-o", tmp_path / "out") == 0
    assert {key: row["dsc"] for key, row in by_key(tmp_path / "out").items()} == {
        ("sub-1_T2w", "sc"): "1.0", ("sub-1_T2w", "lesion"): "1.0",
    }  # fmt: skip


def test_a_plain_mask_goes_before_one_with_entities_of_its_own_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = (labels() > 0).astype(np.uint8)
    for name in ("sub-1_T2w_label-SC_seg", "sub-1_T2w_desc-softseg_label-SC_seg"):
        write_mask(tmp_path / "ref" / f"{name}.nii.gz", mask, AFFINE)
    write_mask(tmp_path / "pred" / "sub-1_T2w_label-SC_seg.nii.gz", mask, AFFINE)
    assert evaluate(tmp_path / "ref", tmp_path / "pred", "-o", tmp_path / "out") == 0
    assert "sub-1_T2w_desc-softseg_label-SC_seg.nii.gz" in capsys.readouterr().err
