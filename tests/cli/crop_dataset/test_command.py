import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.tables import read_table
from nnunet_ext.trainers.derive_spine_plan import stock_spine_plan
from nnunet_ext.trainers.spine_plan import read_spine_plan, write_spine_plan
from tests.cascade.field import CORD, LESION, Field, drawn
from tests.models.default_room import make_default_models

TRAIN = ("a", "b", "c")
MARGINS = {f"pad_{face}": 4 for face in ("superior", "inferior", "left", "right", "anterior", "posterior")}

Told = pytest.CaptureFixture[str]


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Field:
    """A raw dataset of three training cases and one test case below `nnUNet_raw`."""
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    monkeypatch.setenv("nnUNet_preprocessed", str(tmp_path / "preprocessed"))
    made = Field(tmp_path)
    made.write(TRAIN, ["t"])
    return made


@pytest.fixture
def localizer(field: Field) -> Path:
    """The results of a localizer whose fold n left out case n, as `splits_final.json` says."""
    return field.localizer({case: (fold, drawn(CORD)) for fold, case in enumerate(TRAIN)})


def crop(source: str | Path | int, *arguments: str | Path) -> int:
    return main(["crop-dataset", str(source), "-d", "502", "-n", "Boxed", *map(str, arguments)])


@pytest.mark.parametrize("form", ["number", "name", "folder"])
def test_a_dataset_is_boxed_from_the_folds_of_a_localizer(
    field: Field, localizer: Path, capsys: Told, form: str, tree_hash: Callable[[Path], str]
) -> None:
    before = tree_hash(field.source.folder), tree_hash(localizer)
    asked = {"number": "501", "name": "Dataset501_Wide", "folder": str(field.source.folder)}[form]
    assert crop(asked, "--cords", localizer, "--cords", field.cord("t", drawn(CORD))) == 0
    told = capsys.readouterr()
    assert "4 cases, 0 of them with their whole image" in told.out
    assert "nnunet_ext crop-dataset --fix-plans 502" in told.out
    assert "whether its 1 cords come from a network that had not seen them is unknown" in told.err
    folds = {row["case"]: row["fold"] for row in read_table(field.boxed.folder / "crop.tsv")}
    assert folds == {"a": "0", "b": "1", "c": "2", "t": "n/a"}
    assert (tree_hash(field.source.folder), tree_hash(localizer)) == before


def test_training_cases_without_a_prediction_are_named(field: Field, capsys: Told) -> None:
    results = field.localizer({"a": (0, drawn(CORD)), "b": (1, drawn())})
    assert crop(501, "--cords", results) == 0
    told = capsys.readouterr()
    assert "1 train cases: no cord prediction was found, and their whole image is kept: c\n" in told.err
    assert "1 train cases: the predicted cord is empty, and their whole image is kept: b\n" in told.err
    log = (field.boxed.folder / "crop-dataset.log").read_text()
    assert all(line.partition("warning: ")[2] in log for line in told.err.splitlines())


def test_a_cord_of_a_fold_that_trained_on_the_case_is_refused_unless_asked_for(field: Field, capsys: Told) -> None:
    results = field.localizer({"a": (1, drawn(CORD)), "b": (1, drawn(CORD)), "c": (2, drawn(CORD))})
    assert crop(501, "--cords", results) == 3
    assert "trained on them: a (fold 1)" in capsys.readouterr().err
    assert not field.boxed.folder.exists()
    assert crop(501, "--cords", results, "--no-oof-check") == 0
    assert "nobody has looked" in capsys.readouterr().err


def test_the_splits_that_the_localizer_trained_with_come_before_those_of_the_raw_dataset(
    field: Field, localizer: Path, capsys: Told
) -> None:
    swapped = [{"train": ["a"], "val": ["b", "c"]}] * 3
    write_json(field.root / "preprocessed" / "Dataset501_Wide" / "splits_final.json", swapped)
    assert crop(501, "--cords", localizer) == 3
    assert "a (fold 0)" in capsys.readouterr().err


def test_without_the_localizer_s_splits_nothing_is_taken_on_trust(field: Field, localizer: Path, capsys: Told) -> None:
    (field.source.folder / "splits_final.json").unlink()
    assert crop(501, "--cords", localizer) == 3
    assert "the localizer's splits_final.json was needed" in capsys.readouterr().err


def test_margins_are_taken_from_a_file_and_the_answer_is_json(field: Field, localizer: Path, capsys: Told) -> None:
    file = field.root / "margins.json"
    write_json(file, MARGINS)
    assert crop(501, "--cords", localizer, "--margins-file", file, "--jitter", "-1", "2", "--seed", "5", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert {key: answer[key] for key in MARGINS} == MARGINS
    assert (answer["cases"], answer["whole_image"]) == (4, 1)
    said = field.boxed.read_dataset_json()["crop"]
    assert (said["random_margins_mm"], said["seed"]) == ([-1, 2], 5)
    assert json.loads((field.boxed.folder / "crop_metadata.json").read_text()) == MARGINS


def test_a_rerun_is_done_at_once_and_another_one_a_conflict(field: Field, localizer: Path, capsys: Told) -> None:
    assert crop(501, "--cords", localizer) == 0
    first = capsys.readouterr()
    assert crop(501, "--cords", localizer) == 0
    assert capsys.readouterr() == first
    assert crop(501, "--cords", localizer, "--seed", "1") == 5
    assert "choose another -d or -n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["501", "-n", "Boxed"], 2, "-d missing"),
        (["--fix-plans", "502", "--cords", "cords"], 2, "--fix-plans stands alone"),
        (["501", "--cords", "cords"], 2, "-d, -n missing"),
        (["501", "--fix-plans", "502"], 2, "--fix-plans stands alone"),
        (["501", "-d", "502", "-n", "../Boxed", "--cords", "cords"], 2, "letters, digits"),
        (["501", "-d", "502", "-n", "Boxed", "--cords", "cords", "--jitter", "3", "1"], 2, "the least first"),
        (["501", "-d", "502", "-n", "Boxed", "--cords", "cords", "--reserve", "-1"], 2, "--reserve"),
        (["501", "-d", "501", "-n", "Boxed", "--cords", "cords"], 5, "has this number already"),
        (["77", "-d", "502", "-n", "Boxed", "--cords", "cords"], 3, "77: one dataset of this number"),
        (["501", "-d", "502", "-n", "Boxed", "--cords", "nowhere"], 3, "predicted cords were needed"),
        (["501", "-d", "502", "-n", "Boxed", "--cords", "cords", "--margins-file", "no.json"], 3, "a JSON file"),
        (["--fix-plans", "502"], 3, "one dataset of this number"),
        (["--fix-plans", "no.json"], 3, "a plans file of nnU-Net was needed"),
    ],
)
def test_each_wrong_argument_is_told_with_its_exit_code(
    field: Field, monkeypatch: pytest.MonkeyPatch, capsys: Told, arguments: list[str], code: int, words: str
) -> None:
    field.cord("a", drawn(CORD))
    monkeypatch.chdir(field.root)
    assert main(["crop-dataset", *arguments]) == code
    assert words in capsys.readouterr().err
    assert not field.boxed.folder.exists()


def test_an_unset_variable_is_an_environment_error(
    field: Field, localizer: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    monkeypatch.delenv("nnUNet_raw")
    assert crop(field.source.folder, "--cords", localizer) == 4
    assert "nnUNet_raw was needed" in capsys.readouterr().err


def test_a_refused_file_is_answered_with_3_and_nothing_is_written(field: Field, localizer: Path, capsys: Told) -> None:
    image = field.source.image("b", "train")
    image.write_bytes(image.read_bytes()[:-30])
    assert crop(501, "--cords", localizer) == 3
    told = capsys.readouterr().err
    assert "nothing was written, as 1 cases were refused" in told
    assert image.name in told
    assert not field.boxed.folder.exists()


def test_all_plans_of_a_dataset_are_mended_and_stale_cases_told(field: Field, capsys: Told) -> None:
    folder = field.root / "preprocessed" / "Dataset502_Boxed"
    configuration = {"use_mask_for_norm": [True], "data_identifier": "nnUNetPlans_3d_fullres"}
    for name in ("nnUNetPlans", "Mine"):
        write_json(folder / f"{name}.json", {"plans_name": name, "configurations": {"3d_fullres": configuration}})
    write_json(folder / "splits_final.json", [])
    (folder / "nnUNetPlans_3d_fullres").mkdir()
    (folder / ".part-0.json").write_text('{"configurations"')  # of a run that was killed
    assert main(["crop-dataset", "--fix-plans", "502"]) == 0
    told = capsys.readouterr()
    assert told.out.count("3d_fullres: use_mask_for_norm off for channel 0") == 2
    assert "run: nnUNetv2_preprocess -d 502 -c 3d_fullres" in told.err
    for name in ("nnUNetPlans", "Mine"):
        plans = json.loads((folder / f"{name}.json").read_text())
        assert plans["configurations"]["3d_fullres"]["use_mask_for_norm"] == [False]
    assert main(["crop-dataset", "--fix-plans", str(folder / "Mine.json")]) == 0
    assert not (folder / ".part-0.json").exists()
    assert "nothing had to be changed" in capsys.readouterr().out
    assert main(["crop-dataset", "--fix-plans", "Dataset502_Boxed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {str(folder / f"{name}.json"): [] for name in ("Mine", "nnUNetPlans")}


def test_a_dataset_without_plans_is_told_how_to_get_them(field: Field, capsys: Told) -> None:
    write_json(field.root / "preprocessed" / "Dataset502_Boxed" / "splits_final.json", [])
    assert main(["crop-dataset", "--fix-plans", "502"]) == 3
    assert "nnUNetv2_plan_and_preprocess -d 502 --no_pp" in capsys.readouterr().err


def test_labels_at_risk_are_told(field: Field, capsys: Told) -> None:
    results = field.localizer({"a": (0, drawn(LESION)), "b": (1, drawn(CORD)), "c": (2, drawn(CORD))})
    file = field.root / "margins.json"
    write_json(file, MARGINS)
    assert crop(501, "--cords", results, "--margins-file", file, "--jitter", "0", "0") == 0
    assert "1 were widened for" in capsys.readouterr().out


def test_help_tells_the_commands_that_follow(capsys: Told) -> None:
    with pytest.raises(SystemExit):
        main(["crop-dataset", "--help"])
    told = capsys.readouterr().out.partition("in this order")[2]
    steps = [
        told.index(step)
        for step in ("plan_and_preprocess -d ID --no_pp", "--fix-plans ID  ", "nnUNetv2_preprocess -d ID")
    ]
    assert steps == sorted(steps)


def test_derived_margins_stand_in_the_spine_plan_and_edited_ones_hold(field: Field, localizer: Path) -> None:
    folder = field.root / "preprocessed" / "Dataset501_Wide"
    folder.mkdir(parents=True)
    write_spine_plan(folder, stock_spine_plan())
    assert crop(501, "--cords", localizer) == 0
    derived = read_spine_plan(folder)
    assert derived is not None
    record = json.loads((field.boxed.folder / "crop.json").read_text())
    assert derived.crop_margins_mm == record["margins_mm"]
    assert "crop.json of Dataset502_Boxed" in derived.reasons["crop_margins_mm"]
    assert crop(501, "--cords", localizer) == 0  # the same again: nothing was edited
    write_spine_plan(folder, replace(derived, crop_margins_mm={**derived.crop_margins_mm, "superior": 33.0}))
    assert main(["crop-dataset", "501", "-d", "503", "-n", "Edited", "--cords", str(localizer)]) == 0
    edited = json.loads((field.boxed.folder.with_name("Dataset503_Edited") / "crop_metadata.json").read_text())
    assert edited["pad_superior"] == 33.0
    again = read_spine_plan(folder)
    assert again is not None
    assert again.crop_margins_mm["superior"] == 33.0  # the user's, and not derived over


@pytest.mark.parametrize("given", [("--reserve", "nan"), ("--jitter", "nan", "1"), ("--reserve", "inf")])
def test_no_option_takes_nan_or_infinity(field: Field, localizer: Path, capsys: Told, given: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        crop(501, "--cords", localizer, *given)
    assert ended.value.code == 2
    assert f"{given[0]}: a number was needed" in capsys.readouterr().err


@pytest.fixture
def default_localizer(field: Field, monkeypatch: pytest.MonkeyPatch, one_thread: None) -> Path:
    """The models that come with the package, with the weights of chance; gives where the cords will lie."""
    monkeypatch.setenv("nnUNet_extModels", str(make_default_models(field.root / "models")))
    return field.boxed.folder.with_name(".Dataset502_Boxed.cords")


def crop_by_default(*arguments: str) -> int:
    return crop(501, "-device", "cpu", *arguments)


def test_without_cords_those_of_the_package_s_localizer_make_the_boxes_and_that_is_written_down(
    field: Field, default_localizer: Path, capsys: Told, tree_hash: Callable[[Path], str]
) -> None:
    before = tree_hash(field.source.folder)
    assert crop_by_default() == 0
    told = capsys.readouterr().out
    assert "predicted by cord-localizer, which comes with nnunet_ext" in told
    assert str(default_localizer) in told
    assert sorted(file.name for file in default_localizer.glob("*.nii.gz")) == [
        f"{case}.nii.gz" for case in (*TRAIN, "t")
    ]
    record = json.loads((field.boxed.folder / "crop.json").read_text())
    assert record["cords_predicted_by"]["Name"] == "cord-localizer"
    assert record["cords_predicted_by"]["TrainedOn"] == "synthetic images alone, none of these cases"
    assert set(record["cords_predicted_by"]["CheckpointsSHA256"]) == {"all"}
    assert tree_hash(field.source.folder) == before


def test_default_cords_are_found_once_and_anew_where_an_image_changed(
    field: Field, default_localizer: Path, capsys: Told
) -> None:
    assert crop_by_default() == 0
    times = {file: file.stat().st_mtime_ns for file in default_localizer.glob("*.nii.gz")}
    (default_localizer / "b.nii.gz").unlink()  # as if the run had been killed before it
    assert crop_by_default() == 0
    assert {file.name for file in times if file.stat().st_mtime_ns != times[file]} == {"b.nii.gz"}
    volume = read_volume(field.source.image("a", "train"))
    write_image(field.source.image("a", "train"), volume.data * 2 + 1, volume.affine)
    assert crop_by_default() == 5
    assert "give the same command with --update" in capsys.readouterr().err
    assert crop_by_default("--update") == 0
    assert (default_localizer / "a.nii.gz").stat().st_mtime_ns != times[default_localizer / "a.nii.gz"]


def test_an_installation_without_the_localizer_says_what_to_do(
    field: Field, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    monkeypatch.setenv("nnUNet_extModels", str(field.root / "nowhere"))
    assert crop_by_default() == 4
    assert "cord-localizer, which comes with nnunet_ext, was needed" in capsys.readouterr().err


def test_an_image_that_cannot_be_read_is_named_with_another_way_to_go(
    field: Field, default_localizer: Path, capsys: Told
) -> None:
    image = field.source.image("b", "train")
    image.write_bytes(image.read_bytes()[:-30])
    assert crop_by_default() == 3
    told = capsys.readouterr().err
    assert "cord-localizer failed for 1 of 4: b:" in told
    assert "--cords" in told
    assert not field.boxed.folder.exists()
