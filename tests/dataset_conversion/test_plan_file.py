import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.dataset_files.description import RECORD
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError, UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.class_profile import ClassProfile
from nnunet_ext.dataset_conversion.file_lists import load_file_list
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.plan import Labels, Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.plan_file import read_plan, write_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids

Edit = Callable[[list[dict[str, str]]], list[dict[str, str]] | None]
MakeBids = Callable[[str], SmallBids]
TreeHash = Callable[[Path], str]
AUTO = load_profile("auto")


def plan_of(*folders: Path, selection: Selection | None = None) -> Plan:
    """Plan by profile `auto`."""
    sources = name_sources([str(folder) for folder in folders])
    options = PlanOptions(test_fraction=0.25, seed=1, selection=selection or Selection())
    return make_plan(sources, AUTO, load_target("cord-lesion"), options)


def edit_table(folder: Path, edit: Edit) -> None:
    """Let `edit` change, or give anew, the rows of cases.tsv, as a spreadsheet program would."""
    rows = [dict(row) for row in read_cases(folder)]
    columns = list(rows[0])
    rows = edit(rows) or rows
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, delimiter="\t", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(folder / "cases.tsv", buffer.getvalue())


def edit_row(folder: Path, case: str, /, **cells: str) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        (row,) = (row for row in rows if row["case"] == case)
        row.update(cells)

    edit_table(folder, change)


def edit_record(folder: Path, case: str, /, **changes: object) -> None:
    content = json.loads((folder / RECORD).read_text())
    (found,) = (one for one in content["cases"] if one["case"] == case)
    found.update(changes)
    write_text(folder / RECORD, json.dumps(content))


def convert(folder: Path, roots: Sequence[Path], number: int = 7) -> Conversion:
    """Convert by the plan that stands in `folder`."""
    plan = read_plan(folder, name_sources([str(root) for root in roots]))
    return write_dataset(RawDataset.named(folder.parent / "raw", number, "Cord"), plan)


def rows_of(done: Conversion) -> dict[str, dict[str, str]]:
    return {row["case"].removeprefix("site_"): row for row in read_cases(done.dataset.folder)}


def data_of(done: Conversion) -> dict[str, bytes]:
    return {str(file.relative_to(done.dataset.folder)): file.read_bytes() for file in done.dataset.folder.rglob("*.gz")}


@pytest.fixture
def planned(bids: SmallBids, tmp_path: Path) -> Path:
    """A plan of four patients, each with two contrasts, of whom sub-1 to sub-3 are trained on, as files."""
    for number in range(1, 5):
        for contrast in ("T1w", "T2w"):
            bids.case(f"sub-{number}_{contrast}")
    bids.image("sub-4_PSIR")
    split = {"train": frozenset({"sub-1", "sub-2", "sub-3"}), "test": frozenset({"sub-4"})}
    write_plan(tmp_path / "plan", plan_of(bids.root, selection=Selection(split=split)))
    return tmp_path / "plan"


def test_a_plan_with_every_kind_of_case_comes_back_equal(bids: SmallBids, tmp_path: Path) -> None:
    for number in range(1, 6):
        bids.case(f"sub-{number}_ses-1_acq-ax_T2w")
    bids.participants([{"participant_id": "sub-1", "site": "Genève"}, {"participant_id": "sub-2", "site": "n/a"}])
    bids.image("sub-6_T2w")
    bids.image("sub-7_dwi", folder="sub-7/dwi")
    bids.image("sub-8_T2w", folder="sub-9/anat")
    bids.image("sub-5 (copy)_T2w", folder="sub-5/anat")
    bids.case("sub-3_T1w", Dialect.BIDS)
    bids.labels("sub-3_T1w")
    (bids.root / "derivatives/labels/sub-2/ses-1/anat/sub-2_ses-1_acq-ax_T2w_label-lesion_seg.nii.gz").unlink()
    for labels in Labels:
        for policy in ("error", "empty", "ignore", "skip"):
            options = PlanOptions(test_fraction=0.4, seed=3, labels=labels, resample=True, register=True)
            profile = AUTO.with_missing({"lesion": policy})
            sources = name_sources([str(bids.root)])
            plan = make_plan(sources, profile, load_target("cord-lesion"), options)
            write_plan(tmp_path / f"{labels}-{policy}", plan)
            assert read_plan(tmp_path / f"{labels}-{policy}", sources) == plan


def test_a_plan_with_channels_raters_and_two_datasets_comes_back_equal(make_bids: MakeBids, tmp_path: Path) -> None:
    tumor, other = make_bids("tumor"), make_bids("other")
    for stem in ("sub-1_T2w", "sub-1_ce-gd_T1w", "sub-2_T2w", "sub-3_ce-gd_T1w", "sub-3_PSIR"):
        tumor.image(stem)
        other.image(stem)
        for name in ("tumor_desc-ann", "tumor_desc-ben", "cavity", "edema"):
            for one in (tumor, other):
                folder = one.root / "derivatives" / "labels" / stem.split("_")[0] / "anat"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{stem}_seg-{name}.nii.gz").touch()
    core = ClassProfile(("{image}_seg-tumor_desc-{rater}",), ("derivatives/labels",), raters="each")
    mine = replace(AUTO.with_missing({"T1w-gad": "zero"}), name="mine", classes={**AUTO.classes, "core": core})
    sources = name_sources([str(tumor.root), str(other.root)])
    plan = make_plan(
        sources, {"tumor": mine, "other": mine}, load_target("tumor-only"), PlanOptions(labels=Labels.POOL)
    )
    write_plan(tmp_path / "plan", plan)
    assert read_plan(tmp_path / "plan", sources) == plan
    assert any(case.images[-1] == "" and not case.reason for case in plan.cases)
    assert {case.case.rpartition("_")[2] for case in plan.cases if not case.reason} == {"ann", "ben"}


def test_a_file_name_with_odd_blanks_does_not_break_the_plan(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    bids.image("sub-1  (old\tcopy)_T2w", folder="sub-1/anat")
    plan = plan_of(bids.root)
    write_plan(tmp_path / "plan", plan)
    read = read_plan(tmp_path / "plan", name_sources([str(bids.root)]))
    assert [(case.image, case.split) for case in read.cases] == [(case.image, case.split) for case in plan.cases]


def test_an_unedited_plan_gives_what_no_plan_would(planned: Path, bids: SmallBids, tmp_path: Path) -> None:
    done = convert(planned, [bids.root])
    split = {"train": frozenset({"sub-1", "sub-2", "sub-3"}), "test": frozenset({"sub-4"})}
    direct = plan_of(bids.root, selection=Selection(split=split))
    other = write_dataset(RawDataset.named(tmp_path / "direct", 7, "Cord"), direct)
    for file in sorted(other.dataset.folder.rglob("*.*")):
        assert (done.dataset.folder / file.relative_to(other.dataset.folder)).read_bytes() == file.read_bytes()
    assert done.counts == other.counts


def test_a_case_that_is_set_to_skip_is_left_out(planned: Path, bids: SmallBids) -> None:
    edit_row(planned, "site_sub-1_T1w", status="skip", reason="blurred")
    edit_row(planned, "site_sub-2_T1w", status="skip")
    done = convert(planned, [bids.root])
    rows = rows_of(done)
    assert (rows["sub-1_T1w"]["status"], rows["sub-1_T1w"]["reason"]) == ("skip", "blurred")
    assert rows["sub-2_T1w"]["reason"] == "left out by hand"
    assert (done.counts.train, done.counts.test, done.counts.skipped, done.counts.refused) == (4, 2, 2, 1)
    assert not list(done.dataset.folder.rglob("site_sub-1_T1w*"))


def test_a_patient_who_is_moved_with_all_cases_is_tested_on(planned: Path, bids: SmallBids) -> None:
    for contrast in ("T1w", "T2w"):
        edit_row(planned, f"site_sub-1_{contrast}", split="test", split_by="by hand")
    done = convert(planned, [bids.root])
    assert (done.counts.train, done.counts.test) == (4, 4)
    rows = rows_of(done)
    assert {(rows[f"sub-1_{c}"]["split"], rows[f"sub-1_{c}"]["split_by"]) for c in ("T1w", "T2w")} == {
        ("test", "by hand")
    }
    assert {file.name for file in (done.dataset.folder / "labelsTs").iterdir()} == {
        f"site_sub-{number}_{contrast}.nii.gz" for number in (1, 4) for contrast in ("T1w", "T2w")
    }
    assert "sub-1" not in (done.dataset.folder / "splits_final.json").read_text()


def test_a_patient_of_whom_one_case_is_moved_is_refused_by_name_before_anything_is_written(
    planned: Path, bids: SmallBids
) -> None:
    edit_row(planned, "site_sub-1_T1w", split="test")
    with pytest.raises(DataRefusedError, match="both trained and tested on: sub-1 of site"):
        convert(planned, [bids.root])
    assert not list((planned.parent / "raw").rglob("*.gz"))


def test_a_site_that_is_changed_is_the_site(planned: Path, bids: SmallBids) -> None:
    edit_row(planned, "site_sub-2_T1w", site="geneva")
    done = convert(planned, [bids.root])
    assert rows_of(done)["sub-2_T1w"]["site"] == "geneva"
    quality = {row["case"]: row["site"] for row in read_cases(done.dataset.folder, "qc.tsv")}
    assert (quality["site_sub-2_T1w"], quality["site_sub-3_T1w"]) == ("geneva", "site")


def test_what_was_refused_for_want_of_labels_can_join_the_pool_and_no_other_set(planned: Path, bids: SmallBids) -> None:
    edit_row(planned, "site_sub-4_PSIR", status="include", split="test")
    with pytest.raises(DataRefusedError, match="site_sub-4_PSIR: it has no labels .* only be in the pool"):
        convert(planned, [bids.root])
    edit_row(planned, "site_sub-4_PSIR", split="pool")
    done = convert(planned, [bids.root])
    assert (done.counts.pool, done.counts.refused) == (1, 0)


IMAGE = "sub-2/anat/sub-2_T1w.nii.gz"
EDITS: list[tuple[Edit, str]] = [
    (lambda rows: rows[1:], r"cases\.tsv: no row of case site_sub-1_T1w and its images; .*set its status to skip"),
    (lambda rows: [*rows, {**rows[0], "case": "site_sub-9_T2w"}], "case site_sub-9_T2w is not in conversion.json"),
    (lambda rows: [*rows, {**rows[0], "split": "test"}], "site_sub-1_T1w"),
    (lambda rows: rows[2].update(status="inlcude"), "site_sub-2_T1w: status include or skip .* found 'inlcude'"),
    (lambda rows: rows[2].update(split="tset"), "site_sub-2_T1w: split train, test or pool was needed, found 'tset'"),
    (lambda rows: rows[2].update(split="n/a"), "site_sub-2_T1w: split train, test or pool was needed, found 'n/a'"),
    (lambda rows: rows[2].update(case="site_sub-2"), "no row of case site_sub-2_T1w"),
    (lambda rows: rows[2].update(image="sub-3/anat/sub-3_T1w.nii.gz"), "no row of case site_sub-2_T1w"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "words"), EDITS)
def test_a_table_that_does_not_fit_the_record_is_refused_by_case(
    planned: Path, bids: SmallBids, edit: Edit, words: str
) -> None:
    edit_table(planned, edit)
    with pytest.raises(FileRefusedError, match=words):
        read_plan(planned, name_sources([str(bids.root)]))


OUTSIDE = "a name of letters, digits, _, \\+ and -, and BIDS images inside the dataset were needed; found "


@pytest.mark.parametrize(
    ("cells", "changes", "words"),
    [
        ({"image": f"../{IMAGE}"}, {"images": [f"../{IMAGE}"]}, rf"{OUTSIDE}\.\./sub-2/"),
        ({"image": f"/data/{IMAGE}"}, {"images": [f"/data/{IMAGE}"]}, f"{OUTSIDE}/data/sub-2/"),
        ({}, {"labels": {"sc": {"files": [{"path": "a/../../b.nii.gz"}]}}}, rf"{OUTSIDE}a/\.\./\.\./b"),
        ({}, {"labels": {"sc": {"files": [{"rater": "ann", "path": "/b.nii.gz"}]}}}, f"{OUTSIDE}/b"),
        ({"case": "site/sub-2_T1w"}, {"case": "site/sub-2_T1w"}, f"case site/sub-2_T1w: {OUTSIDE}another name"),
        ({"case": "../sub-2_T1w"}, {"case": "../sub-2_T1w"}, f"{OUTSIDE}another name"),
        ({"case": "site_sub-3_T1w"}, {"case": "site_sub-3_T1w"}, "site_sub-3_T1w"),  # there is one of that name
        ({"image": "sub-2/notes.nii.gz"}, {"images": ["sub-2/notes.nii.gz"]}, f"{OUTSIDE}another name"),
        ({"image": f"{IMAGE};sub-2/anat/sub-2_T2w.nii.gz"}, {"images": [IMAGE, "sub-2/anat/sub-2_T2w.nii.gz"]}, "T1w"),
        ({"image": ""}, {"images": []}, "T1w"),
        ({}, {"labels": {"cord": {"files": [{"path": "a.nii.gz"}]}}}, "cord"),
        ({}, {"labels": {}}, "it has no labels in conversion.json, and so can only be in the pool"),
        ({}, {"dataset": "geneva"}, "the plan needs the datasets geneva, found site; .*geneva=/data/geneva"),
    ],
)
def test_an_edited_record_that_leads_elsewhere_or_makes_no_sense_is_refused(
    planned: Path, bids: SmallBids, cells: dict[str, str], changes: dict[str, Any], words: str
) -> None:
    edit_row(planned, "site_sub-2_T1w", **cells)
    edit_record(planned, "site_sub-2_T1w", **changes)
    with pytest.raises((DataRefusedError, UsageError), match=words):
        read_plan(planned, name_sources([str(bids.root)]))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", ["\t", ";"])
def test_a_plan_saved_by_a_spreadsheet_is_the_same_plan(
    planned: Path, bids: SmallBids, encoding: str, separator: str
) -> None:
    sources = name_sources([str(bids.root)])
    edit_row(planned, "site_sub-2_T1w", status="skip", reason="Zürich")
    plan = read_plan(planned, sources)
    text = (planned / "cases.tsv").read_text(encoding="utf-8")
    for word in ("include", "skip", "train", "test"):
        text = text.replace(f"\t{word}\t", f"\t{word.capitalize()}\t")
    buffer = io.StringIO()
    rows = csv.reader(text.replace("case\tdataset", "Case\tDataset").splitlines(), delimiter="\t")
    csv.writer(buffer, delimiter=separator).writerows(rows)
    text = buffer.getvalue()
    (planned / "cases.tsv").write_bytes(text.encode(encoding))
    record = (planned / RECORD).read_text(encoding="utf-8")
    (planned / RECORD).write_bytes(record.encode(encoding))
    assert "Include" in text
    assert read_plan(planned, sources) == plan


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            {"status": "maybe"},
            r"cases\.tsv: line \d+: case site_sub-2_T1w: status include or skip was needed, found 'maybe'",
        ),
        ({"split": "trian"}, r"cases\.tsv: line \d+: case site_sub-2_T1w: split train, test or pool was needed, found"),
        ({"image": "other"}, r"cases\.tsv: no row of case site_sub-2_T1w and its images"),
    ],
)
def test_of_two_files_of_a_plan_the_one_that_is_wrong_is_named(
    planned: Path, bids: SmallBids, cells: dict[str, str], words: str
) -> None:
    edit_row(planned, "site_sub-2_T1w", **cells)
    with pytest.raises(FileRefusedError, match=words):
        read_plan(planned, name_sources([str(bids.root)]))


def test_a_folder_without_a_plan_or_with_half_of_one_is_refused_with_the_way_to_make_one(
    planned: Path, bids: SmallBids, tmp_path: Path
) -> None:
    sources = name_sources([str(bids.root)])
    record = (planned / RECORD).read_text()
    for text in ("{", "[]", "{}", record.replace('"schema": ', '"schema": 9'), record.replace('"seed"', '"sed"')):
        write_text(planned / RECORD, text)
        with pytest.raises(
            FileRefusedError, match=r"conversion\.json: a plan was needed, as convert --write-plan leaves"
        ):
            read_plan(planned, sources)
    (planned / RECORD).unlink()
    for folder in (planned, tmp_path / "nowhere"):
        with pytest.raises(FileRefusedError, match="a plan was needed"):
            read_plan(folder, sources)


def test_a_finished_dataset_is_a_plan_of_itself_under_another_number(bids: SmallBids, tmp_path: Path) -> None:
    for number in range(1, 6):
        bids.case(f"sub-{number}_T2w")
    bids.image("sub-6_T2w").write_bytes(b"no image")
    bids.labels("sub-6_T2w")
    bids.image("sub-7_T2w")
    first = write_dataset(RawDataset.named(tmp_path / "raw", 7, "Cord"), plan_of(bids.root))
    plan = read_plan(first.dataset.folder, name_sources([str(bids.root)]))
    second = write_dataset(RawDataset.named(tmp_path / "raw", 8, "Again"), plan)
    assert second.counts == first.counts
    assert data_of(second) == data_of(first)
    for name in ("cases.tsv", "splits_final.json", "dataset.json", "qc.tsv"):
        assert (second.dataset.folder / name).read_bytes() == (first.dataset.folder / name).read_bytes()
    edit_row(second.dataset.folder, "site_sub-1_T2w", status="skip", reason="blurred")
    third = convert(second.dataset.folder, [bids.root])  # beside the others, in a folder of its own
    assert (third.counts.skipped, third.counts.refused) == (1, 2)


def test_no_path_of_this_disk_stands_in_a_plan_or_in_what_is_made_of_it(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    bids.case("sub-2_T2w")
    write_text(
        tmp_path / "list.yml", f"- {bids.root}/sub-1/anat/sub-1_T2w.nii.gz\n- {tmp_path}/gone/sub-9_T2w.nii.gz\n"
    )
    exclude = load_file_list(tmp_path / "list.yml", ["site"])
    write_plan(tmp_path / "plan", plan_of(bids.root, selection=Selection(exclude=exclude)))
    done = convert(tmp_path / "plan", [bids.root])
    assert (done.counts.skipped, done.counts.test) == (1, 1)
    files = [*(tmp_path / "plan").iterdir(), *(file for file in done.dataset.folder.iterdir() if file.is_file())]
    assert {RECORD, "cases.tsv"} <= {file.name for file in files}
    assert [file.name for file in files if str(tmp_path) in file.read_text()] == []


def test_no_path_of_a_split_file_stands_in_a_plan(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    bids.case("sub-2_T2w")
    split = {
        "train": frozenset({f"{tmp_path}/copy/sub-1_T2w.nii.gz", f"{tmp_path}/copy/sub-8_T2w.nii.gz"}),
        "test": frozenset({"sub-2", f"{bids.root}/sub-9/anat/sub-9_T2w.nii.gz"}),
    }
    plan = plan_of(bids.root, selection=Selection(split=split))
    write_plan(tmp_path / "plan", plan)
    assert [case.split for case in plan.cases] == ["train", "test"]
    assert len(plan.warnings) == 2
    assert [file.name for file in (tmp_path / "plan").iterdir() if str(tmp_path) in file.read_text()] == []


def test_the_order_in_which_datasets_are_given_changes_no_byte(
    make_bids: MakeBids, tmp_path: Path, tree_hash: TreeHash
) -> None:
    one, other = make_bids("zurich"), make_bids("colorado")
    for number in range(1, 5):
        one.case(f"sub-{number}_T2w")
        other.case(f"sub-{number}_T2w", Dialect.MANUAL)
    orders = {"forth": (one.root, other.root), "back": (other.root, one.root)}
    for name, roots in orders.items():
        plan = plan_of(*roots)
        write_plan(tmp_path / name, plan)
        write_dataset(RawDataset.named(tmp_path / f"raw-{name}", 7, "Cord"), plan)
    assert tree_hash(tmp_path / "forth") == tree_hash(tmp_path / "back")
    folders = [tmp_path / f"raw-{name}" / "Dataset007_Cord" for name in orders]
    assert tree_hash(folders[0]) == tree_hash(folders[1])
