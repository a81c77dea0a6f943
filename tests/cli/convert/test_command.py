import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from tests.conftest import SmallBids

Run = Callable[..., int]


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `nnUNet_raw`."""
    folder = tmp_path / "raw"
    folder.mkdir()
    monkeypatch.setenv("nnUNet_raw", str(folder))
    return folder


def convert(*arguments: str | Path) -> int:
    return main(["convert", *map(str, arguments), "-d", "7", "-n", "Cord"])


def table(text: str) -> dict[str, dict[str, str]]:
    return {row["case"]: row for row in csv.DictReader(io.StringIO(text), delimiter="\t")}


def cases_of(raw: Path) -> dict[str, dict[str, str]]:
    return table((raw / "Dataset007_Cord/cases.tsv").read_text())


def test_a_dry_run_prints_the_plan_and_writes_nothing(
    bids: SmallBids, raw: Path, capsys: pytest.CaptureFixture[str], tree_hash: Callable[[Path], str]
) -> None:
    bids.case("sub-1_T2w")
    bids.image("sub-2_T2w")
    before = tree_hash(bids.root)
    assert convert(bids.root, "--dry-run") == 0
    answer = capsys.readouterr()
    printed = table(answer.out)
    assert {case: row["status"] for case, row in printed.items()} == {
        "site_sub-1_T2w": "include",
        "site_sub-2_T2w": "skip",
    }
    assert "assumed: site: sc masks in derivatives/labels: {image}_label-SC_seg (1)" in answer.err
    assert list(raw.iterdir()) == []
    assert tree_hash(bids.root) == before


def test_a_plan_is_left_edited_and_run(bids: SmallBids, raw: Path, tmp_path: Path) -> None:
    for number in range(4):
        bids.case(f"sub-{number}_T2w")
    assert convert(bids.root, "--write-plan", tmp_path / "plan", "--test-fraction", "0") == 0
    assert list(raw.iterdir()) == []
    file = tmp_path / "plan/cases.tsv"
    rows = table(file.read_text())
    rows["site_sub-0_T2w"] |= {"status": "skip", "reason": "moved a lot"}
    rows["site_sub-1_T2w"] |= {"split": "test", "split_by": "chosen by hand"}
    lines = ["\t".join(next(iter(rows.values()))), *("\t".join(row.values()) for row in rows.values())]
    write_text(file, "\n".join(lines) + "\n")
    assert convert(bids.root, "--plan", tmp_path / "plan") == 0
    done = cases_of(raw)
    assert (done["site_sub-0_T2w"]["status"], done["site_sub-0_T2w"]["reason"]) == ("skip", "moved a lot")
    assert (done["site_sub-1_T2w"]["split"], done["site_sub-1_T2w"]["split_by"]) == ("test", "chosen by hand")
    assert (raw / "Dataset007_Cord/imagesTs/site_sub-1_T2w_0000.nii.gz").is_file()


def test_each_dataset_can_have_a_profile_of_its_own(
    make_bids: Callable[[str], SmallBids], raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = make_bids("one"), make_bids("other")
    one.case("sub-1_T2w")
    other.case("sub-1_T2w")
    (other.root / "derivatives/labels").rename(other.root / "derivatives/manual")
    profile = tmp_path / "other.toml"
    write_text(
        profile,
        'extends = "auto"\nname = "mine"\n'
        '[classes.sc]\nfolders = ["derivatives/manual"]\n[classes.lesion]\nfolders = ["derivatives/manual"]\n',
    )
    assert convert(one.root, other.root, "--profile", f"other={profile}") == 0
    assert {row["status"] for row in cases_of(raw).values()} == {"include"}
    assert convert(one.root, other.root, "--profile", "auto", "--profile", str(profile)) == 2
    assert "DATASET=PROFILE" in capsys.readouterr().err
    assert convert(one.root, "--profile", "sci-atlantis") == 2
    assert "sci-zurich" in capsys.readouterr().err


def test_the_page_shows_the_unusual_case_first_and_opens_anywhere(bids: SmallBids, raw: Path, tmp_path: Path) -> None:
    for number in range(8):
        bids.case(f"sub-{number}_T2w")
    lesion = bids.labels("sub-5_T2w")["lesion"]
    mask = read_mask(lesion)
    mask.data[0, 0, :4] = 1
    write_mask(lesion, mask.data, mask.affine)
    bids.image("sub-9_T2w")
    assert convert(bids.root, "--n-procs", "2") == 3  # sub-9 has no masks
    page = (raw / "Dataset007_Cord/qc.html").read_text()
    assert page.index("4 lesion voxels outside the cord") < page.index("site_sub-0_T2w")
    assert page.count("data:image/png") >= 8
    assert "sub-9_T2w" in page
    log = (raw / "Dataset007_Cord/convert.log").read_text()
    assert "skip: sub-9/anat/sub-9_T2w.nii.gz: no sc mask" in log
    assert "no sc mask" in page
    assert str(tmp_path) not in page
    first = (raw / "Dataset007_Cord/qc.tsv").read_text().splitlines()[1]
    assert first.startswith("site_sub-5_T2w\t")


def test_a_page_that_a_kill_prevented_is_drawn_by_the_next_run(bids: SmallBids, raw: Path) -> None:
    bids.case("sub-1_T2w")
    assert convert(bids.root) == 0
    page = raw / "Dataset007_Cord/qc.html"
    before = page.read_bytes()
    page.unlink()
    assert convert(bids.root) == 0
    assert page.read_bytes() == before


def test_a_mask_on_a_finer_grid_is_resampled_only_if_asked(
    bids: SmallBids, raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bids.image("sub-1_T2w")
    for file in bids.labels("sub-1_T2w").values():
        mask = read_mask(file)
        finer = np.repeat(np.repeat(mask.data, 2, axis=0), 2, axis=1)
        affine = mask.affine @ np.diag([0.5, 0.5, 1.0, 1.0])
        affine[:3, 3] = mask.affine[:3, 3] - mask.affine[:3, :3] @ np.array([0.25, 0.25, 0.0])
        write_mask(file, finer, affine)
    assert convert(bids.root) == 3
    assert "--resample nearest" in capsys.readouterr().err
    assert convert(bids.root, "--resample", "nearest") == 0
    row = cases_of(raw)["site_sub-1_T2w"]
    assert (row["voxels_sc"], row["voxels_lesion"]) == ("192", "12")
    assert "resampled to its image by nearest neighbour" in row["geometry"]


def test_contrasts_on_other_grids_are_registered_only_if_asked_and_the_page_shows_it(
    tmp_path: Path, raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from nnunet_ext.phantom.dataset import write_phantom
    from nnunet_ext.phantom.site import find_sites

    out = write_phantom(tmp_path / "ph", sites=find_sites(["tumor"]), patients_per_site=1, seed=4)
    moving = next(out.glob("sub-*/**/*ce-*_T1w.nii.gz"))
    volume = read_volume(moving)
    shift = np.eye(4)
    shift[:3, 3] = (0.0, 2.5, 1.5)
    write_image(moving, volume.data, shift @ volume.affine)
    subject = moving.name.split("_")[0]
    for label in out.glob("derivatives/**/*lesion*T2w*.nii.gz"):
        label.rename(label.with_name(label.name.replace("label-lesion", "label-tumor")))
    for label in out.glob("derivatives/**/*T2w_label-lesion_seg.nii.gz"):
        label.rename(label.with_name(label.name.replace("label-lesion", "label-tumor")))
    empty = [f"--missing={name}=empty" for name in ("core", "cavity", "edema")]
    arguments: list[str | Path] = [out, "--target", "tumor-only", *empty]
    assert convert(*arguments) == 3
    assert "--register affine" in capsys.readouterr().err
    assert convert(*arguments, "--register", "affine") == 0
    (case,) = (row for row in cases_of(raw).values() if row["status"] == "include")
    assert case["subject"] == subject
    assert "T1w-gad: registered (affine)" in case["geometry"]
    assert case["image"].count(";") == 1
    assert case["image_sha256"].count(";") == 1
    page = (raw / "Dataset007_Cord/qc.html").read_text()
    assert page.count("data:image/png") == 2  # the thumbnail, and before and after


@pytest.mark.parametrize(
    ("target", "missing", "channels"),
    [("cord-lesion", ["lesion=ignore"], 1), ("lesion", [], 2), ("cord", [], 1)],
)
def test_nnunet_finds_nothing_wrong_with_what_is_written(
    bids: SmallBids, raw: Path, target: str, missing: list[str], channels: int
) -> None:
    from nnunetv2.experiment_planning.verify_dataset_integrity import check_cases, verify_labels
    from nnunetv2.imageio.nibabel_reader_writer import NibabelIO
    from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

    for number in range(3):
        bids.case(f"sub-{number}_T2w")
    if missing:
        (bids.root / "derivatives/labels/sub-1/anat/sub-1_T2w_label-lesion_seg.nii.gz").unlink()
    options = [f"--missing={policy}" for policy in missing]
    assert convert(bids.root, "--target", target, "--test-fraction", "0", *options) == 0
    folder = raw / "Dataset007_Cord"
    description = json.loads((folder / "dataset.json").read_text())
    cases = get_filenames_of_train_images_and_targets(str(folder))
    assert len(cases) == description["numTraining"] == 3
    known = range(4 if missing else 3)
    for files in cases.values():
        assert check_cases(files["images"], files["label"], channels, NibabelIO)
        assert verify_labels(files["label"], NibabelIO, list(known))
    if missing:
        row = cases_of(raw)["site_sub-1_T2w"]
        assert (row["not_annotated"], row["voxels_sc"], row["voxels_lesion"]) == ("lesion", "192", "n/a")
        label = read_mask(folder / "labelsTr/site_sub-1_T2w.nii.gz").data
        assert sorted(np.unique(label)) == [0, 3]
        assert (label == 3).sum() == 192


def test_the_cord_can_be_a_second_channel(bids: SmallBids, raw: Path) -> None:
    bids.case("sub-1_T2w")
    assert convert(bids.root, "--target", "lesion") == 0
    folder = raw / "Dataset007_Cord"
    second = read_mask(folder / "imagesTs/site_sub-1_T2w_0001.nii.gz")
    label = read_mask(folder / "labelsTs/site_sub-1_T2w.nii.gz")
    assert (int(second.data.sum()), int(label.data.sum())) == (192, 12)
    np.testing.assert_array_equal(second.affine, label.affine)


def test_a_site_that_loses_all_its_test_cases_to_faults_is_named(
    bids: SmallBids, raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        bids.case(f"sub-{number}_T2w")
    assert convert(bids.root, "--dry-run") == 0
    (tested,) = (row for row in table(capsys.readouterr().out).values() if row["split"] == "test")
    (bids.root / tested["image"]).write_bytes(b"no image")
    assert convert(bids.root) == 3
    assert "warning: all test cases of site site were refused on reading" in capsys.readouterr().err


def test_the_answer_can_be_json(bids: SmallBids, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bids.case("sub-1_T2w")
    assert convert(bids.root, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["images"] == {"found": 1, "skipped": 0, "refused": 0, "train": 0, "test": 1, "pool": 0}
    assert Path(answer["page"]).is_file()


def test_pool_and_unlabelled_are_not_both(bids: SmallBids, raw: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        convert(bids.root, "--pool", "--unlabelled")
    assert ended.value.code == 2


def test_names_with_spaces_quotes_and_umlauts_are_paths_like_any_other(
    tmp_path: Path, raw: Path, make_bids: Callable[[str], SmallBids]
) -> None:
    bids = make_bids("Universität 'Zürich' (new)/bids")
    bids.case("sub-1_T2w")
    relative = os.path.relpath(bids.root, Path.cwd())
    assert relative.startswith("..")
    assert convert(relative) == 0
    assert set(cases_of(raw)) == {"bids_sub-1_T2w"}
