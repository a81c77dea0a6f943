import json
import re
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cascade.prediction.read_images import CaseImages, InputCase, read_images
from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.tables import read_table
from tests.cascade.prediction.tiny_model import TinyModel
from tests.conftest import SmallBids
from tests.models.conftest import TRAINER, Trained, prepared, trained

__all__ = ["prepared", "trained"]

Told = pytest.CaptureFixture[str]
MARGINS = dict.fromkeys(("superior", "inferior", "left", "right", "anterior", "posterior"), 3.0)
MODEL = "Dataset900_Tiny/nnUNetTrainer__nnUNetPlans__tiny"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models with the weights of chance below one `nnUNet_results`."""
    results = tmp_path_factory.mktemp("results")
    TinyModel(folds=2).write(results / MODEL)
    TinyModel(dataset={"crop": {"margins_mm": MARGINS}}).write(results / "boxed")
    labels = {"labels": {"background": 0, "sc": 1, "other": 2}}
    TinyModel(folds=2, labels=labels).write(results / "localizer")
    two = {"channel_names": {"0": "T2w", "1": "T1w-gad"}}
    TinyModel(channels=2, dataset=two).write(results / "two")
    return results


@pytest.fixture
def predict(models: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None) -> Callable[..., int]:
    """Call the verb with the results' folder set, and a model where none is named."""
    monkeypatch.setenv("nnUNet_results", str(models))

    def call(given: Path, out: Path, *arguments: str | Path, model: str = MODEL) -> int:
        fixed = ["-i", given, "-o", out, "-m", model, "-device", "cpu", "--disable_tta"]
        return main(["predict", *map(str, [*fixed, *arguments])])

    return call


def rows(out: Path, name: str = "predictions.tsv") -> dict[str, dict[str, str]]:
    return {row["case"]: row for row in read_table(out / name)}


def masks(out: Path) -> list[str]:
    return sorted(file.relative_to(out).as_posix() for file in out.rglob("*.nii.gz"))


def test_a_bids_folder_becomes_a_derivative_and_is_left_as_it_was(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path, tree_hash: Callable[[Path], str], capsys: Told
) -> None:
    for stem in ("sub-1_ses-a_T2w", "sub-2_T1w"):
        bids.case(stem)
    bids.image("sub-2_task-rest_bold", folder="sub-2/func")
    before = tree_hash(bids.root)
    out = tmp_path / "out"
    assert predict(bids.root, out) == 0
    assert "3 images: 2 done, 0 kept, 0 failed, 1 skipped; see predictions.tsv" in capsys.readouterr().out
    assert tree_hash(bids.root) == before
    assert masks(out) == [
        "sub-1/ses-a/anat/sub-1_ses-a_label-SC_desc-T2w_mask.nii.gz",
        "sub-1/ses-a/anat/sub-1_ses-a_label-lesion_desc-T2w_mask.nii.gz",
        "sub-2/anat/sub-2_label-SC_desc-T1w_mask.nii.gz",
        "sub-2/anat/sub-2_label-lesion_desc-T1w_mask.nii.gz",
    ]
    assert json.loads((out / "dataset_description.json").read_text())["DatasetType"] == "derivative"
    told = rows(out)
    assert {case: row["status"] for case, row in told.items()} == {
        "sub-1_ses-a_T2w": "done",
        "sub-2_T1w": "done",
        "sub-2_task-rest_bold": "skipped",
    }
    said = json.loads((out / "sub-2/anat/sub-2_label-SC_desc-T1w_mask.json").read_text())
    assert said["Model"]["Name"] == MODEL
    assert set(said["Model"]["CheckpointsSHA256"]) == {"0", "1"}
    assert set(said["Versions"]) == {"nnunetv2", "torch"}
    assert (said["Engine"], said["Mirroring"], said["Localizer"]) == ("torch", False, None)
    columns = json.loads((out / "predictions.json").read_text())
    assert list(columns) == list(told["sub-2_T1w"])
    assert not any(str(tmp_path) in file.read_text() for file in out.rglob("*.json"))
    assert "Sources" not in said  # a BIDS URI needs a link to the dataset, which would name a place on the disk


def test_a_derivative_may_stand_where_bids_wants_it(predict: Callable[..., int], bids: SmallBids) -> None:
    bids.image("sub-1_T2w")
    out = bids.root / "derivatives" / "predicted"
    assert predict(bids.root, out) == 0
    assert json.loads((out / "dataset_description.json").read_text())["DatasetLinks"] == {"raw": "../.."}
    for sidecar in out.rglob("*_mask.json"):
        (source,) = json.loads(sidecar.read_text())["Sources"]
        assert source.startswith("bids:raw:sub-1/")
        assert (out / "../.." / source.removeprefix("bids:raw:")).is_file()
    assert predict(bids.root, bids.root) == 2
    assert predict(bids.root, bids.root / "sub-1") == 2


def test_manual_correction_finds_the_masks_of_the_labs_naming(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path
) -> None:
    images = [bids.image("sub-1_ses-01_acq-sag_T2w"), bids.image("sub-2_T1w")]
    assert predict(bids.root, tmp_path / "out", "--naming", "neuropoly") == 0
    # The rule of manual_correction.py and its utils.py (spinalcordtoolbox/manual-correction, 02ffb36 and 0575f8d): it
    # takes `ses-` with two characters from the image's name and adds a suffix to that, below -path-label.
    labels = tmp_path / "out" / "derivatives" / "labels"
    for image in images:
        subject = re.search("sub-(.*?)[_/]", image.name)
        session = re.findall("ses-..", image.name)
        assert subject is not None
        folder = labels.joinpath(subject[0][:-1], *session[:1], "anat")
        for suffix in ("_label-SC_seg", "_label-lesion_seg"):  # for -suffix-files-seg and -suffix-files-lesion
            assert (folder / image.name.replace(".nii.gz", f"{suffix}.nii.gz")).is_file()


def test_masks_of_hand_drawn_labels_are_never_overwritten(
    predict: Callable[..., int], bids: SmallBids, tree_hash: Callable[[Path], str]
) -> None:
    bids.case("sub-1_T2w")
    before = tree_hash(bids.root)
    assert predict(bids.root, bids.root / "derivatives" / "labels", "--naming", "neuropoly") == 5
    assert tree_hash(bids.root) == before


@pytest.mark.parametrize("axes", ["LAS", "PSR", "IPL"])
def test_in_any_orientation_masks_have_the_input_s_own_grid(
    predict: Callable[..., int], tmp_path: Path, axes: str
) -> None:
    turn = nib.eulerangles.euler2mat(0.1, 0.2, 0.3) @ np.diag([0.7, 1.2, 3.0])
    target = nib.orientations.axcodes2ornt(tuple(axes))
    start = nib.orientations.axcodes2ornt(tuple("RAS"))
    data = np.random.default_rng(1).normal(100, 20, (12, 19, 23)).astype(np.float32)
    order = nib.orientations.ornt_transform(start, target)
    affine = nib.affines.from_matvec(turn, [4, 5, 6]) @ nib.orientations.inv_ornt_aff(order, data.shape)
    image = tmp_path / "sub-1_T2w.nii.gz"
    write_image(image, nib.orientations.apply_orientation(data, order), affine)
    assert predict(image, tmp_path / "out", "--save_probabilities", "--disagreement", "--centreline") == 0
    found = masks(tmp_path / "out")
    assert len(found) == 7
    for name in found:
        volume = read_volume(tmp_path / "out" / name)
        assert volume.axes == axes
        np.testing.assert_allclose(volume.affine, affine, atol=1e-5)
    cord = read_mask(tmp_path / "out/sub-1/anat/sub-1_label-SC_desc-T2w_mask.nii.gz").data
    probability = read_volume(tmp_path / "out/sub-1/anat/sub-1_label-SC_desc-T2w_probseg.nii.gz").data
    assert 0 < np.count_nonzero(cord) < cord.size
    assert ((probability > 0.5) <= (cord > 0)).all()
    assert (tmp_path / "out/sub-1/anat/sub-1_label-centerline_desc-T2w_mask.csv").is_file()


def test_with_a_localizer_only_a_box_is_segmented_and_the_sidecar_says_which(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path
) -> None:
    bids.image("sub-1_T2w")
    margins = tmp_path / "margins.json"
    margins.write_text(json.dumps({f"pad_{face}": 1.5 for face in MARGINS}))
    for name, arguments in (("own", []), ("given", ["--margins-file", margins])):
        assert predict(bids.root, tmp_path / name, "--localizer", "localizer", *arguments, model="boxed") == 0
    said = {
        name: json.loads((tmp_path / name / "sub-1/anat/sub-1_label-SC_desc-T2w_mask.json").read_text())
        for name in ("own", "given")
    }
    assert said["own"]["CropMarginsMm"] == MARGINS
    assert said["given"]["CropMarginsMm"] == dict.fromkeys(MARGINS, 1.5)
    assert said["own"]["Localizer"]["Name"] == "localizer"
    assert list(said["own"]["Localizer"]["CheckpointsSHA256"]) == ["0"]  # one fold is enough to find a cord
    box = said["own"]["Box"]
    cord = read_mask(tmp_path / "own/sub-1/anat/sub-1_label-SC_desc-T2w_mask.nii.gz").data
    inside = np.zeros(cord.shape, dtype=np.bool_)
    inside[tuple(slice(low, high + 1) for low, high in zip(box["FirstVoxel"], box["LastVoxel"], strict=True))] = True
    assert not cord[~inside].any()
    assert predict(bids.root, tmp_path / "whole", model="boxed") == 0
    assert "there is no localizer" in rows(tmp_path / "whole")["sub-1_T2w"]["warnings"]


def test_damaged_images_are_named_and_the_others_are_predicted(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path, capsys: Told
) -> None:
    for stem in ("sub-1_T2w", "sub-2_T2w", "sub-3_T2w", "sub-4_T2w"):
        bids.image(stem)
    folder = "sub-{0}/anat/sub-{0}_T2w.nii.gz"
    truncated = bids.root / folder.format(1)
    truncated.write_bytes(truncated.read_bytes()[:-30])
    for number, shape in ((2, (4, 4, 4)), (3, (4, 4, 4, 3))):
        data = np.full(shape, np.nan if number == 2 else 1, dtype=np.float32)
        nib.save(nib.Nifti1Image(data, np.eye(4)), bids.root / folder.format(number))
    assert predict(bids.root, tmp_path / "out") == 3
    told = capsys.readouterr()
    assert "3 of 4 images were not predicted" in told.err
    assert all(f"sub-{number}_T2w.nii.gz" in told.err for number in (1, 2, 3))
    found = rows(tmp_path / "out")
    assert [found[f"sub-{number}_T2w"]["status"] for number in (1, 2, 3, 4)] == ["failed"] * 3 + ["done"]
    assert "truncated" in found["sub-1_T2w"]["reason"]
    assert "NaN" in found["sub-2_T2w"]["reason"]
    assert "4-D" in found["sub-3_T2w"]["reason"]
    assert "failed: sub-1_T2w" in (tmp_path / "out" / "predict.log").read_text()


def test_a_run_goes_on_where_it_was_and_redoes_what_is_damaged_or_of_another_image(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path
) -> None:
    for number in range(3):
        bids.image(f"sub-{number}_T2w")
    out = tmp_path / "out"

    def status(*arguments: str) -> list[str]:
        assert predict(bids.root, out, "--continue_prediction", *arguments) == 0
        return [row["status"] for row in rows(out).values()]

    assert status() == ["done"] * 3
    first = rows(out)
    assert status() == ["kept"] * 3
    assert [row["volume_sc_mm3"] for row in rows(out).values()] == [row["volume_sc_mm3"] for row in first.values()]
    mask = out / "sub-1/anat/sub-1_label-lesion_desc-T2w_mask.nii.gz"
    mask.write_bytes(mask.read_bytes()[:-5])
    assert status() == ["kept", "done", "kept"]
    bids.image("sub-2_T2w", affine=np.diag([-2.0, 1.0, 2.0, 1.0]))
    assert status() == ["kept", "kept", "done"]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (["-f", "0"], "other Model"),
        (["--smallest", "lesion=3"], "other PostProcessing"),
        (["-step_size", "1"], "other StepSize"),
    ],
)
def test_predictions_of_other_settings_are_replaced_only_on_request(
    predict: Callable[..., int],
    bids: SmallBids,
    tmp_path: Path,
    capsys: Told,
    tree_hash: Callable[[Path], str],
    other: list[str],
    words: str,
) -> None:
    bids.image("sub-1_T2w")
    out = tmp_path / "out"
    assert predict(bids.root, out) == 0
    before = tree_hash(out)
    for more in ([], ["--continue_prediction"]):
        assert predict(bids.root, out, *other, *more) == 5
        told = capsys.readouterr().err
        assert words in told
        assert "sub-1_T2w" in told
        assert "another -o" in told
        assert "--force" in told
        assert tree_hash(out) == before
    assert predict(bids.root, out, *other, "--force") == 0
    assert rows(out)["sub-1_T2w"]["status"] == "done"
    assert predict(bids.root, out, *other, "--continue_prediction") == 0
    assert rows(out)["sub-1_T2w"]["status"] == "kept"


def test_a_mask_corrected_by_hand_is_kept_counted_and_named(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path, capsys: Told
) -> None:
    for number in (1, 2):
        bids.image(f"sub-{number}_T2w")
    out = tmp_path / "out"
    assert predict(bids.root, out) == 0
    mask = out / "sub-1/anat/sub-1_label-lesion_desc-T2w_mask.nii.gz"
    sound = read_mask(mask)
    write_mask(mask, 1 - sound.data, sound.affine)
    theirs = mask.read_bytes()
    capsys.readouterr()
    assert predict(bids.root, out) == 5
    assert f"{mask.name} (corrected by hand)" in capsys.readouterr().err
    for more in (["--continue_prediction"], ["--force"], ["--force", "-step_size", "1"]):
        assert predict(bids.root, out, *more) == 0
        told = capsys.readouterr()
        assert "1 of the kept corrected by hand: sub-1_T2w" in told.out
        assert mask.name in told.err
        row = rows(out)["sub-1_T2w"]
        assert (row["status"], mask.name in row["warnings"]) == ("kept", True)
        assert float(row["volume_lesion_mm3"]) == pytest.approx((sound.data == 0).sum() * sound.voxel_volume_mm3)
        assert mask.read_bytes() == theirs
    assert rows(out)["sub-2_T2w"]["status"] == "done"
    assert predict(bids.root, out, "-step_size", "1", "--continue_prediction", "--json") == 0
    assert json.loads(capsys.readouterr().out)["corrected"] == ["sub-1_T2w"]


def test_a_mask_without_a_sidecar_is_not_overwritten(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path, capsys: Told
) -> None:
    for number in (1, 2):
        bids.image(f"sub-{number}_T2w")
    out = tmp_path / "out"
    assert predict(bids.root, out, "--participant-label", "1") == 0
    drawn = out / "sub-2/anat/sub-2_label-SC_desc-T2w_mask.nii.gz"
    write_mask(drawn, np.ones((4, 4, 4), np.uint8), np.eye(4))
    theirs = drawn.read_bytes()
    table = (out / "predictions.tsv").read_bytes()
    for more in ([], ["--continue_prediction"]):
        assert predict(bids.root, out, *more) == 5
        assert drawn.name in capsys.readouterr().err
    assert (out / "predictions.tsv").read_bytes() == table
    assert predict(bids.root, out, "--force") == 0
    assert drawn.name in capsys.readouterr().err
    assert drawn.read_bytes() == theirs


def test_parts_share_the_cases_and_no_file(predict: Callable[..., int], bids: SmallBids, tmp_path: Path) -> None:
    for number in range(5):
        bids.image(f"sub-{number}_T2w")
    out = tmp_path / "out"
    for part in range(3):
        assert predict(bids.root, out, "-num_parts", "3", "-part_id", str(part)) == 0
    tables = [rows(out, f"predictions_part-{part}-of-3.tsv") for part in range(3)]
    assert [list(table) for table in tables] == [
        ["sub-0_T2w", "sub-3_T2w"],
        ["sub-1_T2w", "sub-4_T2w"],
        ["sub-2_T2w"],
    ]
    assert len(masks(out)) == 10
    assert not (out / "predictions.tsv").exists()


def test_two_channels_are_read_together_and_a_missing_one_is_refused_or_zero(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path, capsys: Told
) -> None:
    for stem in ("sub-1_T2w", "sub-1_ce-gd_T1w", "sub-2_T2w"):
        bids.image(stem)
    assert predict(bids.root, tmp_path / "strict", model="two") == 3
    assert "no image of channel T1w-gad" in capsys.readouterr().err
    assert predict(bids.root, tmp_path / "zero", "--missing-channel", "zero", model="two") == 0
    found = rows(tmp_path / "zero")
    assert [row["status"] for row in found.values()] == ["done", "done"]
    assert "channel 1 has no image" in found["sub-2_T2w"]["warnings"]


def test_a_folder_without_channel_numbers_is_predicted_image_by_image(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path, capsys: Told
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    bids.image("sub-1_T2w").rename(folder / "patient 5.nii.gz")
    assert predict(folder, tmp_path / "out", "--naming", "neuropoly", "-npp", "3") == 0
    assert "each of its 1 images is taken as a case" in capsys.readouterr().err
    assert masks(tmp_path / "out") == [
        f"derivatives/labels/patient 5_label-{name}_seg.nii.gz" for name in ("SC", "lesion")
    ]


def test_the_answer_can_be_json(predict: Callable[..., int], bids: SmallBids, tmp_path: Path, capsys: Told) -> None:
    bids.image("sub-1_T2w")
    assert predict(bids.root, tmp_path / "out", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["images"] == {"done": 1, "kept": 0, "failed": 0, "skipped": 0}
    assert Path(answer["table"]).is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-m", "Dataset001_No/nnUNetTrainer__p__c"], 4, MODEL),
        (["-f", "4"], 4, "-f"),
        (["-f", "0", "--disagreement"], 2, "several folds"),
        (["-device", "tpu"], 2, "tpu"),
        (["-part_id", "1"], 2, "-part_id"),
        (["-step_size", "0"], 2, "-step_size"),
        (["--threshold", "2"], 2, "--threshold"),
        (["--fill-holes", "core"], 2, "sc, lesion"),
        (["--margins-file", "nowhere.json"], 3, "--margins-file"),
        (["--margins-file", "margins.json"], 2, "needs a --localizer"),
        (["--margins-file", "list.json", "--localizer", "localizer"], 3, "six keys"),
        (["--suffix", "FLAIR"], 3, "contrast T2w is none of FLAIR"),
        (["--participant-label", "7"], 2, "sub-7"),
        (["--localizer", "two"], 2, "T2w, T1w-gad"),
        (["-i", "nowhere"], 3, "nothing at nowhere"),
        (["-o", "mask.nii.gz"], 2, "a folder was needed"),
    ],
)
def test_each_wrong_argument_is_told_with_its_exit_code(
    predict: Callable[..., int],
    bids: SmallBids,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Told,
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    bids.image("sub-1_T2w")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "margins.json").write_text(json.dumps({f"pad_{face}": 1 for face in MARGINS}))
    (tmp_path / "list.json").write_text("[]")
    assert predict(bids.root, tmp_path / "out", *arguments) == code
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_interrupted_run_leaves_a_table_of_what_was_done(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    def read(case: InputCase) -> CaseImages:
        if case.name == "sub-2_T2w":
            raise KeyboardInterrupt
        return read_images(case)

    for number in range(1, 4):
        bids.image(f"sub-{number}_T2w")
    monkeypatch.setattr("nnunet_ext.cascade.prediction.predict_all.read_images", read)
    assert predict(bids.root, tmp_path / "out") == 130
    assert "the same command goes on from here" in capsys.readouterr().err
    assert {case: row["status"] for case, row in rows(tmp_path / "out").items()} == {"sub-1_T2w": "done"}


def test_a_trained_model_predicts_as_nnunet_does_and_nnunet_s_evaluation_reads_it(
    trained: Trained, tmp_path: Path, one_thread: None
) -> None:
    raw = trained.prepared.root / "raw" / "Dataset007_Cord"
    ours, stock = tmp_path / "ours", tmp_path / "stock"
    fixed = ["-i", str(raw / "imagesTr"), "-device", "cpu", "--disable_tta", "--save_probabilities"]
    assert main(["predict", *fixed, "-o", str(ours), "-m", str(trained.folder), "-f", "0", "--naming", "nnunet"]) == 0
    model = ["-d", "7", "-c", "tiny", "-tr", TRAINER, "-f", "0", "-npp", "0", "-nps", "0"]
    trained.nnunet("nnUNetv2_predict", *fixed, "-o", str(stock), *model)
    found = sorted(file.name for file in ours.glob("*.nii.gz"))
    assert found == sorted(file.name for file in stock.glob("*.nii.gz"))
    assert len(found) == 6
    for name in found:
        np.testing.assert_array_equal(read_mask(ours / name).data, read_mask(stock / name).data)
        np.testing.assert_allclose(read_mask(ours / name).affine, read_mask(stock / name).affine, atol=1e-5)
    for file in stock.glob("*.npz"):
        arrays = [np.load(folder / file.name)["probabilities"] for folder in (ours, stock)]
        assert arrays[0].shape == arrays[1].shape
        np.testing.assert_allclose(arrays[0], arrays[1], atol=1e-6)
    for first, second in ((ours, stock), (stock, ours)):
        mean = tmp_path / f"mean of {first.name}"
        trained.nnunet("nnUNetv2_ensemble", "-i", str(first), str(second), "-o", str(mean), "-np", "1")
        for name in found:
            np.testing.assert_array_equal(read_mask(mean / name).data, read_mask(stock / name).data)
    evaluation = ["-djfile", str(ours / "dataset.json"), "-pfile", str(ours / "plans.json"), "-np", "1"]
    trained.nnunet("nnUNetv2_evaluate_folder", str(raw / "labelsTr"), str(ours), *evaluation)
    assert len(json.loads((ours / "summary.json").read_text())["metric_per_case"]) == 6


def test_help_shows_what_a_lab_types(capsys: Told) -> None:
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    told = capsys.readouterr().out
    assert all(flag in told for flag in ("--participant-label", "--localizer", "-num_parts", "examples:"))
