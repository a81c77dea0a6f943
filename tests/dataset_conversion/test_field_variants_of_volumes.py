"""What labs keep in the files of images and masks, by the row of the list of variants in each test's comment."""

import gzip
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.volume import Affine, Array
from tests.conftest import SHAPE, SmallBids
from tests.dataset_conversion.lab import CORD, GRID, LESION, Lab, TreeHash, box, edit_header, load, number_box, save

STEM = "sub-1_T2w"
CASE = "site_sub-1_T2w"
POINTER = b"/annex/objects/MD5E-s12345--0123456789abcdef.nii.gz\n"


@pytest.fixture
def lab(bids: SmallBids, tmp_path: Path, tree_hash: TreeHash) -> Lab:
    """A dataset with one sound case, sub-9, which must always go on."""
    bids.case("sub-9_T2w")
    return Lab(bids, tmp_path, tree_hash)


def case(lab: Lab, stem: str = STEM, cord: Array = CORD, lesion: Array = LESION) -> dict[str, Path]:
    return {
        "image": lab.bids.image(stem),
        "sc": lab.label(f"{stem}_label-SC_seg", cord),
        "lesion": lab.label(f"{stem}_label-lesion_seg", lesion),
    }


def refused(lab: Lab, *arguments: str | Path) -> str:
    """Convert, of which sub-1 must be refused and sub-9 not, and give the reason."""
    answer = lab.convert(*arguments)
    assert answer.code == 3
    assert answer.rows["site_sub-9_T2w"]["status"] == "include"
    assert not list(answer.folder.rglob("*sub-1*"))
    assert answer.rows[CASE]["status"] == "skip"
    return answer.rows[CASE]["reason"]


# 16
def test_a_missing_cord_is_refused_left_out_or_ignored_as_the_policy_says(lab: Lab) -> None:
    case(lab)["sc"].unlink()
    assert "no sc mask: looked in derivatives/labels for sub-1_T2w_label-SC_seg" in refused(lab)
    skipped = lab.convert("--missing", "sc=skip", raw="skip")
    assert (skipped.code, skipped.record["images"]["skipped"]) == (0, 1)
    ignored = lab.convert("--missing", "sc=ignore", raw="ignore")
    assert ignored.rows[CASE]["not_annotated"] == "sc"
    np.testing.assert_array_equal(ignored.map(CASE), np.where(LESION > 0, 2, 3))  # any other voxel may be cord
    assert json.loads((ignored.folder / "dataset.json").read_text())["labels"]["ignore"] == 3


# 17
def test_a_missing_lesion_is_empty_in_the_healthy_and_not_annotated_in_others(lab: Lab) -> None:
    for subject in ("sub-1", "sub-2"):
        case(lab, f"{subject}_T2w")["lesion"].unlink()
    rows = [("sub-1", "DCM"), ("sub-2", "hc"), ("sub-9", "DCM")]
    lab.bids.participants([{"participant_id": subject, "pathology": value} for subject, value in rows])
    profile = lab.profile('[participants]\npathology = ["pathology"]\nhealthy = ["HC"]\nhealthy_lacks = ["lesion"]\n')
    assert "no lesion mask" in refused(lab, "--profile", profile)
    ignored = lab.convert("--profile", profile, "--missing", "lesion=ignore", raw="ignore")
    np.testing.assert_array_equal(ignored.map("site_sub-2_T2w"), CORD)
    np.testing.assert_array_equal(ignored.map(CASE), 3 * CORD)  # a lesion can be anywhere in the cord, and only there
    assert "participants.tsv says healthy (hc)" in ignored.rows["site_sub-2_T2w"]["geometry"]
    assert ignored.rows[CASE]["pathology"] == "DCM"
    empty = lab.convert("--missing", "lesion=empty", raw="empty")
    np.testing.assert_array_equal(empty.map(CASE), CORD)
    assert "taken as empty" in empty.rows[CASE]["geometry"]


# 18
def test_a_label_that_holds_1_and_2_is_read_once_the_profile_says_what_they_are(lab: Lab) -> None:
    lab.bids.image(STEM)
    both = CORD + LESION
    file = lab.label(f"{STEM}_label-SC_seg", both)
    lab.label(f"{STEM}_label-lesion_seg", both)
    assert "found 1, 2; if some of them are this class, say so: values = [...] in the profile" in refused(lab)
    profile = lab.profile("[classes.sc]\nvalues = [1, 2]\n[classes.lesion]\nvalues = [2]\n")
    answer = lab.convert("--profile", profile, raw="mapped")
    np.testing.assert_array_equal(answer.map(CASE), both)
    file.with_name(f"{STEM}_label-lesion_seg.nii.gz").unlink()
    one_file = lab.profile(
        '[classes.sc]\nvalues = [1, 2]\n[classes.lesion]\nvalues = [2]\ntemplates = ["{image}_label-SC_seg"]\n'
    )
    np.testing.assert_array_equal(lab.convert("--profile", one_file, raw="one").map(CASE), both)


# 18
@pytest.mark.parametrize("declared", ["", "[classes.lesion]\nthreshold = 0.5\n"])
def test_an_image_in_the_place_of_a_mask_is_refused_even_where_masks_are_soft(lab: Lab, declared: str) -> None:
    files = case(lab)
    files["lesion"].write_bytes(files["image"].read_bytes())
    reason = refused(lab, "--profile", lab.profile(declared))
    assert reason.startswith("sub-1_T2w_label-lesion_seg.nii.gz: ")
    told = ("an image?", "a mask holds values from 0 to 255", "it is its image")
    assert any(words in reason for words in told)


# 18
def test_a_soft_mask_that_nobody_declared_is_refused_with_what_to_declare(lab: Lab) -> None:
    file = case(lab)["lesion"]
    soft = LESION * np.linspace(0.1, 1.0, SHAPE[2], dtype=np.float32)
    write_image(file, soft, GRID)
    assert "threshold" in refused(lab)
    answer = lab.convert("--profile", lab.profile("[classes.lesion]\nthreshold = 0.3\n"), raw="cut")
    np.testing.assert_array_equal(answer.map(CASE), CORD + (soft > 0.3))


# 19
def test_a_mask_drawn_on_a_finer_grid_is_refused_or_resampled_on_demand(lab: Lab) -> None:
    files = case(lab)
    fine = GRID @ np.array([[0.5, 0, 0, -0.25], [0, 0.5, 0, -0.25], [0, 0, 0.5, -0.25], [0, 0, 0, 1]])
    for name, mask in (("sc", CORD), ("lesion", LESION)):
        save(files[name], np.kron(mask, np.ones((2, 2, 2), np.uint8)), fine)
    reason = refused(lab)
    assert "the mask's shape is (32, 40, 24) and its image's (16, 20, 12)" in reason
    assert "--resample nearest" in reason
    answer = lab.convert("--resample", "nearest", raw="resampled")
    assert answer.code == 0
    np.testing.assert_array_equal(answer.map(CASE), CORD + LESION)
    assert "lesion: resampled to its image by nearest neighbour, 96 voxels became 12" in answer.rows[CASE]["geometry"]


# 19
@pytest.mark.parametrize("shift", [200.0, 14.0])  # outside the field of view, and in it without any voxel of the mask
def test_a_mask_of_another_place_is_not_resampled_into_an_empty_one(lab: Lab, shift: float) -> None:
    file = case(lab)["lesion"]
    elsewhere = GRID.copy()
    elsewhere[1, 3] += shift
    save(file, np.pad(LESION, ((0, 0), (0, 1), (0, 0))), elsewhere)
    reason = refused(lab, "--resample", "nearest")
    assert reason.startswith(file.name)
    assert "cannot be resampled" in reason or "none of its 12 voxels is left" in reason


# 19
def test_a_contrast_on_another_grid_is_refused_or_registered_on_demand(lab: Lab) -> None:
    for subject in ("sub-1", "sub-9"):
        lab.bids.image(f"{subject}_T2w")
        lab.bids.image(f"{subject}_ce-gad_T1w")
        lab.label(f"{subject}_T2w_seg-tumor", LESION)
        lab.label(f"{subject}_T2w_seg-cavity", number_box(8))
        lab.label(f"{subject}_T2w_seg-edema", number_box(9))
    file = lab.bids.root / "sub-1/anat/sub-1_ce-gad_T1w.nii.gz"
    cropped = GRID.copy()
    cropped[:3, 3] = GRID[:3, :3] @ (1, 1, 1)
    save(file, np.asanyarray(load(file).dataobj)[1:, 1:, 1:], cropped)
    assert "--register affine" in refused(lab, "--target", "tumor-only")
    answer = lab.convert("--target", "tumor-only", "--register", "affine", raw="registered")
    assert answer.code == 0
    registered = answer.channel(CASE, 1)
    assert registered.shape == SHAPE
    assert "registered" in answer.rows[CASE]["geometry"]
    outside = CORD == 0
    outside[:2], outside[:, :2], outside[:, :, :2] = False, False, False
    assert registered[number_box(4) > 0].mean() > registered[outside].mean() + 100  # the bright block stayed in place


def _oblique() -> Affine:
    x, z = np.radians(11.0), np.radians(7.0)
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = about_x @ about_z @ GRID[:3, :3]
    affine[:3, 3] = 31.41592, -17.77777, 93.33333
    return affine


# 20
def test_an_affine_rounded_to_two_decimals_gives_way_to_its_image_s(lab: Lab) -> None:
    affine = _oblique()
    lab.bids.image(STEM, affine=affine)
    lab.label(f"{STEM}_label-SC_seg", CORD, affine=affine)
    lab.label(f"{STEM}_label-lesion_seg", LESION, affine=np.round(affine, 2))
    answer = lab.convert()
    assert answer.code == 0
    geometry = answer.rows[CASE]["geometry"]
    assert "lesion: image's affine adopted" in geometry
    assert "sc:" not in geometry
    np.testing.assert_array_equal(answer.map(CASE), CORD + LESION)
    (file,) = answer.folder.glob(f"labelsT?/{CASE}.nii.gz")
    np.testing.assert_allclose(load(file).affine, affine, atol=1e-4)


# 20
def test_a_mask_mirrored_about_the_centre_of_its_image_is_refused(lab: Lab) -> None:
    mirrored = GRID @ np.diag([-1.0, 1.0, 1.0, 1.0])
    mirrored[0, 3] = -(SHAPE[0] - 1.0)  # both centres coincide: no distance of centres sees it
    file = case(lab)["lesion"]
    save(file, LESION, mirrored)
    assert "the mask lies 0.00 mm at the centre of the volume" in refused(lab)


# 21
@pytest.mark.parametrize("which", ["image", "sc"])
def test_a_file_without_any_form_is_refused(lab: Lab, which: str) -> None:
    file = case(lab)[which]
    edit_header(file, qform_code=0, sform_code=0)
    assert "neither s-form nor q-form is set" in (reason := refused(lab))
    assert reason.startswith(file.name)


# 22
def test_of_two_forms_that_differ_the_s_form_counts_and_that_is_told(lab: Lab) -> None:
    files = case(lab)
    edit_header(files["image"], qoffset_x=5.0)
    answer = lab.convert()
    assert "q-form and s-form are 5.000 mm apart: s-form used" in answer.rows[CASE]["geometry"]
    (image,) = (load(file) for file in answer.folder.glob(f"imagesT?/{CASE}_0000.nii.gz"))
    np.testing.assert_array_equal(image.header.get_sform(), GRID)
    np.testing.assert_array_equal(image.header.get_qform(), GRID)


# 22
@pytest.mark.parametrize("fields", [{"sform_code": 0, "srow_x": [9, 9, 9, 9]}, {"qform_code": 0, "qoffset_x": 77.0}])
def test_one_form_is_enough_and_nonsense_in_the_other_does_no_harm(lab: Lab, fields: dict[str, object]) -> None:
    for file in case(lab).values():
        edit_header(file, **fields)
    answer = lab.convert()
    assert answer.code == 0
    np.testing.assert_array_equal(answer.map(CASE), CORD + LESION)
    assert answer.rows[CASE]["geometry"] == "same grid"


# 23
@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int64, np.uint64, np.float32, np.float64])
def test_a_mask_of_any_type_is_written_as_bytes(lab: Lab, kind: type[np.generic]) -> None:
    file = case(lab)["lesion"]
    save(file, LESION.astype(kind))
    answer = lab.convert()
    assert answer.code == 0
    assert answer.map(CASE).dtype == np.uint8
    np.testing.assert_array_equal(answer.map(CASE), CORD + LESION)


# 23
def test_a_mask_that_a_program_packed_into_bytes_with_a_scale_is_read_and_a_packed_soft_one_refused(lab: Lab) -> None:
    file = case(lab)["lesion"]
    scale = {"scl_slope": 1 / 255, "scl_inter": 0}
    save(file, 255 * LESION, header=scale)
    assert 0 < abs(load(file).get_fdata().max() - 1) < 1e-6  # what 255 steps of the scale's 32 bits come to
    np.testing.assert_array_equal(lab.convert(raw="packed").map(CASE), CORD + LESION)
    save(file, 250 * LESION, header=scale)
    assert "soft" in refused(lab)


# 23
@pytest.mark.parametrize("value", [np.nan, -np.inf])
@pytest.mark.parametrize("which", ["image", "lesion"])
def test_voxels_that_are_no_numbers_are_counted(lab: Lab, value: float, which: str) -> None:
    file = case(lab)[which]
    data = np.zeros(SHAPE, np.float32)
    data[0, :20, :6] = value
    save(file, data)
    assert refused(lab) == f"{file.name}: 120 of 3840 voxels are NaN or infinite; repair the file first"


# 24
def test_dimensions_of_size_one_are_dropped(lab: Lab) -> None:
    files = case(lab)
    values = np.arange(CORD.size, dtype=np.int16).reshape(SHAPE)
    save(files["image"], values[..., None])
    save(files["lesion"], LESION[..., None, None])
    answer = lab.convert()
    assert answer.code == 0
    np.testing.assert_array_equal(answer.channel(CASE), values)
    np.testing.assert_array_equal(answer.map(CASE), CORD + LESION)


# 24
@pytest.mark.parametrize(("which", "more"), [("image", (7,)), ("image", (1, 3)), ("sc", (1, 1, 3)), ("lesion", (2,))])
def test_further_dimensions_are_refused(lab: Lab, which: str, more: tuple[int, ...]) -> None:
    file = case(lab)[which]
    save(file, np.zeros((*SHAPE, *more), np.uint8))
    assert f"{file.name}: a 3-D image was needed and this one is 4-D, {(*SHAPE, *more)}" in refused(lab)


# 25
def test_compressed_and_plain_files_are_mixed_and_only_compressed_ones_written(lab: Lab) -> None:
    for subject, plain in (("sub-1", "image"), ("sub-2", "lesion")):
        file = case(lab, f"{subject}_T2w")[plain]
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    answer = lab.convert()
    assert answer.code == 0
    for subject in ("sub-1", "sub-2"):
        np.testing.assert_array_equal(answer.map(f"site_{subject}_T2w"), CORD + LESION)
    assert len(list(answer.folder.rglob("*.nii.gz"))) == 6
    assert not list(answer.folder.rglob("*.nii"))


# 25
def test_an_image_that_stands_there_twice_is_refused_and_no_other_is(lab: Lab) -> None:
    file = case(lab)["image"]
    file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
    answer = lab.convert()
    assert answer.code == 3
    assert answer.rows["site_sub-9_T2w"]["status"] == "include"
    assert answer.record["images"]["refused"] == 2
    assert "sub-1_T2w.nii " in f"{answer.rows[CASE]['reason']} "
    assert "sub-1_T2w.nii.gz" in answer.rows[CASE]["reason"]


# 25
@pytest.mark.parametrize("ending", [".NII.GZ", ".Nii.gz", ".NII"])
def test_an_image_with_an_ending_in_capitals_is_not_overlooked(lab: Lab, ending: str) -> None:
    file = case(lab)["image"]
    file.rename(file.with_name(f"{STEM}{ending}"))
    answer = lab.convert()
    (row,) = (row for row in answer.rows.values() if row["subject"] == "sub-1" or "sub-1" in row["image"])
    assert (row["status"] == "include") != (answer.code == 3)


# 26
@pytest.mark.parametrize("dangling", [False, True])
def test_a_dataset_that_was_not_downloaded_is_refused_with_the_command_that_does(lab: Lab, dangling: bool) -> None:
    for file in [*lab.bids.root.rglob("*.nii.gz"), case(lab)["image"]]:
        file.unlink()
        if dangling:
            file.symlink_to("../../.git/annex/objects/gone")
        else:
            file.write_bytes(POINTER)
    said = lab.refuses_all()
    assert "of 2 images none could be used" in said
    for name in ("sub-1_T2w.nii.gz", "sub-9_T2w.nii.gz"):
        assert f"datalad get '{name}'" in said


# 30
@pytest.mark.parametrize("oblique", [False, True])
@pytest.mark.parametrize("axes", ["LAS", "RAS", "PSR", "SRP", "LPI"])
def test_left_stays_left_in_whatever_order_a_file_has_its_voxels(lab: Lab, axes: str, oblique: bool) -> None:
    affine = _oblique() if oblique else GRID
    marked = np.full(SHAPE, 100, np.int16)
    marked[2, 13, 3] = 900
    lesion = box(slice(2, 3), slice(13, 14), slice(3, 4))
    for file, data in zip(case(lab).values(), (marked, CORD, lesion), strict=True):
        image = nib.Nifti1Image(data, affine)
        turn = nib.orientations.ornt_transform(nib.io_orientation(affine), nib.orientations.axcodes2ornt(axes))
        image.as_reoriented(turn).to_filename(file)
    answer = lab.convert()
    assert answer.code == 0
    for kind, value in (("images", 900), ("labels", 2)):
        (file,) = answer.folder.glob(f"{kind}T?/{CASE}*.nii.gz")
        written = load(file)
        (place,) = np.argwhere(np.asanyarray(written.dataobj) == value)
        np.testing.assert_allclose(
            nib.affines.apply_affine(written.affine, place), nib.affines.apply_affine(affine, (2, 13, 3)), atol=1e-3
        )
        assert "".join(nib.aff2axcodes(written.affine)) == "LAS"
    description = json.loads((answer.folder / "dataset.json").read_text())
    assert (description["image_orientation"], description["image_axes_nibabel"]) == ("RPI", "LAS")
    (quality,) = (line for line in (answer.folder / "qc.tsv").read_text().splitlines() if line.startswith(CASE))
    assert f"\t{axes}\t" in quality
