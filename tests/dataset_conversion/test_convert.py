import csv
import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.errors import ConflictError, DataRefusedError, UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Volume
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.plan import Labels, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import OutsidePolicy, Profile, load_profile
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids

TreeHash = Callable[[Path], str]


def convert(
    out: Path,
    *folders: Path | str,
    missing: str = "error",
    labelled: bool = True,
    n_procs: int = 1,
    profile: Profile | None = None,
) -> Conversion:
    profile = (profile or load_profile("auto")).with_missing({"lesion": missing})
    sources = name_sources([str(folder) for folder in folders])
    options = PlanOptions(test_fraction=0.25, seed=1, labels=Labels.NEEDED if labelled else Labels.NONE)
    plan = make_plan(sources, profile, load_target("cord-lesion"), options)
    return write_dataset(RawDataset.named(out, 7, "Cord"), plan, n_procs=n_procs)


def rows_of(conversion: Conversion) -> dict[str, dict[str, str]]:
    with (conversion.dataset.folder / "cases.tsv").open(newline="") as stream:
        return {row["case"]: row for row in csv.DictReader(stream, delimiter="\t")}


def reasons_of(conversion: Conversion) -> dict[str, str]:
    return {case: row["reason"] for case, row in rows_of(conversion).items() if row["status"] == "skip"}


def test_a_sound_dataset_becomes_what_nnunet_expects(bids: SmallBids, tmp_path: Path) -> None:
    for number in range(1, 9):
        bids.case(f"sub-{number}_T2w", lesion=number % 2 == 0)
    done = convert(tmp_path / "raw", bids.root)
    assert (done.counts.found, done.counts.train, done.counts.test) == (8, 6, 2)
    folder = done.dataset.folder
    description = json.loads((folder / "dataset.json").read_text())
    assert list(description["labels"]) == ["background", "sc", "lesion"]
    assert description["numTraining"] == len(list((folder / "imagesTr").iterdir())) == 6
    assert (description["image_orientation"], description["image_axes_nibabel"]) == ("RPI", "LAS")
    listed = [name for pair in description["training"] for name in (pair["image"], pair["label"])]
    there = [file for part in ("imagesTr", "labelsTr") for file in (folder / part).iterdir()]
    assert sorted(folder / name for name in listed) == sorted(there)
    assert [folder / name for name in description["test"]] == sorted((folder / "imagesTs").iterdir())
    row = rows_of(done)["site_sub-2_T2w"]
    assert (row["voxels_sc"], row["voxels_lesion"], row["lesion_voxels_outside_sc"]) == ("192", "12", "0")
    splits = json.loads((folder / "splits_final.json").read_text())
    assert len(splits) == 5
    assert {case for fold in splits for case in fold["val"]} == {f.name[:-7] for f in (folder / "labelsTr").iterdir()}


def test_the_written_labels_mean_to_nnunet_what_the_masks_meant(bids: SmallBids, tmp_path: Path) -> None:
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    files = bids.labels("sub-1_T2w")
    bids.image("sub-1_T2w")
    done = convert(tmp_path / "raw", bids.root)
    description = json.loads((done.dataset.folder / "dataset.json").read_text())
    manager = LabelManager(description["labels"], description["regions_class_order"])
    assert manager.foreground_regions in ([(1, 2), (2,)], [(1, 2), 2])
    written = read_mask(done.dataset.label("site_sub-1_T2w", "test")).data
    outputs = np.stack([np.isin(written, region) for region in manager.foreground_regions]).astype(np.float32) * 20 - 10
    np.testing.assert_array_equal(np.asarray(manager.convert_logits_to_segmentation(outputs)), written)
    source = reorient(read_mask(files["lesion"]), "LAS").data
    np.testing.assert_array_equal(written == 2, source == 1)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_naming_dialect_is_read(bids: SmallBids, tmp_path: Path, dialect: Dialect) -> None:
    bids.case("sub-1_ses-01_acq-ax_T2w", dialect)
    row = rows_of(convert(tmp_path / "raw", bids.root))["site_sub-1_ses-01_acq-ax_T2w"]
    assert (row["status"], row["session"], row["acquisition"], row["voxels_lesion"]) == ("include", "01", "ax", "12")


def test_sub_1_never_takes_the_label_of_sub_10(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-10_T2w")
    bids.image("sub-1_T2w")
    done = convert(tmp_path / "raw", bids.root)
    assert done.counts.refused == 1
    assert "sub-1_T2w_label-SC_seg" in reasons_of(done)["site_sub-1_T2w"]


def test_two_datasets_with_the_same_subjects_stay_apart(make_bids: Callable[[str], SmallBids], tmp_path: Path) -> None:
    for name in ("zurich", "colorado"):
        make_bids(name).case("sub-01_T2w")
    done = convert(tmp_path / "raw", tmp_path / "zurich", tmp_path / "colorado")
    assert set(rows_of(done)) == {"zurich_sub-01_T2w", "colorado_sub-01_T2w"}


def test_folders_of_one_name_need_names_of_their_own(make_bids: Callable[[str], SmallBids], tmp_path: Path) -> None:
    for name in ("a/bids", "b/bids"):
        make_bids(name).case("sub-01_T2w")
    with pytest.raises(UsageError, match="SITE_A="):
        convert(tmp_path / "raw", tmp_path / "a/bids", tmp_path / "b/bids")
    done = convert(tmp_path / "raw", f"A={tmp_path / 'a/bids'}", f"B={tmp_path / 'b/bids'}")
    assert set(rows_of(done)) == {"A_sub-01_T2w", "B_sub-01_T2w"}


def test_a_missing_label_is_refused_empty_or_left_out_as_the_policy_says(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    bids.case("sub-2_T2w")
    (bids.root / "derivatives/labels/sub-2/anat/sub-2_T2w_label-lesion_seg.nii.gz").unlink()
    refused = convert(tmp_path / "error", bids.root)
    assert (refused.counts.refused, refused.counts.skipped) == (1, 0)
    assert "no lesion mask" in reasons_of(refused)["site_sub-2_T2w"]
    left_out = convert(tmp_path / "skip", bids.root, missing="skip")
    assert (left_out.counts.refused, left_out.counts.skipped) == (0, 1)
    empty = rows_of(convert(tmp_path / "empty", bids.root, missing="empty"))["site_sub-2_T2w"]
    assert (empty["status"], empty["voxels_lesion"]) == ("include", "0")
    assert "taken as empty" in empty["geometry"]


def test_an_affine_a_little_off_is_adopted_and_recorded_and_a_large_shift_is_refused(
    bids: SmallBids, tmp_path: Path
) -> None:
    for number, shift in enumerate((0.0, 0.3, 4.0), start=1):
        moved = np.diag([-1.0, 1.0, 2.0, 1.0])
        moved[1, 3] = shift
        bids.image(f"sub-{number}_T2w")
        bids.labels(f"sub-{number}_T2w", affine=moved)
    done = convert(tmp_path / "raw", bids.root)
    rows = rows_of(done)
    assert rows["site_sub-1_T2w"]["geometry"] == "same grid"
    assert "affine adopted, 0.300 mm" in rows["site_sub-2_T2w"]["geometry"]
    assert "4.00 mm" in rows["site_sub-3_T2w"]["reason"]
    label = read_mask(done.dataset.label("site_sub-2_T2w", rows["site_sub-2_T2w"]["split"]))
    image = read_volume(done.dataset.image("site_sub-2_T2w", rows["site_sub-2_T2w"]["split"]))
    np.testing.assert_array_equal(label.affine, image.affine)


@pytest.mark.parametrize("axes", ["PIR", "RAS", "SLA", "LAS"])
def test_any_orientation_ends_in_las_with_every_voxel_in_its_place(bids: SmallBids, tmp_path: Path, axes: str) -> None:
    for file in (bids.image("sub-1_T2w"), *bids.labels("sub-1_T2w").values()):
        volume = read_volume(file)
        turned = reorient(volume, axes)
        (write_mask if "label" in file.name else write_image)(file, turned.data, turned.affine)
    done = convert(tmp_path / "raw", bids.root)
    image = read_volume(done.dataset.image("site_sub-1_T2w", "test"))
    label = read_mask(done.dataset.label("site_sub-1_T2w", "test"))
    assert (image.axes, label.axes) == ("LAS", "LAS")
    assert image.data[label.data == 2].mean() > image.data[label.data == 1].mean() + 200


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def _flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def _put_nan(file: Path) -> None:
    nib.Nifti1Image(np.full((16, 20, 12), np.nan, np.float32), np.diag([-1.0, 1.0, 2.0, 1.0])).to_filename(file)


def _make_four_dimensional(file: Path) -> None:
    nib.Nifti1Image(np.zeros((16, 20, 12, 3), np.int16), np.eye(4)).to_filename(file)


def _make_a_pointer(file: Path) -> None:
    file.write_bytes(b"/annex/objects/MD5E-s12345--0123456789abcdef.nii.gz\n")


def _dangle(file: Path) -> None:
    file.unlink()
    file.symlink_to("../../.git/annex/objects/gone")


FAULTS = [
    (_truncate, "image", "truncated"),
    (_truncate, "lesion", "truncated"),
    (_flip_a_bit, "image", "damaged"),
    (_flip_a_bit, "sc", "damaged"),
    (_put_nan, "lesion", "NaN"),
    (_put_nan, "image", "NaN"),
    (_make_four_dimensional, "image", "4-D"),
    (_make_a_pointer, "image", "datalad get"),
    (_make_a_pointer, "sc", "datalad get"),
    (_dangle, "image", "datalad get"),
]


@pytest.mark.parametrize(("fault", "which", "words"), FAULTS)
def test_a_damaged_file_refuses_its_case_and_no_other(
    bids: SmallBids, tmp_path: Path, tree_hash: TreeHash, fault: Callable[[Path], None], which: str, words: str
) -> None:
    bids.case("sub-1_T2w")
    files = {"image": bids.image("sub-2_T2w"), **bids.labels("sub-2_T2w")}
    fault(files[which])
    before = tree_hash(bids.root)
    done = convert(tmp_path / "raw", bids.root)
    reason = reasons_of(done)["site_sub-2_T2w"]
    assert words in reason
    assert str(tmp_path) not in reason
    assert (done.counts.refused, done.counts.found) == (1, 2)
    assert rows_of(done)["site_sub-1_T2w"]["status"] == "include"
    assert not list(done.dataset.folder.rglob("*sub-2*"))
    assert tree_hash(bids.root) == before


@pytest.mark.parametrize(
    ("policy", "cord", "lesion"),
    [("keep", 192 - 12, 12 + 4), ("extend_cord", 192 - 12, 12 + 4), ("clip", 192 - 12, 12), ("error", None, None)],
)
def test_lesion_outside_the_cord_is_settled_as_the_profile_says(
    bids: SmallBids, tmp_path: Path, policy: OutsidePolicy, cord: int | None, lesion: int | None
) -> None:
    bids.case("sub-1_T2w")
    bids.image("sub-2_T2w")
    file = bids.labels("sub-2_T2w")["lesion"]
    mask = read_mask(file)
    mask.data[0, 0, :4] = 1
    write_mask(file, mask.data, mask.affine)
    profile = replace(load_profile("auto"), lesion_outside_cord=policy)
    done = convert(tmp_path / "raw", bids.root, profile=profile)
    row = rows_of(done)["site_sub-2_T2w"]
    if lesion is None:
        assert "4 lesion voxels outside the cord" in row["reason"]
        return
    assert row["lesion_voxels_outside_sc"] == "4"
    assert "4 lesion voxels outside the cord" in row["geometry"]
    written = read_mask(done.dataset.label("site_sub-2_T2w", row["split"])).data
    assert (int((written == 1).sum()), int((written == 2).sum())) == (cord, lesion)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_lesion_that_clipping_would_remove_whole_is_refused_by_name(
    bids: SmallBids, tmp_path: Path, elsewhere: bool
) -> None:
    bids.case("sub-1_T2w")
    bids.image("sub-2_T2w")
    file = bids.labels("sub-2_T2w")["sc"]
    cord = read_mask(file)
    other = np.zeros_like(cord.data)
    other[0, 0] = elsewhere
    write_mask(file, other, cord.affine)
    profile = replace(load_profile("auto"), lesion_outside_cord="clip")
    row = rows_of(convert(tmp_path / "raw", bids.root, profile=profile))["site_sub-2_T2w"]
    assert row["status"] == "skip"
    assert "clipping would leave none" in row["reason"]


def test_a_soft_mask_is_cut_where_the_profile_says_and_refused_where_it_does_not(
    bids: SmallBids, tmp_path: Path
) -> None:
    bids.image("sub-1_T2w")
    file = bids.labels("sub-1_T2w")["sc"]
    mask = read_mask(file)
    soft = mask.data * np.linspace(0.1, 1.0, mask.data.shape[2], dtype=np.float32)
    write_image(file, soft, mask.affine)
    with pytest.raises(DataRefusedError, match="soft"):
        convert(tmp_path / "refused", bids.root)
    auto = load_profile("auto")
    profile = replace(auto, classes={**auto.classes, "sc": replace(auto.classes["sc"], threshold=0.5)})
    row = rows_of(convert(tmp_path / "cut", bids.root, profile=profile))["site_sub-1_T2w"]
    assert row["voxels_sc"] == str(int((soft > 0.5).sum()))
    assert "soft mask cut at 0.5" in row["geometry"]


def test_what_the_file_says_must_be_what_the_folder_says(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    bids.labels("sub-2_T2w")
    bids.image("sub-2_T2w", folder="sub-3/anat")
    assert reasons_of(convert(tmp_path / "raw", bids.root)) == {
        "site_sub-2_T2w": "the folder says sub-3 and the file says sub-2"
    }


def test_two_files_for_one_class_are_an_error(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    bids.case("sub-2_T2w")
    bids.labels("sub-2_T2w", Dialect.MANUAL)
    assert "two files claim" in reasons_of(convert(tmp_path / "raw", bids.root))["site_sub-2_T2w"]


def test_every_image_found_is_listed_once_whatever_it_is(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    for stem, folder in (
        ("sub-1_dwi", "sub-1/dwi"),
        ("sub-1_angio", "sub-1/anat"),
        ("sub-1 'copy' (é)_T2w", "sub-1/anat"),
    ):
        bids.image(stem, folder=folder)
    bids.image("sub-1_T1w", folder="sourcedata/sub-1/anat")  # never entered
    done = convert(tmp_path / "raw", bids.root)
    assert done.counts.found == len(rows_of(done)) == 4
    assert (done.counts.skipped, done.counts.refused) == (2, 1)
    assert "not a BIDS file name" in reasons_of(done)["site_sub-1 'copy' (é)_T2w"]


def test_sites_come_from_the_participants_table(bids: SmallBids, tmp_path: Path) -> None:
    sites = {"sub-1": "geneva", "sub-2": "n/a", "sub-3": "basel"}
    for subject in sites:
        bids.case(f"{subject}_T2w")
    bids.participants([{"participant_id": s, "institution_id": i} for s, i in sites.items()])
    rows = rows_of(convert(tmp_path / "raw", bids.root))
    assert [rows[f"site_sub-{n}_T2w"]["site"] for n in (1, 2, 3)] == ["geneva", "site", "basel"]


def test_the_same_input_gives_the_same_bytes_with_any_number_of_processes(
    bids: SmallBids, tmp_path: Path, tree_hash: TreeHash
) -> None:
    for number in range(1, 6):
        bids.case(f"sub-{number}_T2w")
    one = convert(tmp_path / "one", bids.root)
    two = convert(tmp_path / "two", bids.root, n_procs=2)
    assert tree_hash(one.dataset.folder) == tree_hash(two.dataset.folder)


def test_a_second_run_finds_its_work_done_and_another_plan_is_a_conflict(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    first = convert(tmp_path / "raw", bids.root)
    stamp = (first.dataset.folder / "cases.tsv").stat().st_mtime_ns
    assert convert(tmp_path / "raw", bids.root) == first
    assert (first.dataset.folder / "cases.tsv").stat().st_mtime_ns == stamp
    bids.case("sub-2_T2w")
    with pytest.raises(ConflictError, match="other images or options"):
        convert(tmp_path / "raw", bids.root)


def test_a_number_that_another_dataset_has_is_a_conflict(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    (tmp_path / "raw" / "Dataset007_Brain").mkdir(parents=True)
    with pytest.raises(ConflictError, match="Dataset007_Brain: has this number already"):
        convert(tmp_path / "raw", bids.root)


def test_a_finished_dataset_that_lost_a_file_is_not_trusted(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    done = convert(tmp_path / "raw", bids.root)
    done.dataset.image("site_sub-1_T2w", "test").unlink()
    with pytest.raises(DataRefusedError, match="1 of its images are gone"):
        convert(tmp_path / "raw", bids.root)


def test_nothing_sound_leaves_nothing_written(bids: SmallBids, tmp_path: Path) -> None:
    bids.image("sub-1_T2w")
    with pytest.raises(DataRefusedError, match="none could be used"):
        convert(tmp_path / "raw", bids.root)
    assert [path.suffix for path in (tmp_path / "raw").rglob("*")] == [".lock"]


def test_an_output_inside_the_source_is_refused_and_the_source_untouched(
    bids: SmallBids, tmp_path: Path, tree_hash: TreeHash
) -> None:
    bids.case("sub-1_T2w")
    before = tree_hash(bids.root)
    (tmp_path / "link").symlink_to(bids.root)
    for out in (bids.root, bids.root / "derivatives" / "nnunet", tmp_path / "link" / "raw"):
        with pytest.raises(UsageError, match="inside its own source"):
            convert(out, bids.root)
    assert tree_hash(bids.root) == before


def test_a_read_only_source_is_enough(bids: SmallBids, tmp_path: Path, tree_hash: TreeHash) -> None:
    bids.case("sub-1_T2w")
    before = tree_hash(bids.root)
    paths = [bids.root, *bids.root.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert convert(tmp_path / "raw", bids.root).counts.refused == 0
        assert tree_hash(bids.root) == before
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_missing_or_empty_folder_is_told_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, words in (("nowhere", "found nothing"), ("empty", "found none")):
        with pytest.raises(DataRefusedError, match=words):
            convert(tmp_path / "raw", tmp_path / folder)


def test_unlabelled_images_go_to_the_pool(bids: SmallBids, tmp_path: Path) -> None:
    bids.image("sub-1_T2w")
    done = convert(tmp_path / "raw", bids.root, labelled=False)
    assert done.counts.pool == 1
    assert [file.name for file in (done.dataset.folder / "imagesTs").iterdir()] == ["site_sub-1_T2w_0000.nii.gz"]
    assert not (done.dataset.folder / "labelsTs").exists()


def test_nothing_of_this_disk_stands_in_what_is_shared(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    folder = convert(tmp_path / "raw", bids.root).dataset.folder
    texts = [file.read_text() for file in folder.iterdir() if file.suffix in {".json", ".tsv"}]
    texts += [gzip.decompress(file.read_bytes()).decode("latin1") for file in folder.rglob("*.nii.gz")]
    assert len(texts) >= 5
    assert not any(str(tmp_path) in text for text in texts)


@pytest.mark.real
def test_real_mri_is_converted_and_its_moved_lesions_are_recorded(
    real_data: Path, tmp_path: Path, tree_hash: TreeHash
) -> None:
    shutil.copytree(real_data / "bids_unf", tmp_path / "bids_unf")
    before = tree_hash(tmp_path / "bids_unf")
    done = convert(tmp_path / "raw", tmp_path / "bids_unf")
    rows = rows_of(done)
    assert (done.counts.found, done.counts.refused) == (9, 6)
    for contrast, voxels in (("T1w", "81"), ("T2w", "141"), ("T2star", "90")):
        row = rows[f"bids_unf_sub-unf01_{contrast}"]
        assert (row["voxels_sc"], row["voxels_lesion"]) == ("1227", voxels)
        assert "0.339 mm" in row["geometry"]
    assert all("no sc mask" in rows[f"bids_unf_sub-unf0{n}_T2w"]["reason"] for n in (2, 3))
    assert tree_hash(tmp_path / "bids_unf") == before


def test_a_volume_keeps_its_values(bids: SmallBids, tmp_path: Path) -> None:
    file = bids.image("sub-1_T2w")
    bids.labels("sub-1_T2w")
    source: Volume = reorient(read_volume(file), "LAS")
    written = read_volume(convert(tmp_path / "raw", bids.root).dataset.image("site_sub-1_T2w", "test"))
    np.testing.assert_array_equal(written.data, source.data)
    assert written.data.dtype == source.data.dtype == np.int16
