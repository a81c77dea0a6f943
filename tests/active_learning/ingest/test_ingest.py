import gzip
import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.active_learning.ingest.ingest import ingest
from nnunet_ext.active_learning.ingest.ingest_case import INGEST_COLUMNS
from nnunet_ext.core.atomic import write_bytes, write_json
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import read_table
from tests.active_learning.ingest.made_round import GRID, STEMS, MadeRound
from tests.conftest import SHAPE


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written once: every file is flushed to the disk."""
    return MadeRound(tmp_path_factory.mktemp("template")).make().root


@pytest.fixture
def made(template: Path, tmp_path: Path) -> MadeRound:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return MadeRound(tmp_path)


def test_every_case_has_a_row_and_unlooked_ones_are_put_off(made: MadeRound) -> None:
    rows = made.rows()
    assert [stem for stem, _ in rows] == list(STEMS)
    assert {row["action"] for row in rows.values()} == {"defer"}
    assert all("nobody said that it is right" in row["reason"] for row in rows.values())
    assert list(rows[STEMS[0], "n/a"]) == list(INGEST_COLUMNS)
    assert not list(made.verified.rglob("*.nii.gz"))


@pytest.mark.parametrize("dialect", list(Dialect))
def test_masks_are_found_in_every_dialect(dialect: Dialect, tmp_path: Path) -> None:
    made = MadeRound(tmp_path, dialect).make()
    made.draw(made.more(STEMS[1]), STEMS[1])
    made.accept(STEMS[0], STEMS[1])
    rows = made.rows()
    assert [row["action"] for row in rows.values()] == ["accept", "edit", "defer"]
    assert rows[STEMS[1], "n/a"]["regions"] == "sc;lesion"
    for row in (rows[STEMS[0], "n/a"], rows[STEMS[1], "n/a"]):
        files = [made.verified / name for name in row["mask"].split(";")]
        assert [sha256(file) for file in files] == row["mask_sha256"].split(";")
    cord, lesion = (made.verified / name for name in rows[STEMS[1], "n/a"]["mask"].split(";"))
    assert np.array_equal(read_mask(lesion).data, made.mask(STEMS[1]))
    assert cord.name == "sub-2_ses-1_T2w_label-SC_seg.nii.gz"
    assert cord.parent == made.verified / "zurich/derivatives/labels/sub-2/ses-1/anat"


def test_a_corrected_mask_may_be_named_in_another_dialect_than_it_was_given_out_in(made: MadeRound) -> None:
    changed = made.draw(made.more())
    changed.rename(made.back() / "sub-1_T2w_lesion-manual.nii.gz")
    assert made.row()["action"] == "edit"


def test_accepting_costs_nothing_and_an_edit_is_measured(made: MadeRound) -> None:
    made.accept(*STEMS)
    made.draw(made.more(STEMS[1]), STEMS[1])
    rows = made.rows()
    effort = ("voxels_changed", "slices_changed", "objects_added", "objects_removed", "volume_change_mm3")
    assert [rows[STEMS[0], "n/a"][name] for name in effort] == ["0"] * 5
    assert [rows[STEMS[1], "n/a"][name] for name in effort] == ["1", "1", "1", "0", "2"]
    by_region = read_table(made.verified.parent / "effort.tsv")
    assert [(row["region"], row["voxels_changed"]) for row in by_region if STEMS[1] in row["case"]] == [
        ("sc", "0"),
        ("lesion", "1"),
    ]


def test_only_what_was_corrected_is_taken_in(made: MadeRound) -> None:
    made.draw(made.more())
    row = made.row()
    assert (row["action"], row["regions"]) == ("edit", "lesion")
    assert row["reason"].startswith("sc: as it was given out, and nobody said that it is right")
    assert row["mask"].endswith("lesion_seg.nii.gz")
    assert row["predicted_sha256"].count(";") == 1


def test_accept_edit_reject_and_defer_are_four_things(made: MadeRound) -> None:
    made.draw(made.more(STEMS[1]), STEMS[1])
    for rows, wanted in (
        ([("sub-1_T2w", "accept"), (STEMS[1], "edit"), (STEMS[2], "reject")], ["accept", "edit", "reject"]),
        ([("sub-1_T2w", "edit"), (STEMS[1], "accept"), (STEMS[2], "defer")], ["defer", "edit", "defer"]),
        ([("sub-1_T2w", "reject"), (STEMS[1], "reject"), (STEMS[2], "n/a")], ["reject", "reject", "defer"]),
    ):
        made.mark([{"case": case, "action": action} for case, action in rows])
        assert [row["action"] for row in made.rows().values()] == wanted


def test_marks_say_regions_slices_and_minutes(made: MadeRound) -> None:
    made.draw(made.more())
    made.mark(
        [
            {"case": f"zurich_{STEMS[0]}", "region": "cord", "action": "accept", "minutes": "2,5"},
            {"case": STEMS[0], "region": "lesion", "action": "edit", "slices": "3-5, 10", "minutes": "4"},
            {"case": STEMS[1], "region": "brain", "action": "accept"},
            {"case": STEMS[2], "action": "fine"},
            {"case": "sub-9_T2w", "action": "accept"},
        ]
    )
    done = made.ingest()
    first, second, third = done.rows
    assert (first["action"], first["slices"], first["minutes"]) == ("edit", "lesion k:3-5,10", "6.5")
    assert second["action"] == third["action"] == "defer"
    assert "a region (sc, lesion) was needed, found 'brain'" in second["reason"]
    assert "an action (accept, edit, reject, defer) was needed, found 'fine'" in third["reason"]
    assert done.problems == ("marks.tsv line 6: 'sub-9_T2w' was not given out",)


def test_changes_outside_the_slices_that_were_named_are_told(made: MadeRound) -> None:
    made.draw(made.more())
    made.mark([{"case": STEMS[0], "action": "edit", "slices": "3-5"}])
    assert "lesion: 1 changed voxels outside the slices that were looked at are not used" in made.row()["reason"]


def test_slices_that_are_not_there_are_refused_by_line(made: MadeRound) -> None:
    made.draw(made.more())
    made.mark([{"case": STEMS[0], "action": "edit", "slices": "3-50"}])
    row = made.row()
    assert row["action"] == "defer"
    assert row["reason"] == "marks.tsv line 2: slices from 0 to 11 across k were needed, found '3-50'"


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("truncated", "lesion_seg.nii.gz"),
        ("flipped", "lesion_seg.nii.gz"),
        ("shifted", "the grid of the image was needed"),
        ("other shape", "its shape is"),
        ("soft", "scaled wrongly, or soft"),
        ("values", "found 1, 2"),
        ("class", "neither 1 nor 255"),
        ("nan", "NaN or infinite"),
        ("negative", "holds values from 0 to 255"),
        ("empty", "comment `no lesion`"),
        ("outside", "1 lesion voxels outside the cord"),
        ("two", "found several that differ"),
        ("no nifti", "lesion_seg.nii.gz"),
    ],
)
def test_a_mask_with_a_fault_is_put_off_by_name_and_stops_no_other(made: MadeRound, fault: str, found: str) -> None:
    made.accept(*STEMS)
    _spoil(made, fault)
    before = {path: path.read_bytes() for path in made.back().rglob("*") if path.is_file()}
    rows = made.rows()
    assert [row["action"] for row in rows.values()] == ["defer", "accept", "accept"]
    assert found in rows[STEMS[0], "n/a"]["reason"]
    assert rows[STEMS[0], "n/a"]["mask"] == rows[STEMS[0], "n/a"]["voxels_changed"] == "n/a"
    assert {path: path.read_bytes() for path in before} == before


def _spoil(made: MadeRound, fault: str) -> None:
    lesion = made.mask().astype(np.float32)
    moved = GRID.copy()
    moved[:3, 3] = 5
    path = made.file()
    content = bytearray(path.read_bytes())
    if fault == "truncated":
        write_bytes(path, bytes(content[: len(content) // 2]))
    elif fault == "flipped":
        content[len(content) // 2] ^= 4
        write_bytes(path, bytes(content))
    elif fault == "no nifti":
        write_bytes(path, gzip.compress(b"a picture of a cord" * 100))
    elif fault == "two":
        shutil.copy(made.draw(made.more()), made.back() / "sub-1_T2w_lesion-manual.nii.gz")
        made.draw(made.more(at=(9, 11, 8)))
    else:
        values = {
            "shifted": lesion, "other shape": lesion[1:], "soft": lesion * 0.5,
            "values": lesion + made.mask(region="sc"),
            "class": lesion * 4, "nan": np.where(lesion > 0, np.nan, 0), "negative": -lesion, "empty": lesion * 0,
            "outside": np.where(np.indices(SHAPE).sum(0) == 0, 1, lesion),
        }  # fmt: skip
        made.save(values[fault].astype(np.float32), moved if fault == "shifted" else GRID)


def test_float_masks_of_whole_numbers_turned_axes_and_255_are_taken(made: MadeRound) -> None:
    more = made.more()
    image = nib.Nifti1Image((more * 255).astype(np.float64), GRID)
    nib.save(image.as_reoriented(nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("LAS"), nib.orientations.axcodes2ornt("PIR")
    )), made.file())  # fmt: skip
    row = made.row()
    assert (row["action"], row["voxels_changed"]) == ("edit", "1")
    assert np.array_equal(read_mask(made.verified / row["mask"]).data, more)


@pytest.mark.parametrize("comment", ["No lesion", "there is no lesion here", "without lesions"])
def test_an_emptied_mask_is_taken_where_somebody_said_that_there_is_nothing(made: MadeRound, comment: str) -> None:
    made.draw(np.zeros(SHAPE, np.uint8))
    made.mark([{"case": STEMS[0], "action": "edit", "region": "lesion", "comment": comment}])
    row = made.row()
    assert (row["action"], row["objects_removed"]) == ("edit", "1")


def test_lesions_outside_the_cord_are_clipped_or_kept_by_policy(made: MadeRound) -> None:
    made.accept(*STEMS)
    made.draw(made.more(at=(0, 0, 0)))
    clipped = made.row(lesion_outside_cord="clip")
    assert "1 lesion voxels outside the cord removed" in clipped["reason"]
    assert read_mask(made.verified / clipped["mask"].split(";")[1]).data[0, 0, 0] == 0
    assert clipped["voxels_changed"] == "1"  # what the rater did
    kept = made.row(lesion_outside_cord="keep")
    assert read_mask(made.verified / kept["mask"].split(";")[1]).data[0, 0, 0] == 1


def test_a_lesion_beside_a_cord_that_nobody_looked_at_is_told_and_taken(made: MadeRound) -> None:
    made.draw(made.more(at=(0, 0, 0)))
    row = made.row()
    assert row["action"] == "edit"
    assert "1 lesion voxels outside the cord as given out" in row["reason"]


def test_an_image_that_changed_since_the_query_stops_its_case_by_name(made: MadeRound) -> None:
    made.accept(*STEMS)
    query = made.query()
    (image,) = made.pool.root.rglob("sub-1_T2w.nii.gz")
    nib.save(nib.Nifti1Image(np.ones(SHAPE, np.int16), GRID), image)
    rows = ingest(query, made.job()).rows
    assert [row["action"] for row in rows] == ["defer", "accept", "accept"]
    assert "sub-1_T2w.nii.gz: the image changed on disk since the query" in rows[0]["reason"]
    image.unlink()
    assert "no such file" in ingest(query, made.job()).rows[0]["reason"]


def test_a_copy_that_was_edited_is_not_taken_for_what_was_given_out(made: MadeRound) -> None:
    made.accept(*STEMS)
    name = made.file().name
    (given,) = (made.root / "given").rglob(name)
    write_json(given.with_name(name.replace(".nii.gz", ".json")), {"Outputs": {name: "0" * 64}})
    assert "this copy was edited" in made.row()["reason"]


def test_provenance_is_appended_and_nothing_is_overwritten(made: MadeRound) -> None:
    first = made.draw(made.more())
    sidecar = first.with_name(first.name.replace(".nii.gz", ".json"))
    manual = {"Name": "Manual", "Author": "A. Rater", "Date": "2026-01-01 10:00:00", "Minutes": 3}
    write_json(sidecar, {"GeneratedBy": [{"Name": "model"}, manual]})
    row = made.row()
    assert row["minutes"] == "3"
    verified = made.verified / row["mask"]
    record = verified.with_name(verified.name.replace(".nii.gz", ".json"))
    entries = json.loads(record.read_text())["GeneratedBy"]
    assert entries[:2] == [{"Name": "model"}, manual]
    assert (entries[2]["Action"], entries[2]["VoxelsChanged"], entries[2]["Round"]) == ("edit", 1, 1)
    assert entries[2]["ReturnedSHA256"] == sha256(first)
    made.draw(made.more(at=(9, 11, 8)))
    again = made.row()
    later = json.loads(record.read_text())["GeneratedBy"]
    assert later[:3] == entries
    assert len(later) == 4
    (old,) = (made.verified / "superseded").iterdir()
    assert sha256(old) == row["mask_sha256"] != again["mask_sha256"]


def test_a_case_that_is_put_off_later_is_withdrawn(made: MadeRound) -> None:
    made.draw(made.more())
    row = made.row()
    made.mark([{"case": STEMS[0], "action": "reject", "comment": "moved"}])
    rejected = made.row()
    assert (rejected["action"], rejected["mask"]) == ("reject", "n/a")
    assert not (made.verified / row["mask"]).exists()
    assert len(list((made.verified / "superseded").iterdir())) == 1
    record = (made.verified / row["mask"].replace(".nii.gz", ".json")).read_text()
    made_by = json.loads(record)["GeneratedBy"]
    assert [(entry["Name"], entry.get("Action")) for entry in made_by] == [
        ("model", None), ("Manual", None), ("nnunet_ext", "edit"), ("nnunet_ext", "withdrawn"),
    ]  # fmt: skip


def test_the_same_call_again_and_other_orders_of_folders_and_rows_change_no_byte(made: MadeRound) -> None:
    made.accept(STEMS[0], STEMS[1])
    made.draw(made.more(STEMS[2]), STEMS[2])
    other = made.root / "back" / "more"
    shutil.move(made.back() / "labels" / "sub-1", other / "sub-1")
    (one,) = made.job().returned
    two = type(one)("", other)
    first = made.ingest(returned=(one, two))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in made.verified.rglob("*") if path.is_file()}
    assert made.ingest(returned=(two, one)) == first
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in made.verified.rglob("*") if path.is_file()
    }
    turned = ingest(made.query()[::-1], made.job(returned=(two, one)))
    assert sorted(map(str, turned.rows)) == sorted(map(str, first.rows))


def test_masks_of_no_case_are_named(made: MadeRound) -> None:
    shutil.copy(made.file(), made.back() / "sub-77_T2w_label-lesion_seg.nii.gz")
    assert made.ingest().problems == ("sub-77_T2w_label-lesion_seg.nii.gz: a mask of no case that was given out",)


def test_a_folder_that_is_not_there_is_a_problem_by_name_and_stops_no_other(made: MadeRound) -> None:
    made.accept(*STEMS)
    (one,) = made.job().returned
    done = made.ingest(returned=(one, type(one)("", made.root / "nowhere"), type(one)("zoe", made.root / "back")))
    assert [row["action"] for row in done.rows] == ["accept"] * 3
    assert [problem.partition(": ")[2] for problem in done.problems] == [
        "nobody was asked under the name 'zoe'",
        "a folder that came back was needed; there is none",
    ]


def test_a_second_channel_that_changed_or_is_missing_stops_its_case(made: MadeRound) -> None:
    made.accept(*STEMS)
    second = made.pool.image("sub-1_T1w")
    query = [dict(row) for row in made.query()]
    query[0]["image"] += ";sub-1/anat/sub-1_T1w.nii.gz"
    query[0]["image_sha256"] += f";{sha256(second)}"
    assert ingest(query, made.job()).rows[0]["action"] == "accept"
    write_bytes(second, b"another")
    assert "sub-1_T1w.nii.gz: the image changed on disk" in ingest(query, made.job()).rows[0]["reason"]
    second.unlink()
    assert "sub-1_T1w.nii.gz: no such file" in ingest(query, made.job()).rows[0]["reason"]


def test_verified_masks_are_not_taken_for_what_came_back(made: MadeRound) -> None:
    (one,) = made.job().returned
    for folder in (made.verified, made.verified.parent, made.verified / "zurich"):
        with pytest.raises(UsageError, match="a folder of masks that a rater gave back was needed"):
            made.ingest(returned=(type(one)("", folder),))
