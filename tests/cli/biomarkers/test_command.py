import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.tables import read_table
from tests.conftest import SmallBids
from tests.evaluation.biomarkers.boxes import LAS, boxes, straight_cord

LESION = (((7, 6, 4), (3, 4, 5)),)


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    write_mask(folder / "lesions" / "a.nii.gz", boxes(*LESION), LAS)
    write_mask(folder / "cords" / "a.nii.gz", straight_cord(), LAS)
    write_mask(folder / "lesions" / "empty.nii.gz", boxes(), LAS)
    write_mask(folder / "cords" / "empty.nii.gz", straight_cord(), LAS)
    return folder


def run(*arguments: object) -> int:
    return main(["biomarkers", *map(str, arguments)])


def measured(masks: Path, out: Path, *more: object) -> int:
    return run("--lesion", masks / "lesions", "--cord", masks / "cords", "-o", out, *more)


def test_the_help_is_instant_and_loads_no_scipy() -> None:
    code = (
        "import sys; from nnunet_ext.cli.main import main\n"
        "try: main(['biomarkers', '--help'])\nfinally: print('scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--nli-slice" in done.stdout
    assert done.stdout.endswith("False\n")


def test_a_folder_of_masks_gives_tables_images_and_what_their_columns_mean(masks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert measured(masks, out) == 0
    (row,) = read_table(out / "biomarkers.tsv")
    assert (row["case"], row["lesion"], row["volume_mm3"], row["dorsal_bridge_mm"]) == ("a", "1", "60.0", "1.0")
    assert row["bridge_is_proxy"] == "false"
    assert row["image_mean"] == "n/a"
    cases = {case["case"]: case for case in read_table(out / "cases_biomarkers.tsv")}
    assert {name: case["n_lesions"] for name, case in cases.items()} == {"a": "1", "empty": "0"}
    assert cases["a"]["cord_volume_mm3"] == "784.0"
    for table in ("biomarkers", "bridges", "cases_biomarkers"):
        header = (out / f"{table}.tsv").read_text().splitlines()[0].split("\t")
        dictionary = json.loads((out / f"{table}.json").read_text())
        assert list(dictionary) == header
        assert all(entry["Description"] for entry in dictionary.values())
    instances = read_mask(out / cases["a"]["instances"])
    assert np.array_equal(instances.data, boxes(*LESION))
    assert np.allclose(instances.affine, LAS)
    description = json.loads((out / "dataset_description.json").read_text())
    assert description["GeneratedBy"][0]["Name"] == "nnunet_ext"
    assert [bridge["slice"] for bridge in read_table(out / "bridges.tsv")] == ["7", "8", "9"]


def test_once_a_damaged_mask_is_mended_the_same_command_goes_on_as_it_said(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = masks / "lesions" / "a.nii.gz", tmp_path / "out"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert measured(masks, out) == 3
    assert capsys.readouterr().err.strip().endswith("Mend these and run the same command again")
    file.write_bytes(whole)
    assert measured(masks, out) == 0
    assert [row["case"] for row in read_table(out / "biomarkers.tsv")] == ["a"]


def test_processes_do_not_change_a_byte(masks: Path, tmp_path: Path) -> None:
    assert measured(masks, tmp_path / "one") == measured(masks, tmp_path / "two", "--n-procs", 2) == 0
    for file in (tmp_path / "one").rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes(), file.name


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_dialect_is_read_and_contrasts_stay_apart(bids: SmallBids, tmp_path: Path, dialect: Dialect) -> None:
    for stem in ("sub-01_ses-01_T1w", "sub-01_ses-01_T2w"):
        bids.case(stem, dialect)
    out = tmp_path / "out"
    assert run("--lesion", bids.root / "derivatives" / "labels", "-o", out, "--image", bids.root) == 0
    cases = read_table(out / "cases_biomarkers.tsv")
    assert [(case["subject"], case["session"], case["contrast"], case["status"]) for case in cases] == [
        ("sub-01", "ses-01", "T1w", "measured"),
        ("sub-01", "ses-01", "T2w", "measured"),
    ]
    assert all((out / case["instances"]).is_file() for case in cases)
    assert len({case["instances"] for case in cases}) == 2
    assert all(float(row["image_mean"]) > 300 for row in read_table(out / "biomarkers.tsv"))


def test_bad_cases_are_named_with_exit_3_and_the_rest_is_measured(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (masks / "lesions" / "a.nii.gz").read_bytes()
    (masks / "lesions" / "cut.nii.gz").write_bytes(whole[: len(whole) // 2])
    write_mask(masks / "lesions" / "grid.nii.gz", boxes(*LESION), LAS)
    write_mask(masks / "cords" / "grid.nii.gz", straight_cord((16, 18, 13)), LAS)
    write_mask(masks / "lesions" / "labels.nii.gz", boxes(*LESION) * 2, LAS)
    for name in ("cut", "labels"):
        write_mask(masks / "cords" / f"{name}.nii.gz", straight_cord(), LAS)
    write_mask(masks / "lesions" / "lone.nii.gz", boxes(*LESION), LAS)
    assert measured(masks, tmp_path / "out") == 3
    cases = {case["case"]: case for case in read_table(tmp_path / "out" / "cases_biomarkers.tsv")}
    reasons = {name: case["reason"] for name, case in cases.items() if case["status"] == "refused"}
    assert set(reasons) == {"cut", "grid", "labels", "lone"}
    assert "cut.nii.gz" in reasons["cut"]
    assert "the lesion mask's (16, 18, 14)" in reasons["grid"]
    assert "--label-maps" in reasons["labels"]
    assert "no cord mask" in reasons["lone"]
    assert not any(str(tmp_path) in reason for reason in reasons.values())
    assert {row["case"] for row in read_table(tmp_path / "out" / "biomarkers.tsv")} == {"a"}
    assert "4 of 6 cases" in capsys.readouterr().err


def test_a_level_of_injury_comes_as_a_number_or_from_a_table(masks: Path, tmp_path: Path) -> None:
    assert measured(masks, tmp_path / "one", "--nli-slice", 3) == 0
    rows = {row["case"]: row for row in read_table(tmp_path / "one" / "biomarkers.tsv")}
    assert (rows["empty"]["lesion"], rows["empty"]["total_bridge_mm"]) == ("0", "8.0")
    assert rows["empty"]["bridge_is_proxy"] == "true"
    levels = tmp_path / "levels.tsv"
    levels.write_text("case\tnli_slice\nempty\t3\na\tn/a\n")
    assert measured(masks, tmp_path / "two", "--nli-slice", levels) == 0
    assert {row["case"]: row for row in read_table(tmp_path / "two" / "biomarkers.tsv")} == rows
    levels.write_text("case\tnli_slice\nemtpy\t3\n")
    assert measured(masks, tmp_path / "three", "--nli-slice", levels) == 3
    assert measured(masks, tmp_path / "four", "--nli-slice", 99) == 3


@pytest.mark.parametrize(
    "labels",
    [
        {"background": "0", "sc": "1", "lesion": "2"},
        {"background": 0, "sc": ["1", "2"], "lesion": ["2"]},
        {"background": 0, "sc": [1, 2], "lesion": 2},
    ],
)
def test_label_values_of_a_dataset_json_may_be_texts(masks: Path, tmp_path: Path, labels: dict[str, object]) -> None:
    folder = tmp_path / "Dataset007_Cord" / "labelsTs"
    write_mask(folder / "a.nii.gz", straight_cord() + boxes(*LESION), LAS)
    write_json(folder.parent / "dataset.json", {"labels": labels, "regions_class_order": ["1", "2"]})
    assert run("--lesion", folder, "-o", tmp_path / "out") == 0
    assert measured(masks, tmp_path / "masks") == 0
    (row,), (same,) = (read_table(tmp_path / out / "biomarkers.tsv") for out in ("out", "masks"))
    assert row == same


def test_a_table_of_levels_is_read_as_a_spreadsheet_saves_it(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = tmp_path / "levels.tsv"
    levels.write_bytes("Case;NLI slice\nempty;3\na;-\n".encode("utf-16"))
    assert measured(masks, tmp_path / "out", "--nli-slice", levels, "--cases", levels) == 0
    rows = {row["case"]: row for row in read_table(tmp_path / "out" / "biomarkers.tsv")}
    assert rows["empty"]["total_bridge_mm"] == "8.0"
    assert "no row of" not in capsys.readouterr().err
    levels.write_text("case\tsite\nEmpty\tparis\na\t-\n")
    assert measured(masks, tmp_path / "two", "--cases", levels) == 0
    assert "--cases levels.tsv: no row of 1 of 2 cases, such as empty" in capsys.readouterr().err
    assert {row["site"] for row in read_table(tmp_path / "two" / "cases_biomarkers.tsv")} == {"n/a"}


@pytest.mark.parametrize("cell", ["1,5", "-1", "third", "nan1", "x" * 200_000])
def test_a_level_that_is_no_slice_is_refused_with_its_line(
    masks: Path, tmp_path: Path, cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = tmp_path / "levels.tsv"
    levels.write_text(f"case\tnli_slice\na\tn/a\nempty\t{cell}\n")
    assert measured(masks, tmp_path / "out", "--nli-slice", levels) == 3
    told = capsys.readouterr().err
    assert "levels.tsv: line 3: a " in told
    assert len(told) < 1000


def test_probabilities_and_folds_give_ranges(masks: Path, tmp_path: Path) -> None:
    soft = boxes(*LESION) * np.float32(0.6)
    soft[8, 7, 5:7] = 0.95
    write_image(masks / "probabilities" / "a.nii.gz", soft, LAS)
    write_image(masks / "probabilities" / "empty.nii.gz", soft * 0, LAS)
    for fold, boxed in enumerate((boxes(*LESION), boxes(((7, 6, 4), (3, 5, 5))))):
        write_mask(masks / f"f{fold}" / "a.nii.gz", boxed, LAS)
        write_mask(masks / f"f{fold}" / "empty.nii.gz", boxes(), LAS)
    flags = ("--probability", masks / "probabilities", "--folds", masks / "f0", masks / "f1")
    assert measured(masks, tmp_path / "out", *flags) == 0
    (row,) = read_table(tmp_path / "out" / "biomarkers.tsv")
    assert (row["volume_low_mm3"], row["volume_mm3"], row["volume_high_mm3"]) == ("2.0", "60.0", "75.0")
    assert (row["ventral_bridge_low_mm"], row["ventral_bridge_high_mm"]) == ("2.0", "5.0")
    assert row["interval_source"] == "2 folds and thresholds 0.3, 0.5, 0.7"
    assert (row["variants"], row["variants_found"]) == ("5", "5")
    assert float(row["volume_soft_mm3"]) == pytest.approx(58 * 0.6 + 2 * 0.95, rel=1e-6)


def test_every_volume_on_a_sheared_grid_is_the_voxels_own(masks: Path, tmp_path: Path) -> None:
    sheared = LAS.copy()
    sheared[0, 2] = 0.75  # a stack of slices that were taken at an angle
    for name, mask in (("lesions", boxes(*LESION)), ("cords", straight_cord())):
        write_mask(masks / name / "a.nii.gz", mask, sheared)
    for name, soft, grid in (("a", boxes(*LESION), sheared), ("empty", boxes(), LAS)):
        write_image(masks / "soft" / f"{name}.nii.gz", soft.astype(np.float32), grid)
    assert measured(masks, tmp_path / "out", "--probability", masks / "soft") == 0
    (lesion,) = read_table(tmp_path / "out" / "biomarkers.tsv")
    case = {row["case"]: row for row in read_table(tmp_path / "out" / "cases_biomarkers.tsv")}["a"]
    voxel = read_mask(masks / "lesions" / "a.nii.gz").voxel_volume_mm3
    told = (lesion["volume_mm3"], lesion["volume_soft_mm3"], case["total_volume_soft_mm3"], case["cord_volume_mm3"])
    voxels = [boxes(*LESION).sum()] * 3 + [straight_cord().sum()]
    assert [float(volume) for volume in told] == pytest.approx([count * voxel for count in voxels], rel=1e-6)


def test_label_maps_are_measured_with_the_cord_that_they_hold(masks: Path, tmp_path: Path) -> None:
    labels = straight_cord() + boxes(*LESION)
    write_mask(tmp_path / "maps" / "zurich_sub-01_T2w.nii.gz", labels, LAS)
    known = tmp_path / "cases.tsv"
    known.write_text("case\tsubject\tsite\nzurich_sub-01_T2w\tsub-01\tzurich\n")
    given = ("--lesion", tmp_path / "maps", "--label-maps", "--cases", known)
    assert run(*given, "-o", tmp_path / "out") == 0
    assert measured(masks, tmp_path / "masks") == 0
    (row,), (same,) = (read_table(tmp_path / out / "biomarkers.tsv") for out in ("out", "masks"))
    assert {**row, "case": "a"} == same
    (case,) = read_table(tmp_path / "out" / "cases_biomarkers.tsv")
    assert (case["subject"], case["site"], case["contrast"]) == ("sub-01", "zurich", "T2w")


def test_the_table_in_scts_words_follows_its_order(masks: Path, tmp_path: Path) -> None:
    assert measured(masks, tmp_path / "out") == 0
    with (tmp_path / "out" / "sct_tables" / "a_analysis.tsv").open() as stream:
        header, row = csv.reader(stream, delimiter="\t")
    assert header[:3] == ["label", "volume [mm3]", "length [mm]"]
    assert header[6:9] == [
        "interpolated_midsagittal_slice",
        "length_interpolated_midsagittal_slice [mm]",
        "width_interpolated_midsagittal_slice [mm]",
    ]
    assert header[14:17] == [f"slice_7_{side}_bridge_width [mm]" for side in ("dorsal", "ventral", "total")]
    assert row[:3] == ["1", "60.0", "5.0"]


def test_a_run_of_other_inputs_is_replaced_on_request_only_and_nothing_of_it_stays(
    masks: Path, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    out = tmp_path / "out"
    assert measured(masks, out) == 0
    before = tree_hash(out)
    assert measured(masks, out) == 0
    assert tree_hash(out) == before
    assert measured(masks, out, "--threshold", "0.3") == 5
    assert tree_hash(out) == before
    assert measured(masks, out, "--threshold", "0.3", "--force") == 0
    for file in masks.rglob("empty.nii.gz"):
        file.unlink()
    assert measured(masks, out, "--force") == 0
    assert not list(out.rglob("*empty*"))


def test_force_spares_runs_in_folders_below_and_files_of_others(
    masks: Path, tmp_path: Path, tree_hash: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert measured(masks, out) == measured(masks, out / "second" / "reader") == 0
    names = ("corrected_instances_dseg.nii.gz", "sct_tables/mine_analysis.tsv", "my_biomarkers.tsv")
    mine = [out / name for name in names]
    for file in mine:
        file.write_text("mine")
    before = tree_hash(out)
    assert measured(masks, out, "--force") == 0
    assert tree_hash(out) == before
    mine[0].rename(out / "b_desc-instances_dseg.nii.gz")
    for folder in ("lesions", "cords"):
        (masks / folder / "a.nii.gz").rename(masks / folder / "b.nii.gz")
    before = tree_hash(out)
    assert measured(masks, out, "--force") == 5
    assert "b_desc-instances_dseg.nii.gz would be overwritten" in capsys.readouterr().err
    assert tree_hash(out) == before


def test_a_folder_is_not_ours_because_of_the_names_in_it(
    masks: Path, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name in ("biomarkers.json", "bridges.tsv", "a_instances_dseg.nii.gz"):
        (theirs / name).write_text("{}")
    before = tree_hash(theirs)
    assert measured(masks, theirs, "--force") == 5
    assert tree_hash(theirs) == before


def test_a_run_that_was_killed_goes_on_without_force(masks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert measured(masks, out) == 0
    (out / "biomarkers.tsv").unlink()  # it is written last
    assert measured(masks, out) == 0


def test_inputs_and_folders_of_others_are_never_written_to(
    masks: Path, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    before = tree_hash(masks)
    assert measured(masks, masks / "lesions" / "out") == 2
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").write_text("mine")
    assert measured(masks, tmp_path / "theirs", "--force") == 5
    assert tree_hash(masks) == before
    assert [file.name for file in (tmp_path / "theirs").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("wrong", [("--threshold", 1), ("--n-procs", 0), ("--label-maps",), ("--cases", "nowhere")])
def test_wrong_words_are_told(masks: Path, tmp_path: Path, wrong: tuple[object, ...]) -> None:
    assert measured(masks, tmp_path / "out", *wrong) == 2


def test_json_says_how_many(masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measured(masks, tmp_path / "out", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["cases"], answer["measured"], answer["refused"], answer["lesions"]) == (2, 2, 0, 1)


def test_one_file_without_a_cord_has_its_volume(masks: Path, tmp_path: Path) -> None:
    assert run("--lesion", masks / "lesions" / "a.nii.gz", "-o", tmp_path / "out") == 0
    (row,) = read_table(tmp_path / "out" / "biomarkers.tsv")
    assert (row["volume_mm3"], row["length_mm"], row["status"]) == ("60.0", "n/a", "volume_only")
    (case,) = read_table(tmp_path / "out" / "cases_biomarkers.tsv")
    assert (case["status"], case["reason"]) == ("volume_only", "no cord mask")


def test_an_oblique_mask_keeps_its_geometry(tmp_path: Path) -> None:
    affine = np.eye(4)
    affine[:3, :3] = nib.eulerangles.euler2mat(0.2, 0.3, -0.1) @ np.diag([-0.5, 0.5, 3.0])
    write_mask(tmp_path / "x" / "a.nii.gz", boxes(*LESION), affine)
    write_mask(tmp_path / "y" / "a.nii.gz", straight_cord(), affine)
    assert run("--lesion", tmp_path / "x", "--cord", tmp_path / "y", "-o", tmp_path / "out") == 0
    (case,) = read_table(tmp_path / "out" / "cases_biomarkers.tsv")
    assert float(case["total_volume_mm3"]) == pytest.approx(60 * 0.75, rel=1e-6)
    assert np.allclose(read_mask(tmp_path / "out" / case["instances"]).affine, affine, atol=1e-5)


def test_an_image_that_was_scaled_is_measured_as_a_soft_lesion_only_if_it_is_said_to_be_one(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = np.random.default_rng(1).gamma(4, 0.1, boxes().shape).clip(0, 1).astype(np.float32)
    write_image(masks / "lesions" / "a.nii.gz", image, LAS)
    assert measured(masks, tmp_path / "out") == 3
    assert "a: a.nii.gz: " in capsys.readouterr().err
    cases = {case["case"]: case for case in read_table(tmp_path / "out" / "cases_biomarkers.tsv")}
    assert (cases["a"]["status"], "an image?" in cases["a"]["reason"]) == ("refused", True)
    assert measured(masks, tmp_path / "said", "--threshold", "0.5") == 0


@pytest.mark.parametrize("nested", ["label map", "masks"])
@pytest.mark.parametrize(("around", "rim"), [((3, 2, 3), ""), ((4, 2, 4), ", nor are the 14 around them")])
def test_a_lesion_apart_from_the_cord_is_counted_outside_though_nested_labels_make_it_cord(
    tmp_path: Path, nested: str, around: tuple[int, int, int], rim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shape, folder = (16, 40, 14), tmp_path / "in"
    lesion, away = boxes(*LESION, shape=shape), boxes(((7, 36, 5), (3, 2, 3)), shape=shape)
    cord = straight_cord(shape) | boxes(((7, 36, 5), around), shape=shape)
    if nested == "label map":
        write_mask(folder / "a.nii.gz", cord + (lesion | away), LAS)
        given: list[object] = ["--lesion", folder / "a.nii.gz", "--label-maps"]
    else:
        write_mask(folder / "lesion.nii.gz", lesion | away, LAS)
        write_mask(folder / "cord.nii.gz", cord, LAS)
        given = ["--lesion", folder / "lesion.nii.gz", "--cord", folder / "cord.nii.gz"]
    assert run(*given, "-o", tmp_path / "out") == 0
    (case,) = read_table(tmp_path / "out" / "cases_biomarkers.tsv")
    assert (case["n_lesions"], case["n_lesions_outside_cord"]) == ("1", "1")
    assert (case["cord_volume_mm3"], case["total_bridge_mm"], case["outside_cord_mm3"]) == ("784.0", "4.0", "18.0")
    assert f"18 voxels of the cord mask are lesions apart from the cord, and no cord{rim}" in case["notes"]
    rows = {row["status"]: row for row in read_table(tmp_path / "out" / "biomarkers.tsv")}
    assert set(rows) == {"measured", "outside_cord"}
    assert rows["outside_cord"]["total_bridge_mm"] == "n/a"
    assert "1 outside the cord" in "".join(capsys.readouterr())


def test_the_dictionary_says_how_far_values_move_with_the_image_and_why_a_value_is_corrected(
    masks: Path, tmp_path: Path
) -> None:
    assert measured(masks, tmp_path / "out") == 0
    dictionary = json.loads((tmp_path / "out" / "biomarkers.json").read_text())
    moving = {name for name, entry in dictionary.items() if "padded along the body" in entry["Description"]}
    assert {"length_mm", "dorsal_bridge_mm"} <= moving
    assert "n/a where none of the five" not in dictionary["midsagittal_slice"]["Description"]
    assert "none of the five" in dictionary["midsagittal_slice"]["Missing"]
    assert "857" not in dictionary["image_mean"]["Source"]
    reasons = [name for name, entry in dictionary.items() if "Reason: " in entry["Description"]]
    assert {"midsagittal_slice_corrected", "midsagittal_length_corrected_mm", "image_mean_corrected"} <= set(reasons)


def test_the_table_of_sct_has_ratios_of_zero_where_sct_writes_them_and_none_without_a_lesion(tmp_path: Path) -> None:
    cord = boxes(((5, 5, 0), (8, 8, 14)))  # eight wide: the plane is between 8 and 9
    cord[9, :, 6] = 0
    write_mask(tmp_path / "lesions" / "beside.nii.gz", boxes(((5, 6, 6), (2, 3, 1))), LAS)
    write_mask(tmp_path / "lesions" / "none.nii.gz", boxes(), LAS)
    write_mask(tmp_path / "lesions" / "through.nii.gz", boxes(((7, 5, 4), (4, 8, 2))), LAS)
    for name in ("beside", "none", "through"):
        write_mask(tmp_path / "cords" / f"{name}.nii.gz", cord, LAS)
    assert measured(tmp_path, tmp_path / "out", "--nli-slice", 3) == 0
    cells = {}
    for name in ("beside", "none", "through"):
        (row,) = read_table(tmp_path / "out" / "sct_tables" / f"{name}_analysis.tsv")
        columns = ("interpolated_total_bridge_width [mm]", "dorsal_bridge_ratio [%]", "ventral_bridge_ratio [%]")
        cells[name] = tuple(row[column] for column in columns)
    assert cells == {
        "beside": ("n/a", "0.0", "0.0"),
        "none": ("8.0", "n/a", "n/a"),
        "through": ("0.0", "0.0", "0.0"),
    }


def test_a_course_that_did_not_settle_is_told_with_the_case(tmp_path: Path) -> None:
    cord = boxes(((4, 4, 0), (8, 9, 20)), shape=(16, 18, 20))
    for at, off in enumerate(np.random.default_rng(0).integers(-1, 2, (20, 2))):
        cord[:, :, at] = np.roll(cord[:, :, at], tuple(off), (0, 1))
    for name, mask in (("lesions", boxes(((7, 7, 8), (3, 3, 6)), shape=(16, 18, 20))), ("cords", cord)):
        write_mask(tmp_path / name / "tight.nii.gz", mask, LAS)
        write_mask(tmp_path / name / "padded.nii.gz", np.pad(mask, ((0, 0), (0, 0), (400, 400))), LAS)
    assert measured(tmp_path, tmp_path / "out") == 0
    notes = {case["case"]: case["notes"] for case in read_table(tmp_path / "out" / "cases_biomarkers.tsv")}
    assert "did not settle" in notes["padded"]
    assert "did not settle" not in notes["tight"]
