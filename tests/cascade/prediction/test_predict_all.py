import csv
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.prediction.case_files import Naming, Wanted, name_files
from nnunet_ext.cascade.prediction.post_processing import OutsideCord, PostProcessing
from nnunet_ext.cascade.prediction.predict_all import (
    CaseOutcome,
    PredictionJob,
    Status,
    predict_all,
    refuse_overwriting,
)
from nnunet_ext.cascade.prediction.predict_case import CaseOptions
from nnunet_ext.cascade.prediction.prediction_table import prediction_columns, prediction_table
from nnunet_ext.cascade.prediction.read_images import InputCase, read_images
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from nnunet_ext.cascade.prediction.what_stands import finished_case
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.volume import Affine, Array, Volume
from tests.cascade.prediction.stand_in import Threshold
from tests.core.test_labels import CORD_LESION

SHAPE = (20, 24, 30)
CORD, LESION = Box((8, 8, 4), (12, 12, 26)), Box((9, 9, 10), (11, 11, 14))
AFFINE = nib.affines.from_matvec(nib.eulerangles.euler2mat(0.1, 0.2, 0.1) @ np.diag([-1, 1, 2.0]), [3, -7, 11])
RECIPE: Mapping[str, Any] = {"Model": {"Name": "rule", "Checkpoints": {"0": "ab"}}, "Mirroring": True, "StepSize": 0.5}
ALL = Wanted(probabilities=True, disagreement=True, centreline=True)


def write(path: Path, first: int = 0, affine: Affine = AFFINE) -> Path:
    """Write an image with a cord and a lesion."""
    data: Array = np.zeros(SHAPE, dtype=np.int16)
    data[CORD.slices], data[LESION.slices], data[0, 0, 0] = 150, 250, first
    write_image(path, data, affine)
    return path


def case(path: Path, *others: Path | None) -> InputCase:
    stem = path.name.removesuffix(".nii.gz")
    images = (path, *others)
    return InputCase(stem, images, tuple("" if image is None else image.name for image in images))


def job(out: Path, **changes: Any) -> PredictionJob:  # noqa: ANN401 - any field
    segmenter = Threshold(probabilities=True, disagreement=True)
    options = CaseOptions(CORD_LESION, PostProcessing())
    about = {"Versions": {"nnunetv2": "2"}}
    made = PredictionJob(segmenter, Threshold(("sc",)), options, out, Naming.BIDS, Wanted(), RECIPE, about)
    return replace(made, **changes)


def run(cases: list[InputCase], of: PredictionJob) -> list[CaseOutcome]:
    return list(predict_all(cases, of))


@pytest.mark.parametrize("naming", list(Naming))
def test_all_outputs_stand_on_the_input_s_own_grid(tmp_path: Path, naming: Naming) -> None:
    image = write(tmp_path / "a.nii.gz")
    outcome = run([case(image)], job(tmp_path / "out", naming=naming, wanted=ALL))[0]
    assert (outcome.status, outcome.reason, outcome.warnings) == (Status.DONE, "", ())
    voxel = read_volume(image).voxel_volume_mm3
    assert outcome.volumes_mm3 == {
        "sc": pytest.approx(CORD.voxels * voxel),
        "lesion": pytest.approx(LESION.voxels * voxel),
    }
    found = sorted((tmp_path / "out").rglob("*.nii.gz"))
    assert len(found) == (6 if naming is Naming.NNUNET else 7)
    for file in found:
        np.testing.assert_allclose(read_volume(file).affine, AFFINE, atol=1e-5)
        assert read_volume(file).data.shape == SHAPE


def test_masks_are_uint8_and_a_label_map_is_drawn_as_nnunet_draws(tmp_path: Path) -> None:
    image = write(tmp_path / "a.nii.gz")
    for naming in Naming:
        run([case(image)], job(tmp_path / naming, naming=naming))
    files = {naming: sorted((tmp_path / naming).rglob("*.nii.gz")) for naming in Naming}
    assert all(read_volume(file).data.dtype == np.uint8 for listed in files.values() for file in listed)
    labels = read_mask(files[Naming.NNUNET][0]).data
    assert np.bincount(labels.ravel())[1:].tolist() == [CORD.voxels - LESION.voxels, LESION.voxels]
    sizes = sorted(np.count_nonzero(read_mask(file).data) for file in files[Naming.BIDS])
    assert sizes == [LESION.voxels, CORD.voxels]


def test_a_sidecar_tells_all_and_no_folder(tmp_path: Path) -> None:
    image = write(tmp_path / "secret" / "a.nii.gz")
    made = job(tmp_path / "out", options=CaseOptions(CORD_LESION, PostProcessing(smallest_mm3=(("lesion", 1e4),))))
    run([case(image)], made)
    text = (tmp_path / "out" / "a_label-lesion_mask.json").read_text()
    said = json.loads(text)
    assert said["Inputs"] == [{"Name": "a.nii.gz", "SHA256": read_volume(image).sha256}]
    assert {key: said[key] for key in RECIPE} == RECIPE
    assert said["Region"] == "lesion"
    assert said["Box"]["FirstVoxel"] == [0, 0, 0]
    assert said["Box"]["MarginsMm"]["superior"] == 30
    change = said["PostProcessingChanges"][0]
    assert (change["Rule"], change["Region"], change["Voxels"]) == ("SmallestMm3", "lesion", LESION.voxels)
    assert said["VolumesMm3"]["lesion"] == 0
    assert said["Seconds"] > 0
    assert str(tmp_path) not in text
    assert "secret" not in text


def test_a_cord_that_is_lesion_all_over_keeps_it_and_table_and_sidecar_say_so(tmp_path: Path) -> None:
    image = tmp_path / "a.nii.gz"
    data = np.zeros(SHAPE, dtype=np.int16)
    data[CORD.slices] = 250
    write_image(image, data, AFFINE)
    rules = PostProcessing(outside_cord=OutsideCord.REMOVE)
    outcome = run([case(image)], job(tmp_path / "out", options=CaseOptions(CORD_LESION, rules)))[0]
    assert outcome.volumes_mm3["lesion"] == outcome.volumes_mm3["sc"] > 0
    said = "no cord was found beside lesion: OutsideCord removed nothing as outside the cord"
    assert said in outcome.warnings
    assert said in json.loads((tmp_path / "out" / "a_label-lesion_mask.json").read_text())["Warnings"]
    assert said in prediction_table([outcome], CORD_LESION.names)


@pytest.mark.parametrize("naming", list(Naming))
@pytest.mark.parametrize("around", [Box((1, 1, 10), (3, 3, 14)), Box((0, 1, 10), (3, 3, 14))])
def test_a_lesion_apart_from_the_cord_is_no_cord_in_masks_volumes_and_centreline(
    tmp_path: Path, naming: Naming, around: Box
) -> None:
    affine = AFFINE @ np.diag([3.0, 3, 1, 1])  # 15 mm to the side of the cord, with a rim or without
    image, away = write(tmp_path / "a.nii.gz"), Box((1, 1, 10), (3, 3, 14))
    data = read_volume(image).data.copy()
    data[around.slices], data[away.slices] = 150, 250
    write_image(image, data, affine)
    options = CaseOptions(CORD_LESION, PostProcessing(), Margins(50, 50, 50, 50, 50, 50))
    wanted = Wanted(centreline=True)
    made = job(tmp_path / "out", naming=naming, wanted=wanted, keep_finished=True, options=options)
    (outcome,) = run([case(image)], made)
    voxel = read_volume(image).voxel_volume_mm3
    volumes = {"sc": CORD.voxels * voxel, "lesion": (LESION.voxels + away.voxels) * voxel}
    assert outcome.volumes_mm3 == pytest.approx(volumes)
    assert any("lie outside the cord and were kept" in warning for warning in outcome.warnings)
    (kept,) = run([case(image)], made)
    assert kept.status is Status.KEPT
    assert kept.volumes_mm3 == pytest.approx(volumes)
    files = name_files(tmp_path / "out", case(image), naming, CORD_LESION.names, made.wanted)
    if files.label_map is not None:
        assert np.bincount(read_mask(files.label_map).data[around.slices].ravel())[1:].tolist() == [0, away.voxels]
    found = {region: read_mask(file).data > 0 for region, file in files.masks}
    assert [region for region, mask in found.items() if mask[away.slices].all()] == [*found][1:]
    assert files.centreline is not None
    assert not read_mask(files.centreline).data[:6].any()


def test_the_centreline_is_a_table_a_lab_can_read(tmp_path: Path) -> None:
    image = write(tmp_path / "a.nii.gz")
    run([case(image)], job(tmp_path / "out", wanted=Wanted(centreline=True)))
    with (tmp_path / "out" / "a_label-centerline_mask.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["slice"]) for row in rows] == list(range(CORD.start[2], CORD.stop[2]))
    for row in rows:
        world = [float(row[f"{axis}_mm"]) for axis in "xyz"]
        voxel = nib.affines.apply_affine(np.linalg.inv(AFFINE), world)
        np.testing.assert_allclose(voxel, [9.5, 9.5, int(row["slice"])], atol=1e-3)
    drawn = read_mask(tmp_path / "out" / "a_label-centerline_mask.nii.gz").data
    assert np.count_nonzero(drawn) == len(rows)


def test_without_a_cord_the_centreline_is_empty_and_said_to_be(tmp_path: Path) -> None:
    image = tmp_path / "a.nii.gz"
    write_image(image, np.zeros(SHAPE, dtype=np.int16), AFFINE)
    outcome = run([case(image)], job(tmp_path / "out", wanted=Wanted(centreline=True)))[0]
    assert any("the centreline is empty" in warning for warning in outcome.warnings)
    assert any("no cord was found" in warning for warning in outcome.warnings)
    table = (tmp_path / "out" / "a_label-centerline_mask.csv").read_text()
    assert table == "slice,x_mm,y_mm,z_mm,length_mm,measured\n"


def damaged(folder: Path, kind: str) -> Path:
    """Write an image that cannot be predicted."""
    path = write(folder / f"{kind}.nii.gz")
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:-40])
    elif kind == "missing":
        path.unlink()
    elif kind == "text":
        path.write_text("no image")
    else:
        data = np.zeros((4, 4, 4, 2) if kind == "series" else (4, 4, 4), dtype=np.float32)
        data.flat[5] = np.nan if kind == "nan" else 0
        nib.save(nib.Nifti1Image(data, AFFINE), path)
    return path


def test_images_that_cannot_be_read_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    kinds = ("truncated", "missing", "text", "series", "nan")
    cases = [case(damaged(tmp_path, kind)) for kind in kinds] + [case(write(tmp_path / "sound.nii.gz"))]
    outcomes = run(cases, job(tmp_path / "out"))
    assert [outcome.status for outcome in outcomes] == [Status.FAILED] * len(kinds) + [Status.DONE]
    assert all(f"{kind}.nii.gz: " in outcome.reason for kind, outcome in zip(kinds, outcomes, strict=False))
    assert not any(str(tmp_path) in outcome.reason for outcome in outcomes)
    assert {file.name.split("_")[0] for file in (tmp_path / "out").iterdir()} == {"sound"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("a bug"), "ZeroDivisionError: a bug"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("cannot open '/srv/someone/x y.pth' or /data/a/b.pth"), "'x y.pth' or b.pth"),
    ],
)
def test_whatever_a_case_does_it_does_not_stop_the_others(tmp_path: Path, error: Exception, words: str) -> None:
    cases = [case(write(tmp_path / "a.nii.gz", first=7)), case(write(tmp_path / "b.nii.gz"))]
    outcomes = run(cases, job(tmp_path / "out", segmenter=Threshold(fault=(7, error))))
    assert [outcome.status for outcome in outcomes] == [Status.FAILED, Status.DONE]
    assert words in outcomes[0].reason
    assert not list((tmp_path / "out").glob("a_*"))


def test_an_interruption_does_stop_the_run(tmp_path: Path) -> None:
    cases = [case(write(tmp_path / "a.nii.gz", first=7))]
    with pytest.raises(KeyboardInterrupt):
        run(cases, job(tmp_path / "out", segmenter=Threshold(fault=(7, KeyboardInterrupt()))))


def test_cases_refused_or_left_out_by_name_keep_their_reason(tmp_path: Path) -> None:
    cases = [replace(case(tmp_path / "a.nii.gz"), reason="no", refused=refused) for refused in (True, False)]
    outcomes = run(cases, job(tmp_path / "out"))
    assert [(outcome.status, outcome.reason) for outcome in outcomes] == [
        (Status.FAILED, "no"),
        (Status.SKIPPED, "no"),
    ]


def test_channels_on_other_grids_are_refused_and_a_missing_one_is_zero_if_told(tmp_path: Path) -> None:
    first, shifted = write(tmp_path / "a.nii.gz"), AFFINE.copy()
    shifted[0, 3] += 1
    other = write(tmp_path / "b.nii.gz", affine=shifted)
    segmenter = Threshold()
    cases = [case(first, other), case(first, None), case(first, first)]
    outcomes = run(cases, job(tmp_path / "out", segmenter=segmenter))
    assert [outcome.status for outcome in outcomes] == [Status.FAILED, Status.DONE, Status.DONE]
    assert "b.nii.gz: the grid of its case's first channel was needed" in outcomes[0].reason
    assert "channel 1 has no image" in outcomes[1].warnings[0]
    assert len(segmenter.seen[0]) == 2
    assert not segmenter.seen[0][1].any()


def files_of(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def test_a_finished_case_is_kept_with_its_volumes_and_warnings(tmp_path: Path) -> None:
    for naming in Naming:
        out = tmp_path / naming
        first = run([case(write(tmp_path / "a.nii.gz"))], job(out, naming=naming, wanted=ALL))[0]
        before = {file: file.stat().st_mtime_ns for file in files_of(out)}
        again = job(out, naming=naming, wanted=ALL, keep_finished=True)
        kept = run([case(tmp_path / "a.nii.gz")], again)[0]
        assert kept.status is Status.KEPT
        assert (kept.warnings, kept.seconds) == (first.warnings, first.seconds)
        assert kept.volumes_mm3 == pytest.approx(dict(first.volumes_mm3), abs=1e-3)
        assert {file: file.stat().st_mtime_ns for file in files_of(out)} == before
        assert run([case(tmp_path / "a.nii.gz")], replace(again, keep_finished=False))[0].status is Status.DONE


@pytest.mark.parametrize("naming", list(Naming))
def test_with_any_file_missing_or_cut_a_case_is_not_finished(tmp_path: Path, naming: Naming) -> None:
    given, out = case(write(tmp_path / "a.nii.gz")), tmp_path / "out"
    run([given], job(out, naming=naming, wanted=ALL))
    files, images = name_files(out, given, naming, CORD_LESION.names, ALL), read_images(given)
    for file in files_of(out):
        sound = file.read_bytes()
        for content in (None, sound[:-9]):
            file.unlink() if content is None else file.write_bytes(content)
            assert finished_case(files, images, CORD_LESION, RECIPE) is None, file.name
        file.write_bytes(sound)
        assert finished_case(files, images, CORD_LESION, RECIPE) is not None


def test_a_case_of_which_a_mask_was_cut_is_predicted_again(tmp_path: Path) -> None:
    image, made = write(tmp_path / "a.nii.gz"), job(tmp_path / "out", keep_finished=True)
    run([case(image)], made)
    mask = tmp_path / "out" / "a_label-SC_mask.nii.gz"
    sound = mask.read_bytes()
    mask.write_bytes(sound[:-9])
    assert [run([case(image)], made)[0].status for _ in range(2)] == [Status.DONE, Status.KEPT]
    assert mask.read_bytes() == sound


CHANGES: Sequence[Mapping[str, Any]] = (
    {"Mirroring": False},
    {"StepSize": 0.3},
    {"Model": {"Name": "rule", "Checkpoints": {"0": "cd"}}},
)


@pytest.mark.parametrize("changed", CHANGES)
@pytest.mark.parametrize("keep", [False, True])
def test_masks_of_other_models_or_settings_are_replaced_by_force_alone(
    tmp_path: Path, keep: bool, changed: Mapping[str, Any], tree_hash: Callable[[Path], str]
) -> None:
    given, out = case(write(tmp_path / "a.nii.gz")), tmp_path / "out"
    run([given], job(out))
    before = tree_hash(out)
    made = job(out, keep_finished=keep, recipe={**RECIPE, **changed})
    with pytest.raises(ConflictError, match=f"a: made with other {next(iter(changed))}.*--force"):
        refuse_overwriting([given], made)
    assert run([given], made)[0].status is Status.FAILED
    assert tree_hash(out) == before
    refuse_overwriting([given], replace(made, force=True))
    assert run([given], replace(made, force=True))[0].status is Status.DONE
    assert run([given], replace(made, keep_finished=True))[0].status is Status.KEPT
    for mask in out.glob("*.nii.gz"):
        mask.unlink()  # who wants a case again moves its masks away, and need not know of sidecars
    assert run([given], job(out))[0].status is Status.DONE


def test_another_image_or_a_further_output_has_the_case_predicted_again(tmp_path: Path) -> None:
    image, made = write(tmp_path / "a.nii.gz"), job(tmp_path / "out", keep_finished=True)
    run([case(image)], made)
    write(image, first=1)
    assert run([case(image)], made)[0].status is Status.DONE
    assert run([case(image)], replace(made, wanted=Wanted(centreline=True)))[0].status is Status.DONE


def correct(mask: Path, affine: Affine | None = None) -> bytes:
    """Do what a person does in an editor; gives the bytes that must survive."""
    volume = read_mask(mask)
    data = volume.data.copy()
    data[0, 0, 0] = 1
    write_image(mask, data, volume.affine if affine is None else affine)
    return mask.read_bytes()


SHIFTED = AFFINE + np.array([[0, 0, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize("affine", [None, SHIFTED])
@pytest.mark.parametrize("recipe", [RECIPE, {**RECIPE, "Mirroring": False}])
@pytest.mark.parametrize("naming", list(Naming))
def test_a_mask_corrected_by_hand_survives_whatever_is_asked(
    tmp_path: Path, naming: Naming, recipe: Mapping[str, Any], affine: Affine | None
) -> None:
    cases, out = [case(write(tmp_path / f"{name}.nii.gz")) for name in "ab"], tmp_path / "out"
    run(cases, job(out, naming=naming))
    mask = name_files(out, cases[0], naming, CORD_LESION.names, Wanted()).segmentations[-1]
    theirs = correct(mask, affine)
    made = job(out, naming=naming, recipe=recipe)
    with pytest.raises(ConflictError, match=f"{mask.name} .corrected by hand"):
        refuse_overwriting(cases, made)
    assert run(cases, made)[0].status is Status.FAILED
    for keep, force in ((True, False), (False, True), (True, True)):
        outcome = run(cases, replace(made, keep_finished=keep, force=force))[0]
        assert (outcome.status, outcome.spared) == (Status.KEPT, (mask.name,))
        assert f"{mask.name}: not as predicted but corrected by hand" in outcome.warnings[0]
        assert set(outcome.volumes_mm3) == {"sc", "lesion"}
        assert mask.read_bytes() == theirs
    assert run(cases, replace(made, force=True))[1].status is Status.DONE


def test_a_mask_that_nobody_told_of_is_refused_and_survives_even_force(tmp_path: Path) -> None:
    given, out = case(write(tmp_path / "a.nii.gz")), tmp_path / "out"
    drawn = write(out / "a_label-SC_mask.nii.gz").read_bytes()
    for keep in (False, True):
        with pytest.raises(ConflictError, match="a_label-SC_mask.nii.gz .not known to be of this command"):
            refuse_overwriting([given], job(out, keep_finished=keep))
        assert run([given], job(out, keep_finished=keep))[0].status is Status.FAILED
    outcome = run([given], job(out, force=True))[0]
    assert (outcome.status, outcome.spared, outcome.volumes_mm3) == (Status.KEPT, ("a_label-SC_mask.nii.gz",), {})
    assert [file.read_bytes() for file in out.iterdir()] == [drawn]


def test_a_mask_whose_sidecar_was_deleted_is_known_by_the_other_sidecars(tmp_path: Path) -> None:
    given, made = case(write(tmp_path / "a.nii.gz")), job(tmp_path / "out")
    run([given], made)
    (tmp_path / "out" / "a_label-SC_mask.json").unlink()
    assert run([given], made)[0].status is Status.DONE


def test_a_damaged_mask_is_refused_and_redone_where_a_run_goes_on_or_by_force(tmp_path: Path) -> None:
    given, out = case(write(tmp_path / "a.nii.gz")), tmp_path / "out"
    run([given], job(out))
    mask = out / "a_label-SC_mask.nii.gz"
    sound = mask.read_bytes()
    for changes in ({"keep_finished": True}, {"force": True}):
        mask.write_bytes(sound[:-9])
        with pytest.raises(ConflictError, match="damaged"):
            refuse_overwriting([given], job(out))
        assert run([given], job(out, **changes))[0].status is Status.DONE
        assert mask.read_bytes() == sound


def test_a_mask_that_is_corrected_while_its_case_is_predicted_survives(tmp_path: Path) -> None:
    given, out = case(write(tmp_path / "a.nii.gz")), tmp_path / "out"
    run([given], job(out))
    mask = out / "a_label-SC_mask.nii.gz"

    class Slow(Threshold):
        def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
            correct(mask)
            return super().segment(images, boxes)

    outcome = run([given], job(out, segmenter=Slow()))[0]
    assert outcome.status is Status.FAILED
    assert "were changed while it was predicted" in outcome.reason
    assert read_mask(mask).data[0, 0, 0] == 1


@pytest.mark.parametrize("naming", [Naming.BIDS, Naming.NNUNET])
def test_a_run_that_is_killed_at_any_rename_leaves_no_sidecar_too_early_and_can_be_run_again(
    tmp_path: Path, naming: Naming, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, out = case(write(tmp_path / "a.nii.gz")), tmp_path / "out"
    first, second = job(out, naming=naming), job(out, naming=naming, recipe={**RECIPE, "Mirroring": False}, force=True)
    second = replace(second, options=CaseOptions(CORD_LESION, PostProcessing(smallest_mm3=(("lesion", 1e4),))))
    rename, killed = Path.replace, 0
    for number in range(20):
        shutil.rmtree(out, ignore_errors=True)
        run([given], first)
        done: list[Path] = []

        def dies(self: Path, target: Path, number: int = number, done: list[Path] = done) -> Path:
            done.append(target)
            if len(done) > number:
                raise KeyboardInterrupt
            return rename(self, target)

        monkeypatch.setattr(Path, "replace", dies)
        try:
            run([given], second)
        except KeyboardInterrupt:
            killed += 1
        monkeypatch.setattr(Path, "replace", rename)
        again = replace(second, force=False, keep_finished=True)
        told = [json.loads(file.read_text())["Mirroring"] for file in out.glob("*.json")]
        assert len(set(told)) <= 1
        if True not in told:  # from here on the first run's masks are on their way out
            refuse_overwriting([given], again)
            assert run([given], again)[0].status in {Status.DONE, Status.KEPT}
            assert not list(out.glob(".*"))
            assert run([given], again)[0].status is Status.KEPT
    assert killed > 3


def test_the_table_has_a_row_for_each_case_and_its_columns_are_described(tmp_path: Path) -> None:
    outcomes = [
        CaseOutcome("a", Status.DONE, "", ("one", "two\tthree"), {"sc": 10.5, "lesion": 0.0}, 1.234, model="m"),
        CaseOutcome("b", Status.FAILED, "broken"),
    ]
    columns = prediction_columns(["sc", "lesion"])
    header, first, second = (line.split("\t") for line in prediction_table(outcomes, ["sc", "lesion"]).splitlines())
    assert header == list(columns)
    assert first == ["a", "done", "n/a", "one; two three", "m", "10.500", "0.000", "1.23"]
    assert second == ["b", "failed", "broken", "n/a", "n/a", "n/a", "n/a", "n/a"]
    assert set(columns["status"]["Levels"]) == set(Status)


def test_a_box_outside_is_never_told_of_a_whole_image(tmp_path: Path) -> None:
    image = write(tmp_path / "a.nii.gz")
    margins = Margins(2, 2, 1, 1, 1, 1)
    options = CaseOptions(CORD_LESION, PostProcessing(), margins=margins)
    for localizer, boxed in ((None, False), (Threshold(("sc",)), True)):
        run([case(image)], job(tmp_path / "out", localizer=localizer, options=options))
        box = json.loads((tmp_path / "out" / "a_label-SC_mask.json").read_text())["Box"]
        assert (box is not None) is boxed
    assert box["LastVoxel"] == [12, 12, 26]
    assert box["MarginsMm"] == margins.by_face()
