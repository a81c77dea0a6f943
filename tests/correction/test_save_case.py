from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.volume import Affine
from nnunet_ext.correction.spent import Spent
from tests.conftest import SHAPE
from tests.correction.made_desk import REGIONS, STEMS, MadeDesk, save_on
from tests.strategies import affines, thorough

_EIGHT = ("LAS", "RAS", "LPI", "RPI", "ASL", "PIR", "SAL", "IRP")
_TURN = nib.eulerangles.euler2mat(0.1, -0.25, 0.2)
_GEOMETRY = ("sform_code", "qform_code", "srow_x", "srow_y", "srow_z", "quatern_b", "quatern_c", "quatern_d",
             "qoffset_x", "qoffset_y", "qoffset_z", "xyzt_units")  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> MadeDesk:
    return MadeDesk(tmp_path).make()


def grids() -> dict[str, Affine]:
    turned = {
        axes: nib.orientations.inv_ornt_aff(
            nib.orientations.ornt_transform(
                nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(tuple(axes))
            ),
            SHAPE,
        )
        for axes in _EIGHT
    }
    oblique = nib.affines.from_matvec(_TURN @ np.diag([-0.7, 0.7, 2.2]), [12.3, -45.6, 78.9])
    thick = nib.affines.from_matvec(_TURN @ np.diag([0.4, -0.4, 5.0]), [-1.5, 20.25, -300.1])
    return {**turned, "oblique": oblique, "0.4 x 0.4 x 5 mm": thick}


def header(path: Path) -> nib.Nifti1Header:
    return nib.Nifti1Image.from_filename(path).header


@pytest.mark.parametrize("grid", grids())
def test_exactly_the_voxels_that_were_drawn_are_saved_on_the_images_own_grid(tmp_path: Path, grid: str) -> None:
    made = MadeDesk(tmp_path, stems=STEMS[:1], affine=grids()[grid]).make()
    made.save(made.drawn(made.more()))
    for region, drawn in made.drawn(made.more()).items():
        saved = nib.Nifti1Image.from_filename(made.output(region=region))
        assert np.array_equal(np.asarray(saved.dataobj), drawn)
        for field in _GEOMETRY:
            assert header(made.output(region=region))[field].tobytes() == header(made.image())[field].tobytes(), field
        assert np.array_equal(saved.affine, nib.Nifti1Image.from_filename(made.image()).affine)


@thorough(0.4)
@given(affine=affines(), sform=st.integers(0, 4), qform=st.integers(1, 4))
def test_both_forms_of_the_image_are_taken_over_bit_by_bit(
    affine: Affine, sform: int, qform: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = MadeDesk(tmp_path_factory.mktemp("forms"), stems=STEMS[:1], affine=affine).make()
    image = nib.Nifti1Image.from_filename(made.image())
    image.set_sform(affine, code=sform)
    image.set_qform(affine, code=qform)
    image.to_filename(made.image())
    made.save(made.drawn(made.more()))
    before, after = header(made.image()), header(made.output())
    for field in _GEOMETRY:
        assert after[field].tobytes() == before[field].tobytes(), field
    assert after["pixdim"][:4].tobytes() == before["pixdim"][:4].tobytes()


_REAL = (
    "t2_full_fov.nii.gz",
    "t2_crop/t2.nii.gz",
    "bids_unf/sub-unf01/anat/sub-unf01_T1w.nii.gz",
    "bids_unf/sub-unf01/anat/sub-unf01_T2star.nii.gz",
    "gm_challenge/sub-9418/anat/sub-9418_run-1_T2starw.nii.gz",
    "mt/t1w.nii.gz",
)


@pytest.mark.parametrize("image", _REAL)
def test_a_mask_on_a_real_image_has_every_number_of_its_place(made: MadeDesk, real_data: Path, image: str) -> None:
    case = replace(made.desk.cases[0], image=real_data / image, masks={})
    desk = replace(made.desk, cases=(case,))
    shape = nib.Nifti1Image.from_filename(real_data / image).shape
    drawn = np.zeros(shape, np.bool_)
    drawn[tuple(slice(size // 3, size // 2 + 1) for size in shape)] = True
    save_on(desk, {"sc": drawn, "lesion": np.zeros(shape, np.bool_)})
    assert np.array_equal(np.asarray(nib.Nifti1Image.from_filename(made.output(region="sc")).dataobj), drawn)
    before, after = header(real_data / image), header(made.output(region="sc"))
    for field in _GEOMETRY:
        assert after[field] == pytest.approx(before[field], abs=0), field
    assert np.array_equal(after["pixdim"][:4], before["pixdim"][:4])


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("order", "<>")
def test_an_image_of_any_version_and_byte_order_gives_its_place_to_the_mask(
    made: MadeDesk, kind: type[nib.Nifti1Image], order: str, tree_hash: Callable[[Path], str]
) -> None:
    image = nib.Nifti1Image.from_filename(made.image())
    affine = grids()["oblique"]
    header = kind.header_class(endianness=order)
    kind(np.asarray(image.dataobj).astype(f"{order}i2"), affine, header).to_filename(made.image())
    case = replace(made.desk.cases[0], masks={})
    desk = replace(made.desk, cases=(case, *made.desk.cases[1:]))
    save_on(desk, made.drawn())
    assert np.array_equal(nib.Nifti1Image.from_filename(made.output()).affine, affine.astype(np.float32))
    before = tree_hash(made.place)
    save_on(desk, made.drawn())
    assert tree_hash(made.place) == before


def test_a_case_whose_one_mask_was_changed_is_edited_and_the_other_mask_accepted(made: MadeDesk) -> None:
    settled = made.save(made.drawn(made.more()), spent=Spent(90.0, 4, 2, {"remove": 1, "brush": 2}))
    assert settled.action is Action.EDIT
    assert [(row["case"], row["region"], row["action"], row["minutes"]) for row in made.rows()] == [
        (STEMS[0], "sc", "accept", "1.5"),
        (STEMS[0], "lesion", "edit", "n/a"),
    ]
    (row,) = made.rows("effort.tsv")
    cells = {"rater": "ann", "action": "edit", "seconds": "90.0", "clicks": "4", "strokes": "2", "voxels_changed": "1"}
    assert cells.items() <= row.items()
    assert (row["slices_changed"], row["objects_added"], row["objects_removed"]) == ("1", "1", "0")
    assert row["tools"] == "remove 1; brush 2"


def test_the_sidecar_grows_and_says_who_did_what_and_how_much(made: MadeDesk) -> None:
    model = {"Name": "model", "Version": "1"}
    for region in REGIONS:
        given_file = made.given(region=region)
        write_json(given_file.with_name(given_file.name.replace(".nii.gz", ".json")), {"GeneratedBy": [model]})
    made.save(made.drawn(made.more()), spent=Spent(90.0))
    made.save(made.drawn(made.more(at=(9, 11, 8))), spent=Spent(120.0))
    first, second, third = made.made_by()
    assert first == model
    assert (second["Author"], second["Action"], second["Minutes"], second["Date"]) == (
        "ann",
        "edit",
        1.5,
        "2026-01-02 03:04:05",
    )
    assert (second["VoxelsChanged"], second["ObjectsAdded"], second["ObjectsRemoved"]) == (1, 1, 0)
    assert third["Minutes"] == 2.0


def test_the_same_save_again_changes_no_byte(made: MadeDesk, tree_hash: Callable[[Path], str]) -> None:
    made.save(made.drawn(made.more()))
    before = tree_hash(made.place)
    made.save(made.drawn(made.more()))
    assert tree_hash(made.place) == before


def test_what_stood_there_and_is_something_else_is_kept_out_of_sight(made: MadeDesk) -> None:
    write_mask(made.output(), made.mask(), np.diag([-1.0, 1.0, 2.0, 1.0]))
    before = made.output().read_bytes()
    made.save(made.drawn(made.more()))
    (kept,) = made.desk.superseded.glob(f"*_{made.output().name}")
    assert kept.read_bytes() == before
    assert np.array_equal(read_mask(made.output()).data, made.more())


def test_a_mask_that_another_program_put_on_a_nearby_grid_is_written_anew(made: MadeDesk) -> None:
    off = np.diag([-1.0, 1.0, 2.0, 1.0])
    off[0, 3] = 1e-5
    write_mask(made.output(), made.mask(), off)
    made.save(made.drawn(), Action.ACCEPT)
    assert header(made.output())["srow_x"].tobytes() == header(made.image())["srow_x"].tobytes()


def test_a_case_that_is_accepted_has_both_masks_as_they_were_given(made: MadeDesk) -> None:
    settled = made.save(made.drawn(), Action.ACCEPT)
    assert settled.action is Action.ACCEPT
    assert [row["action"] for row in made.rows()] == ["accept", "accept"]
    assert np.array_equal(read_mask(made.output()).data, made.mask())


def test_a_case_that_is_accepted_after_a_change_is_edited(made: MadeDesk) -> None:
    assert made.save(made.drawn(made.more()), Action.ACCEPT).action is Action.EDIT


def test_a_case_in_which_nothing_was_changed_is_not_taken_for_edited(made: MadeDesk) -> None:
    with pytest.raises(DataRefusedError, match="nothing was changed: accept it"):
        made.save(made.drawn())
    assert not made.output().exists()


@pytest.mark.parametrize("action", [Action.REJECT, Action.DEFER])
def test_of_a_case_that_is_rejected_or_put_off_no_mask_is_written(made: MadeDesk, action: Action) -> None:
    settled = made.save(made.drawn(made.more()), action, comment="blurred")
    assert settled.action is action
    assert [(row["action"], row["comment"]) for row in made.rows()] == [(action, "blurred"), (action, "n/a")]
    assert not made.output().exists()
    assert made.rows("effort.tsv")[0]["voxels_changed"] == "n/a"


def test_an_emptied_mask_is_refused_unless_somebody_says_that_there_is_nothing(made: MadeDesk) -> None:
    empty = np.zeros(SHAPE, np.bool_)
    with pytest.raises(DataRefusedError, match="the mask is empty"):
        made.save(made.drawn(empty))
    assert made.save(made.drawn(empty), absent=("lesion",)).action is Action.EDIT
    assert made.rows()[1]["comment"] == "no lesion"
    assert not read_mask(made.output()).data.any()


def test_a_region_that_is_drawn_and_said_to_be_absent_is_refused(made: MadeDesk) -> None:
    with pytest.raises(DataRefusedError, match="lesion: said to be absent, and 13 voxels are drawn"):
        made.save(made.drawn(made.more()), absent=("lesion",))


def test_lesion_voxels_outside_the_cord_are_refused_clipped_or_kept_as_the_policy_says(made: MadeDesk) -> None:
    outside = made.more(at=(0, 0, 0))
    with pytest.raises(DataRefusedError, match="1 lesion voxels outside the cord"):
        made.save(made.drawn(outside))
    clipping = replace(made, policy="clip")
    inside = made.more()
    assert clipping.save(made.drawn(outside | inside)).notes == ("1 lesion voxels outside the cord removed",)
    assert np.array_equal(read_mask(made.output()).data, inside)
    replace(made, policy="keep").save(made.drawn(outside))
    assert np.array_equal(read_mask(made.output()).data, outside)


def test_a_region_that_was_not_given_and_in_which_nothing_is_drawn_stays_open(made: MadeDesk) -> None:
    made.given().unlink()
    case = replace(made.desk.cases[0], masks={"sc": made.given(region="sc")})
    desk = replace(made.desk, cases=(case, *made.desk.cases[1:]))
    nothing = {"sc": made.mask("sc"), "lesion": np.zeros(SHAPE, np.bool_)}
    save_on(desk, nothing, Action.ACCEPT)
    assert [row["region"] for row in made.rows()] == ["sc"]
    assert not made.output().exists()
    save_on(desk, nothing, Action.ACCEPT, absent=("lesion",))
    assert [(row["region"], row["action"], row["comment"]) for row in made.rows()][1] == (
        "lesion",
        "accept",
        "no lesion",
    )
    assert not read_mask(made.output()).data.any()


def test_a_case_of_which_nothing_was_given_and_nothing_is_drawn_cannot_be_accepted(made: MadeDesk) -> None:
    desk = replace(made.desk, cases=(replace(made.desk.cases[0], masks={}),))
    empty = np.zeros(SHAPE, np.bool_)
    with pytest.raises(DataRefusedError, match="nothing was given and nothing is drawn"):
        save_on(desk, {"sc": empty, "lesion": empty}, Action.ACCEPT)
    save_on(desk, {"sc": empty, "lesion": empty}, Action.REJECT)
    assert [row["action"] for row in made.rows()] == ["reject", "reject"]


def test_other_lines_of_the_marks_stay_as_they_were_written_and_what_was_said_before_is_kept(made: MadeDesk) -> None:
    table = "Case\taction\tmood\tcomment\nsub-9_T2w\taccept\tgood\tmine\nsub-1_T2w\treject\tbad\tblurred\n"
    table += "sub-2_T2w\tn/a\tn/a\tn/a\n"
    write_text(made.place / "marks.tsv", table)
    made.save(made.drawn(made.more()))
    rows = made.rows()
    assert [(row["case"], row["action"]) for row in rows] == [
        ("sub-9_T2w", "accept"), ("sub-1_T2w", "accept"), ("sub-1_T2w", "edit"), ("sub-2_T2w", "n/a"),
    ]  # fmt: skip
    assert (rows[0]["mood"], rows[0]["comment"]) == ("good", "mine")
    (kept,) = made.desk.superseded.glob("*_marks.tsv")
    assert kept.read_text(encoding="utf-8") == table


def test_marks_that_cannot_be_read_are_named_and_nothing_is_written(made: MadeDesk) -> None:
    write_text(made.place / "marks.tsv", "who\twhat\n1\t2\n")
    with pytest.raises(FileRefusedError, match="marks.tsv: a column case and action was needed"):
        made.save(made.drawn(made.more()))
    assert not made.output().exists()
    assert (made.place / "marks.tsv").read_text(encoding="utf-8") == "who\twhat\n1\t2\n"


def test_a_mask_may_take_the_place_of_the_one_that_it_was_made_from(made: MadeDesk) -> None:
    case = replace(made.desk.cases[0], output=made.desk.cases[0].masks)
    desk = replace(made.desk, cases=(case, *made.desk.cases[1:]))
    before, drawn = made.given().read_bytes(), made.drawn(made.more())
    save_on(desk, drawn)
    assert np.array_equal(made.mask(), drawn["lesion"])
    (kept,) = made.desk.superseded.glob(f"*_{made.given().name}")
    assert kept.read_bytes() == before
