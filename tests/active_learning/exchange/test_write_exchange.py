import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings, ImagesAs
from nnunet_ext.active_learning.exchange.sent_masks import SENT
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.core.errors import ConflictError, DataRefusedError, FileRefusedError, UsageError
from nnunet_ext.core.names import Dialect, parse_mask_name
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Volume
from nnunet_ext.dataset_conversion.bids_validation import validate_bids
from nnunet_ext.dataset_conversion.source import Source
from tests.active_learning.exchange.conftest import GRID, Choose
from tests.kills.dying import Death, run_apart

SETTINGS = ExchangeSettings(load_target("cord-lesion"), seed=3)
IMAGES = ["sub-01/anat/sub-01_T2w.nii.gz", "sub-02/ses-M0/anat/sub-02_ses-M0_acq-sag_T2w.nii.gz"]


def contents(folder: Path) -> dict[str, bytes | str]:
    return {
        path.relative_to(folder).as_posix(): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def cases(choose: Choose) -> list[ChosenCase]:
    return [choose("gm", image) for image in IMAGES]


def test_predictions_and_copies_to_edit_stand_beside_linked_images(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    out = tmp_path / "round-001" / "to_correct"
    sent = write_exchange(out, cases, SETTINGS, datasets)
    image = out / "sub-02/ses-M0/anat/sub-02_ses-M0_acq-sag_T2w.nii.gz"
    assert image.is_symlink()
    assert not image.readlink().is_absolute()
    assert image.read_bytes() == cases[1].images[0].read_bytes()
    assert len(sent) == 4
    for mask in sent:
        predicted, copy = (read_mask(out / place) for place in (mask.predicted, mask.copy))
        assert (predicted.data == copy.data).all()
        assert predicted.data.any()
        assert read_json_object(out / mask.predicted.replace(".nii.gz", ".json"))["Outputs"] == {
            Path(mask.predicted).name: mask.predicted_sha256
        }
        assert predicted.forms == read_volume(out / mask.image).forms
        name = parse_mask_name(Path(mask.copy).name.removesuffix(".nii.gz"), ["sc", "lesion"])
        assert name is not None
        assert (f"gm_{name.case}", name.region) == (mask.case, mask.region)


def test_links_hold_where_the_rounds_are_moved_together_with_the_pool(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    write_exchange(tmp_path / "round-001" / "to_correct", cases, SETTINGS, datasets)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("round-001", "pool"):
        shutil.move(tmp_path / name, moved / name)
    assert (moved / "round-001" / "to_correct" / IMAGES[0]).resolve().is_file()


def test_the_same_call_again_changes_nothing_and_keeps_what_raters_did(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    out = tmp_path / "to_correct"
    sent = write_exchange(out, cases, SETTINGS, datasets)
    write_mask(out / sent[0].copy, 0 * read_mask(out / sent[0].copy).data, GRID)
    (out / "marks.tsv").write_text("case\taction\nsub-01_T2w\taccept\n")
    before = contents(out)
    assert write_exchange(out, cases, SETTINGS, datasets) == sent
    assert contents(out) == before


def test_equal_calls_leave_equal_bytes(tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]) -> None:
    for name in ("one", "two"):
        write_exchange(tmp_path / name / "to_correct", cases, SETTINGS, datasets)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_masks_in_memory_are_written_as_those_of_files(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    def read(prediction: Path | Volume) -> Volume:
        assert isinstance(prediction, Path)
        return read_mask(prediction)

    in_memory = [replace(one, masks={region: read(mask) for region, mask in one.masks.items()}) for one in cases]
    write_exchange(tmp_path / "a" / "to_correct", cases, SETTINGS, datasets)
    write_exchange(tmp_path / "b" / "to_correct", in_memory, SETTINGS, datasets)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_other_cases_are_not_written_over_a_round_that_stands(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    out = tmp_path / "to_correct"
    write_exchange(out, cases[:1], SETTINGS, datasets)
    before = contents(out)
    with pytest.raises(ConflictError, match="gm_sub-02"):
        write_exchange(out, cases, SETTINGS, datasets)
    assert contents(out) == before


def test_a_correction_that_was_saved_over_the_prediction_is_told(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    out = tmp_path / "to_correct"
    sent = write_exchange(out, cases, SETTINGS, datasets)
    write_mask(out / sent[0].predicted, 0 * read_mask(out / sent[0].predicted).data, GRID)
    with pytest.raises(FileRefusedError, match="derivatives/labels"):
        write_exchange(out, cases, SETTINGS, datasets)


def test_a_folder_of_somebody_elses_files_is_left_alone(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    (tmp_path / "to_correct").mkdir()
    (tmp_path / "to_correct" / "notes.txt").write_text("mine")
    with pytest.raises(ConflictError, match=SENT):
        write_exchange(tmp_path / "to_correct", cases, SETTINGS, datasets)


def test_an_image_that_changed_since_it_was_chosen_is_refused_and_nothing_is_left(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    shutil.copyfile(cases[0].images[0], cases[1].images[0])
    with pytest.raises(FileRefusedError, match="has changed since"):
        write_exchange(tmp_path / "round" / "to_correct", cases, SETTINGS, datasets)
    assert list((tmp_path / "round").iterdir()) == []


def test_a_prediction_of_another_grid_is_refused(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    moved = GRID.copy()
    moved[0, 3] += 5
    mask = cases[0].masks["sc"]
    assert isinstance(mask, Path)
    write_mask(mask, read_mask(mask).data, moved)
    with pytest.raises(FileRefusedError, match="grid"):
        write_exchange(tmp_path / "to_correct", cases, SETTINGS, datasets)


def test_each_rater_has_a_folder_and_finds_nothing_of_the_others_or_of_scores_in_it(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path]
) -> None:
    cases = [choose("gm", image, rater, "rank 1, score 0.9") for image in IMAGES for rater in ("anna", "bo")]
    out = tmp_path / "to_correct"
    write_exchange(out, cases, SETTINGS, datasets)
    for rater, other in (("anna", "bo"), ("bo", "anna")):
        told = contents(out / rater)
        assert len([name for name in told if name.endswith(".nii.gz")]) == 2 + 2 * 2
        for name, content in told.items():
            text = content if isinstance(content, str) else content.decode("latin-1")
            if not name.endswith(".nii.gz"):
                assert other not in text.split(), name
                assert "0.9" not in text, name


def test_the_order_of_the_cases_is_a_raters_own_and_not_that_of_the_query(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path]
) -> None:
    images = [f"sub-{number:02d}/anat/sub-{number:02d}_T2w.nii.gz" for number in range(8)]
    write_exchange(
        tmp_path / "to_correct",
        [choose("gm", image, rater) for image in images for rater in ("anna", "bo")],
        SETTINGS,
        datasets,
    )
    orders = [
        [line.split("\t")[0] for line in (tmp_path / "to_correct" / rater / "marks.tsv").read_text().splitlines()[1:]]
        for rater in ("anna", "bo")
    ]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    assert sorted(orders[0]) not in orders


def test_each_of_several_datasets_has_a_tree_of_its_own(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path]
) -> None:
    cases = [choose("gm", IMAGES[0]), choose("unf", IMAGES[0]), choose("unf", IMAGES[1])]
    sent = write_exchange(tmp_path / "to_correct", cases, SETTINGS, datasets)
    assert {(mask.case, mask.image) for mask in sent} == {
        ("gm_sub-01_T2w", f"gm/{IMAGES[0]}"),
        ("unf_sub-01_T2w", f"unf/{IMAGES[0]}"),
        ("unf_sub-02_ses-M0_acq-sag_T2w", f"unf/{IMAGES[1]}"),
    }
    for name, files in (("gm", 1), ("unf", 2)):
        lists = yaml.safe_load((tmp_path / "to_correct" / name / "files.yml").read_text())
        assert [len(listed) for listed in lists.values()] == [files, files]
        described = read_json_object(tmp_path / "to_correct" / name / "dataset_description.json")
        assert (tmp_path / "to_correct" / name / described["DatasetLinks"][name]).samefile(datasets[name])


@pytest.mark.parametrize("rater", ["../anna", "anna/b", "an na", ".anna", "predicted"])
def test_a_raters_name_that_leads_elsewhere_is_refused(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path], rater: str
) -> None:
    with pytest.raises(UsageError, match="a rater's name|letters, digits"):
        write_exchange(tmp_path / "to_correct", [choose("gm", IMAGES[0], rater)], SETTINGS, datasets)


def test_an_image_without_a_bids_name_is_refused(tmp_path: Path, choose: Choose, datasets: dict[str, Path]) -> None:
    with pytest.raises(DataRefusedError, match="BIDS name"):
        write_exchange(tmp_path / "to_correct", [choose("gm", "image.nii.gz")], SETTINGS, datasets)


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("images", list(ImagesAs))
def test_sct_finds_every_image_and_mask_that_the_lists_name(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path], dialect: Dialect, images: ImagesAs
) -> None:
    settings = ExchangeSettings(load_target("cord-lesion"), dialect, images)
    out = tmp_path / "to_correct"
    write_exchange(out, cases, settings, datasets)
    assert (out / "files.yml").exists() == (dialect is not Dialect.BIDS)
    if dialect is Dialect.BIDS:
        return
    lists = yaml.safe_load((out / "files.yml").read_text())
    assert list(lists) == ["FILES_SEG", "FILES_LESION"]
    command = next(line for line in (out / "commands.txt").read_text().splitlines() if line.startswith("python"))
    flags = dict(zip(command.split()[2::2], command.split()[3::2], strict=True))
    for key, flag in (("FILES_SEG", "-suffix-files-seg"), ("FILES_LESION", "-suffix-files-lesion")):
        assert len(lists[key]) == 2
        for file in lists[key]:
            folder = "/".join(part for part in file.split("_") if part.startswith(("sub-", "ses-"))) + "/anat"
            assert (out / flags["-path-img"] / folder / file).exists()
            mask = file.removesuffix(".nii.gz") + flags[flag] + ".nii.gz"
            assert (out / flags["-path-img"] / "derivatives" / "labels" / folder / mask).is_file()


def test_every_path_in_the_commands_is_there_from_the_raters_folder(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    out = tmp_path / "to_correct"
    write_exchange(out, cases, SETTINGS, datasets)
    (tmp_path / "bin").mkdir()
    for viewer in ("fsleyes", "itksnap", "Slicer"):
        program = tmp_path / "bin" / viewer
        program.write_text(
            '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done >>"$SAID"; echo end >>"$SAID"\n'
        )
        program.chmod(0o755)
    said = tmp_path / "said.txt"
    lines = [
        line
        for line in (out / "commands.txt").read_text().splitlines()
        if line and not line.startswith(("#", "python"))
    ]
    assert len(lines) == 2 * 4
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=out, env={"PATH": path, "SAID": str(said)}, check=True)
    words = said.read_text().splitlines()
    assert words.count("end") == len(lines)
    named = [word for word in words if word.endswith((".nii.gz", ".txt"))]
    assert len(named) == 2 * (3 + 3 + 3)
    assert all((out / word).is_file() for word in named)
    code = [word for word in words if word.startswith("import slicer")]
    assert len(code) == 2
    loaded: list[str] = []

    def load(file: str) -> SimpleNamespace:
        loaded.append(file)
        return SimpleNamespace(GetSegmentation=lambda: SimpleNamespace(GetNumberOfSegments=lambda: 0))

    slicer = SimpleNamespace(util=SimpleNamespace(loadVolume=load, loadSegmentation=load))
    for one in code:
        exec(one.removeprefix("import slicer; "), {"slicer": slicer})  # noqa: S102 - what Slicer would do
    assert len(loaded) == 2 * 3
    assert all((out / file).is_file() for file in loaded)


def test_the_protocol_tells_of_the_target_and_the_policy(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    write_exchange(tmp_path / "to_correct", cases, SETTINGS, datasets)
    text = (tmp_path / "to_correct" / "PROTOCOL.md").read_text()
    for word in ("spinal cord", "lesion", "accept", "edit", "reject", "defer", "marks.tsv", "slices", "Faces"):
        assert word in text
    assert "extend the cord" in text
    assert "`nnunet_ext active correct LOOP`" in text
    assert "nnunet_ext active correct LOOP" in (tmp_path / "to_correct" / "commands.txt").read_text()
    clipped = ExchangeSettings(load_target("cord-lesion"), outside_cord="clip")
    write_exchange(tmp_path / "clip" / "to_correct", cases, clipped, datasets)
    assert "cut off" in (tmp_path / "clip" / "to_correct" / "PROTOCOL.md").read_text()


@pytest.mark.skipif(
    not (Path(sys.executable).with_name("bids-validator-deno").exists() or shutil.which("bids-validator-deno")),
    reason="needs bids-validator-deno",
)
@pytest.mark.parametrize(("dialect", "images"), list(zip(Dialect, ImagesAs, strict=True)))
def test_what_raters_get_is_a_valid_derivative(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path], dialect: Dialect, images: ImagesAs
) -> None:
    out = tmp_path / "to_correct"
    cases = [choose("gm", image) for image in IMAGES]
    write_exchange(out, cases, ExchangeSettings(load_target("cord-lesion"), dialect, images), datasets)
    described = read_json_object(out / "dataset_description.json")
    assert {"BIDSVersion", "GeneratedBy", "SourceDatasets"} <= set(described)
    for folder in (out, out / "derivatives" / "labels", out / "predicted"):
        found = [issue for issue in validate_bids(Source("tried", folder)) if issue["severity"] == "error"]
        assert [(issue["code"], issue.get("subCode"), issue.get("location")) for issue in found] == []


def test_a_write_that_is_killed_leaves_nothing_under_the_final_name_and_the_next_one_is_whole(
    tmp_path: Path, cases: list[ChosenCase], datasets: dict[str, Path]
) -> None:
    def write() -> int:
        write_exchange(tmp_path / "round" / "to_correct", cases, SETTINGS, datasets)
        return 0

    out = tmp_path / "round" / "to_correct"
    undisturbed = run_apart(write, tmp_path, {})
    assert undisturbed.code == 0, undisturbed.said
    whole = contents(out)
    shutil.rmtree(out.parent)
    last = len(undisturbed.events) - 1
    for event, after in ((0, False), (last // 2, True), (last - 3, False), (last - 2, True), (last, False)):
        ended = run_apart(write, tmp_path, {}, Death(event, after))
        assert ended.code < 0 or after  # a folder that is there is made again, and that never comes after
        assert not out.exists() or contents(out) == whole
        assert run_apart(write, tmp_path, {}).code == 0
        assert contents(out) == whole
        assert [path.name for path in out.parent.iterdir()] == ["to_correct"]
        shutil.rmtree(out.parent)
