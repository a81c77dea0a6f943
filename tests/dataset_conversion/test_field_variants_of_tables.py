"""Lists and tables of labs, by the row of the list of variants in each test's comment, and names nobody expects."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.atomic import write_text
from tests.conftest import SmallBids
from tests.dataset_conversion.lab import CORD, Lab, TreeHash, number_box

MakeBids = Callable[[str], SmallBids]
STEMS = (
    *("sub-beijingVerio01_T2w", "sub-beijingVerio02_T2w", "sub-beijingVerioX01_T2w"),
    *("sub-cal001_T1w", "sub-cal001_T2w", "sub-cal0010_T2w", "sub-cal002_ses-M0_T2w", "sub-cal002_ses-M12_T2w"),
)
SITES = {"sub-1": "geneva", "sub-2": "basel", "sub-3": "lausanne"}


@pytest.fixture
def lab(bids: SmallBids, tmp_path: Path, tree_hash: TreeHash) -> Lab:
    return Lab(bids, tmp_path, tree_hash)


@pytest.fixture
def listed(lab: Lab) -> Lab:
    """A dataset with the images that the lists below speak of."""
    for stem in STEMS:
        lab.bids.case(stem)
    return lab


@pytest.fixture
def three(lab: Lab) -> Lab:
    """A dataset with one image of each of three patients."""
    for subject in SITES:
        lab.bids.case(f"{subject}_T2w")
    return lab


LISTS = [
    ("a.yml", "- sub-cal001  # moved\n- sub-beijingVerio02\n", {1, 3, 4}, "moved"),
    ("a.yml", "T2w:\n- sub-cal001  # moved\n- sub-cal0010\n", {4, 5}, "moved"),
    ("a.yml", "csa_t1:\n- sub-cal001_T1w  # artefact\ncsa_t2:\n- sub-cal002\n", {3, 6, 7}, "artefact"),
    ("a.yml", "mtr:\n- beijingVerio  # whole site\n", {0, 1}, "whole site"),
    ("a.yaml", "- sub-cal002_ses-M12_T2w.nii.gz # blurred\n", {7}, "blurred"),
    ("a.yml", "- derivatives/labels/sub-cal001/anat/sub-cal001_T2w_lesion-manual.nii.gz  # wrong\n", {4}, "wrong"),
    ("a.json", '{"site": ["sub-cal001"], "T2w": ["sub-cal002"]}', {3, 4, 6, 7}, ""),
    ("a.txt", "sub-cal002/ses-M0  # no discs\n\n# sub-cal0010\n", {6}, "no discs"),
]


# 27
@pytest.mark.parametrize(("name", "text", "excluded", "reason"), LISTS)
def test_an_exclude_list_of_any_shape_excludes_whom_it_names(
    listed: Lab, name: str, text: str, excluded: set[int], reason: str
) -> None:
    answer = listed.convert("--exclude", listed.file(name, text))
    assert answer.code == 0
    left_out = {case: fate for case, fate in answer.fates.items() if fate not in ("train", "test")}
    assert set(left_out) == {f"site_{STEMS[index]}" for index in excluded}
    assert all(fate.startswith("on the exclude list as ") for fate in left_out.values())
    assert any(reason in fate for fate in left_out.values())
    assert "warning" not in answer.said


# 27
def test_entries_of_a_list_that_name_nothing_are_told_and_kept_on_record(listed: Lab) -> None:
    text = "- sub-cal001_T3w\n- beijingverio\n- sub-cal\n- sub-cal0010\n"
    answer = listed.convert("--exclude", listed.file("a.yml", text))
    assert [fate for fate in answer.fates.values() if "exclude" in fate] == ["on the exclude list as 'sub-cal0010'"]
    for entry in ("sub-cal001_T3w", "beijingverio", "sub-cal"):
        assert f"warning: the exclude list names {entry!r}, which no image has" in answer.said
    assert len(answer.record["warnings"]) == 3


# 27
def test_a_dataset_s_own_list_counts_under_the_headings_that_the_profile_names(listed: Lab) -> None:
    write_text(listed.bids.root / "exclude.yml", "csa_t2:\n- sub-cal001\nbrain_t1:\n- sub-cal0010\n")
    profile = listed.profile("")
    write_text(profile, 'exclude_file = "exclude.yml"\nexclude_headings = ["csa_t2"]\n' + profile.read_text())
    fates = listed.convert("--profile", profile).fates
    assert {case for case, fate in fates.items() if "exclude" in fate} == {"site_sub-cal001_T1w", "site_sub-cal001_T2w"}
    (listed.bids.root / "exclude.yml").unlink()
    assert "exclude.yml" in listed.convert("--profile", profile, raw="without").said


# 28
def test_only_images_on_the_include_list_are_taken_and_the_others_are_listed(listed: Lab) -> None:
    text = "T2w:\n- sub-cal001\n- sub-cal002_ses-M0_T2w.nii.gz\n- sub-gone\n"
    answer = listed.convert("--include", listed.file("subjects_to_include.yml", text))
    assert answer.code == 0
    taken = {case for case, fate in answer.fates.items() if fate in ("train", "test")}
    assert taken == {"site_sub-cal001_T2w", "site_sub-cal002_ses-M0_T2w"}
    assert len(answer.rows) == len(STEMS)
    assert answer.fates["site_sub-cal001_T1w"] == "not on the include list"
    assert "the include list names 'sub-gone', which no image has" in answer.said


def sites_of(lab: Lab, table: str | bytes, raw: str = "raw", *arguments: str | Path) -> dict[str, str]:
    (lab.bids.root / "participants.tsv").write_bytes(table if isinstance(table, bytes) else table.encode())
    answer = lab.convert(*arguments, raw=raw)
    assert answer.code == 0
    return {row["subject"]: row["site"] for row in answer.rows.values()}


def table_of(sites: dict[str, str], column: str = "institution_id", **more: str) -> str:
    lines = [f"participant_id\t{column}", *(f"{subject}\t{site}" for subject, site in (sites | more).items())]
    return "\n".join(lines) + "\n"


# 29
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_table_of_any_program_gives_the_sites(three: Lab, mark: bytes, ending: bytes) -> None:
    assert sites_of(three, mark + table_of(SITES).encode().replace(b"\n", ending)) == SITES


# 29
@pytest.mark.parametrize("nothing", ["n/a", "N/A", "", "NaN", "unknown", "unknwon", "-", " "])
def test_a_site_that_nobody_knows_is_the_dataset_itself(three: Lab, nothing: str) -> None:
    assert sites_of(three, table_of(SITES | {"sub-2": nothing})) == SITES | {"sub-2": "site"}


# 29
def test_rows_without_images_and_images_without_rows_do_no_harm(three: Lab) -> None:
    table = table_of({"sub-1": "geneva", "sub-77": "nowhere", "2": "basel", "": "x"})
    assert sites_of(three, table) == {"sub-1": "geneva", "sub-2": "basel", "sub-3": "site"}


# 29
def test_columns_are_those_of_the_profile_and_the_first_with_a_value_counts(three: Lab) -> None:
    table = (
        "participant_id\tphenotype_M0\tinst_M0\tinst\nsub-1\tHC\tn/a\tgeneva\nsub-2\tRRMS\tbasel\tother\nsub-3\t\t\t\n"
    )
    (three.bids.root / "derivatives/labels/sub-1/anat/sub-1_T2w_label-lesion_seg.nii.gz").unlink()
    profile = three.profile(
        '[participants]\nsite = ["inst_M0", "inst"]\npathology = ["phenotype_M0"]\nhealthy = ["HC"]\n'
        'healthy_lacks = ["lesion"]\n'
    )
    found = sites_of(three, table, "raw", "--profile", profile)
    assert found == {"sub-1": "geneva", "sub-2": "basel", "sub-3": "site"}


# 29
def test_a_quotation_mark_in_a_cell_swallows_no_patient(three: Lab) -> None:
    rows = [f'{subject}\t{site}\t"{note}' for (subject, site), note in zip(SITES.items(), "abc", strict=True)]
    assert sites_of(three, "participant_id\tsite\tnote\n" + "\n".join(rows) + "\n") == SITES


# 29
def test_a_patient_who_stands_there_twice_is_fine_where_the_rows_agree_and_told_where_not(three: Lab) -> None:
    assert sites_of(three, table_of(SITES) + "sub-1\tgeneva\n") == SITES
    write_text(three.bids.root / "participants.tsv", table_of(SITES) + "sub-1\tbern\n")
    said = three.convert(raw="torn").said
    assert "participants.tsv" in said
    assert "sub-1" in said.replace("sub-1_", "")


# 29
@pytest.mark.parametrize("content", [b"/annex/objects/MD5E-s99--0123456789abcdef.tsv\n", None])
def test_a_table_that_was_not_downloaded_is_not_taken_for_none(three: Lab, content: bytes | None) -> None:
    table = three.bids.root / "participants.tsv"
    if content is None:
        table.symlink_to(".git/annex/objects/gone")
    else:
        table.write_bytes(content)
    assert "participants.tsv" in three.refuses_all()


# 29
@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"PK\x03\x04" + table_of(SITES).encode(), "a table was needed, found a zip file, such as an .xlsx workbook"),
        (table_of(SITES).replace("participant_id", "subject").encode(), "a column participant_id was needed"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_by_name(three: Lab, table: bytes, words: str) -> None:
    (three.bids.root / "participants.tsv").write_bytes(table)
    said = three.refuses_all()
    assert f"participants.tsv: {words}" in said


# 29
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("separator", ["\t", ",", ";"])
def test_a_table_in_the_encoding_and_with_the_separators_of_a_spreadsheet_is_taken(
    three: Lab, encoding: str, separator: str
) -> None:
    table = table_of(SITES | {"sub-1": "Zürich"}).replace("\t", separator)
    assert sites_of(three, table.encode(encoding)) == SITES | {"sub-1": "Zürich"}


STRANGE = [
    *(
        "sub-1 (copy)_T2w",
        "sub-1'; rm -rf *_T2w",
        'sub-1"_T2w',
        "sub-é_T2w",
        "sub-..\\1_T2w",
        "sub-1..2_T2w",
        "sub-_T2w",
    ),
    *("sub-1\t2_T2w", "sub-1\n2_T2w", "sub-1_T2w.T2w", "sub-1__T2w", "sub-1", "T2w", "sub-1_sub-2_T2w", "脊髄_T2w"),
]


@pytest.mark.parametrize("stem", STRANGE)
def test_an_image_with_a_strange_name_is_refused_by_it_and_no_other_is(lab: Lab, stem: str) -> None:
    lab.bids.case("sub-2_T2w")
    lab.bids.image(stem, folder="sub-2/anat")
    answer = lab.convert()
    assert answer.code == 3
    assert answer.rows["site_sub-2_T2w"]["status"] == "include"
    (other,) = (row for case, row in answer.rows.items() if case != "site_sub-2_T2w")
    assert "not a BIDS file name" in other["reason"]
    assert other["image"] == "sub-2/anat/" + " ".join(f"{stem}.nii.gz".split())
    assert len(list(answer.folder.rglob("*.nii.gz"))) == 2


def test_a_name_that_is_no_text_is_refused_and_no_other_is(bids: SmallBids, tmp_path: Path) -> None:
    lab = Lab(bids, tmp_path, lambda root: str(sorted(map(os.fsencode, root.rglob("*")))))
    lab.bids.case("sub-2_T2w")
    name = os.fsencode(lab.bids.root / "sub-2/anat") + b"/sub-2\xe9_T2w.nii.gz"  # saved by a program without UTF-8
    Path(os.fsdecode(name)).write_bytes((lab.bids.root / "sub-2/anat/sub-2_T2w.nii.gz").read_bytes())
    answer = lab.convert()
    assert answer.code == 3
    assert answer.rows["site_sub-2_T2w"]["status"] == "include"
    assert answer.record["images"]["refused"] == 1


def test_a_folder_with_an_image_s_name_is_refused(three: Lab) -> None:
    (three.bids.root / "sub-1/anat/sub-1_run-2_T2w.nii.gz").mkdir()
    three.bids.labels("sub-1_run-2_T2w")
    answer = three.convert()
    assert "a file was needed and this is a folder" in answer.fates["site_sub-1_run-2_T2w"]
    assert answer.record["images"]["refused"] == 1


def test_a_link_to_a_folder_above_is_not_followed_for_ever(three: Lab) -> None:
    (three.bids.root / "sub-1/anat/loop").symlink_to("../..")
    (three.bids.root / "derivatives/labels/sub-1/anat/loop").symlink_to("..")
    answer = three.convert()
    assert answer.code == 0
    assert {row["image"] for row in answer.rows.values()} == {f"{sub}/anat/{sub}_T2w.nii.gz" for sub in SITES}


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Étude d'été (copy) 2", "tude-d-t-copy-2"),
        ('a "quoted" $HOME; name', "a-quoted-HOME-name"),
        ("up/../..hidden..", "hidden"),
        ("a=b", "a-b"),
        ("脊髄 1", "1"),
    ],
)
def test_a_folder_of_any_name_becomes_a_part_of_case_names(
    make_bids: MakeBids, tmp_path: Path, tree_hash: TreeHash, folder: str, name: str
) -> None:
    (tmp_path / "up").mkdir()
    lab = Lab(make_bids(folder), tmp_path, tree_hash)
    lab.bids.case("sub-1_T2w")
    assert lab.convert().fates == {f"{name}_sub-1_T2w": "test"}


@pytest.mark.parametrize("argument", ["../evil={}", "a b={}", "a/..={}", "={}", "..={}", "é={}"])
def test_a_dataset_s_name_that_is_no_name_is_refused(three: Lab, argument: str) -> None:
    answer = three.convert(bids=(argument.format(three.bids.root),))
    assert answer.code == 3
    assert "a BIDS folder was needed, found nothing; check the path" in answer.said
    assert not list((three.tmp_path / "raw").rglob("*.nii.gz"))


@pytest.mark.parametrize("name", ["../evil", "a b", "é", "", "x/y", ".hidden"])
def test_a_name_that_nnunet_could_not_find_again_is_refused(three: Lab, name: str) -> None:
    answer = three.convert(name=name)
    assert answer.code == 2
    assert "a name of letters, digits, - and _ were needed" in answer.said
    assert {path.name for path in three.tmp_path.iterdir()} == {"site"}


def test_strange_words_in_the_table_stay_words(three: Lab) -> None:
    sites = {"sub-1": "../../etc", "sub-2": 'St. John\'s "West" 脊髄', "sub-3": "$(touch x)"}
    assert sites_of(three, table_of(sites, **{"../../sub-9": "x"})) == sites
    assert {path.name for path in three.tmp_path.iterdir()} == {"site", "raw"}


def edited(lab: Lab, edit: Callable[[dict[str, object], dict[str, str]], None]) -> str:
    """Leave a plan, edit the first case of its two files, and give what the command says on refusing it."""
    plan = lab.tmp_path / "plan"
    assert lab.convert("--write-plan", plan).code == 0
    content = json.loads((plan / "conversion.json").read_text())
    with (plan / "cases.tsv").open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    edit(content["cases"][0], rows[0])
    write_text(plan / "conversion.json", json.dumps(content))
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    write_text(plan / "cases.tsv", "\n".join(lines) + "\n")
    before = sorted(lab.tmp_path.rglob("*"))
    said = lab.refuses_all("--plan", plan)
    assert [path for path in sorted(lab.tmp_path.rglob("*")) if path not in before and path.suffix == ".gz"] == []
    return said


@pytest.mark.parametrize("name", ["../../evil", "/evil/case", "a/b", "..", "a b", "é", "-rf"])
def test_a_case_of_an_edited_plan_cannot_be_named_out_of_the_dataset(three: Lab, name: str) -> None:
    def edit(content: dict[str, object], row: dict[str, str]) -> None:
        content["case"] = row["case"] = name

    assert f"case {name}: a name of letters, digits" in edited(three, edit)


@pytest.mark.parametrize(
    "path", ["../secret/sub-1_T2w.nii.gz", "/secret/sub-1_T2w.nii.gz", "sub-1/../../sub-1_T2w.nii"]
)
@pytest.mark.parametrize("which", ["images", "labels"])
def test_a_file_of_an_edited_plan_cannot_lie_outside_its_dataset(three: Lab, path: str, which: str) -> None:
    (three.tmp_path / "secret").mkdir()
    three.bids.image("sub-1_T2w", folder="../secret")

    def edit(content: dict[str, object], row: dict[str, str]) -> None:
        if which == "images":
            content["images"] = [path]
            row["image"] = path
        else:
            content["labels"] = {"sc": {"files": [{"path": path}]}, "lesion": {"empty": "so"}}

    assert f"found {path}" in edited(three, edit)


def test_two_cases_of_an_edited_plan_cannot_be_one(three: Lab) -> None:
    def edit(content: dict[str, object], row: dict[str, str]) -> None:
        content["case"] = row["case"] = "site_sub-2_T2w"

    assert "case site_sub-2_T2w: two cases have this name" in edited(three, edit)


def test_an_edited_plan_that_tears_a_patient_apart_is_refused(lab: Lab) -> None:
    for number in range(4):
        for session in (1, 2):
            lab.bids.case(f"sub-{number}_ses-{session}_T2w")

    def edit(_: dict[str, object], row: dict[str, str]) -> None:
        row["split"] = "test" if row["split"] == "train" else "train"

    assert "both trained and tested on: sub-0 of site" in edited(lab, edit)


def test_the_right_voxels_follow_a_case_whose_name_was_edited(lab: Lab) -> None:
    for number in (1, 2):
        lab.bids.image(f"sub-{number}_T2w")
        lab.label(f"sub-{number}_T2w_label-SC_seg", CORD)
        lab.label(f"sub-{number}_T2w_label-lesion_seg", number_box(number))
    plan = lab.tmp_path / "plan"
    lab.convert("--write-plan", plan)
    for name in ("conversion.json", "cases.tsv"):
        write_text(plan / name, (plan / name).read_text().replace("site_sub-1_T2w", "first"))
    np.testing.assert_array_equal(lab.convert("--plan", plan).map("first"), CORD + number_box(1))
