"""`predict` with the models that come with the package, for which here stand three with the weights of chance."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.tables import read_table
from tests.cascade.prediction.tiny_model import TinyModel, noise
from tests.conftest import SmallBids
from tests.models.default_room import WARNING, default_card, make_default_models

Told = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_default_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def predict(room: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None) -> Callable[..., int]:
    """Call the verb without a model, where the default ones are those of the room."""
    monkeypatch.setenv("nnUNet_extModels", str(room))
    monkeypatch.delenv("nnUNet_results", raising=False)

    def call(given: Path, out: Path, *arguments: str | Path) -> int:
        return main(["predict", "-i", str(given), "-o", str(out), "-device", "cpu", *map(str, arguments)])

    return call


@pytest.fixture
def image(tmp_path: Path) -> Callable[[str], Path]:
    def write(stem: str) -> Path:
        volume = noise((20, 18, 24), axes="PSR")
        write_image(tmp_path / f"{stem}.nii.gz", volume.data, volume.affine)
        return tmp_path / f"{stem}.nii.gz"

    return write


def rows(out: Path) -> dict[str, dict[str, str]]:
    return {row["case"]: row for row in read_table(out / "predictions.tsv")}


def masks(out: Path) -> list[str]:
    return sorted(file.name for file in out.rglob("*_mask.nii.gz"))


def test_without_a_model_each_image_gets_what_comes_with_the_package_and_that_is_said_everywhere(
    predict: Callable[..., int], bids: SmallBids, tmp_path: Path, capsys: Told
) -> None:
    for stem in ("sub-1_T2w", "sub-2_T1w", "sub-3_T2starw"):
        bids.image(stem)
    out = tmp_path / "out"
    assert predict(bids.root, out) == 0
    told = capsys.readouterr()
    assert masks(out) == [
        "sub-1_label-SC_desc-T2w_mask.nii.gz",
        "sub-1_label-lesion_desc-T2w_mask.nii.gz",
        "sub-2_label-SC_desc-T1w_mask.nii.gz",
        "sub-3_label-SC_desc-T2starw_mask.nii.gz",
        "sub-3_label-lesion_desc-T2starw_mask.nii.gz",
    ]
    found = rows(out)
    assert list(found) == ["sub-1_T2w", "sub-2_T1w", "sub-3_T2starw"]
    assert [row["model"] for row in found.values()] == ["cord + cord-lesion", "cord", "cord + cord-lesion"]
    assert found["sub-2_T1w"]["volume_lesion_mm3"] == "n/a"
    assert "no lesions were looked for: cord-lesion was trained for T2w, T2starw" in found["sub-2_T1w"]["warnings"]
    assert all(WARNING in row["warnings"] for row in found.values())
    assert told.err.count("segmented by cord and cord-lesion, which come with nnunet_ext") == 1
    assert told.err.count("segmented by cord, which comes with nnunet_ext") == 1
    said = json.loads((out / "sub-1/anat/sub-1_label-lesion_desc-T2w_mask.json").read_text())
    assert set(said["Model"]["CheckpointsSHA256"]) == {"cord all", "cord-lesion all"}
    assert (said["Model"]["Name"], said["Localizer"]["Name"]) == ("cord + cord-lesion", "cord-localizer")
    assert any(WARNING in sentence for sentence in said["Warnings"])


def test_the_cord_of_two_models_is_the_one_s_with_the_other_s_lesions(
    predict: Callable[..., int], image: Callable[[str], Path], tmp_path: Path
) -> None:
    given = image("sub-1_T2w")
    for name, arguments in (("both", []), ("cord", ["-m", "cord"]), ("lesion", ["-m", "cord-lesion"])):
        assert predict(given, tmp_path / name, *arguments) == 0
    read = {
        (name, region): read_mask(file).data > 0
        for name in ("both", "cord", "lesion")
        for region in ("SC", "lesion")
        if (file := tmp_path / name / f"sub-1/anat/sub-1_label-{region}_desc-T2w_mask.nii.gz").is_file()
    }
    assert ("cord", "lesion") not in read
    assert read["both", "lesion"].any()
    np.testing.assert_array_equal(read["both", "lesion"], read["lesion", "lesion"])
    merged = read["cord", "SC"] | read["lesion", "lesion"]
    assert (read["both", "SC"] <= merged).all()  # what lies apart from the tube is no cord
    assert (read["cord", "SC"] <= read["both", "SC"]).all()


def test_an_image_of_any_name_gets_cord_and_lesions_in_every_naming(
    predict: Callable[..., int], image: Callable[[str], Path], tmp_path: Path
) -> None:
    given = image("scan")
    for naming, expected in (
        ("bids", {"scan_label-SC_mask.nii.gz", "scan_label-lesion_mask.nii.gz"}),
        ("neuropoly", {"scan_label-SC_seg.nii.gz", "scan_label-lesion_seg.nii.gz"}),
        ("nnunet", {"scan.nii.gz"}),
    ):
        assert predict(given, tmp_path / naming, "--naming", naming, "--disable_tta") == 0
        assert {file.name for file in (tmp_path / naming).rglob("*.nii.gz")} == expected


def test_a_rerun_keeps_what_both_models_made_and_other_models_are_a_conflict(
    predict: Callable[..., int], image: Callable[[str], Path], tmp_path: Path, capsys: Told
) -> None:
    given, out = image("sub-1_T2w"), tmp_path / "out"
    assert predict(given, out) == 0
    assert predict(given, out, "--continue_prediction") == 0
    assert "1 images: 0 done, 1 kept" in capsys.readouterr().out
    assert rows(out)["sub-1_T2w"]["model"] == "cord + cord-lesion"
    assert predict(given, out, "-m", "cord-lesion", "--continue_prediction") == 5
    assert "made with other Model" in capsys.readouterr().err


def test_a_model_named_for_a_contrast_that_it_was_not_trained_for_works_with_a_warning(
    predict: Callable[..., int], image: Callable[[str], Path], tmp_path: Path, capsys: Told
) -> None:
    assert predict(image("sub-1_T1w"), tmp_path / "out", "-m", "cord-lesion") == 0
    assert "cord-lesion was trained for T2w, T2starw images, and this is none" in capsys.readouterr().err
    assert len(masks(tmp_path / "out")) == 2


def test_a_default_model_looks_for_the_cord_unless_told_otherwise(
    predict: Callable[..., int], image: Callable[[str], Path], tmp_path: Path, capsys: Told
) -> None:
    assert predict(image("sub-1_T2w"), tmp_path / "out", "-m", "cord", "--localizer", "none") == 0
    assert "there is no localizer: the whole image was segmented" in capsys.readouterr().err
    said = json.loads((tmp_path / "out/sub-1/anat/sub-1_label-SC_desc-T2w_mask.json").read_text())
    assert (said["Localizer"], said["Box"]) == (None, None)


def test_a_default_model_that_is_named_by_its_folder_takes_the_localizer_beside_it(
    predict: Callable[..., int],
    image: Callable[[str], Path],
    room: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("nnUNet_extModels", str(tmp_path / "nowhere"))
    assert predict(image("sub-1_T2w"), tmp_path / "out", "-m", room / "cord") == 0
    said = json.loads((tmp_path / "out/sub-1/anat/sub-1_label-SC_desc-T2w_mask.json").read_text())
    assert said["Localizer"]["Name"] == "cord-localizer"


def test_the_localizer_serves_a_model_of_one_s_own_which_then_falls_back_to_the_whole_image(
    predict: Callable[..., int], image: Callable[[str], Path], tmp_path: Path
) -> None:
    mine = TinyModel().write(tmp_path / "mine")
    assert predict(image("sub-1_T2w"), tmp_path / "out", "-m", mine, "--localizer", "cord-localizer") == 0
    said = json.loads((tmp_path / "out/sub-1/anat/sub-1_label-SC_desc-T2w_mask.json").read_text())
    assert said["Localizer"]["Name"] == "cord-localizer"
    assert "NoCord" not in said


def test_an_image_without_a_cord_gets_empty_masks_and_a_sentence_in_the_table(
    predict: Callable[..., int],
    image: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strict = {
        name.replace("-", "_"): replace(default_card(name), no_cord="empty", shortest_mm=15.0, thinnest_mm2=1e6)
        for name in ("cord", "cord-lesion")
    }
    monkeypatch.setenv("nnUNet_extModels", str(make_default_models(tmp_path / "strict", **strict)))
    assert predict(image("sub-1_T2w"), tmp_path / "out", "--save_probabilities", "--centreline") == 0
    row = rows(tmp_path / "out")["sub-1_T2w"]
    assert (row["volume_sc_mm3"], row["volume_lesion_mm3"]) == ("0.000", "0.000")
    assert "no cord was found (the largest tube has" in row["warnings"]
    assert "the masks are empty" in row["warnings"]
    said = json.loads((tmp_path / "out/sub-1/anat/sub-1_label-SC_desc-T2w_mask.json").read_text())
    assert said["NoCord"] == {"Answer": "empty", "ShortestMm": 15.0, "ThinnestMm2": 1e6}


def test_a_card_s_rules_are_applied_and_the_command_line_s_come_before_them(
    predict: Callable[..., int], image: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = {"LargestCord": True, "OutsideCord": "remove", "SmallestMm3": {"lesion": 5}}
    cards = {"cord_lesion": replace(default_card("cord-lesion"), post_processing=rules)}
    monkeypatch.setenv("nnUNet_extModels", str(make_default_models(tmp_path / "models", **cards)))
    for name, arguments in (("card", []), ("asked", ["--no-largest-cord", "--smallest", "lesion=0"])):
        assert predict(image("sub-1_T2w"), tmp_path / name, *arguments) == 0
    said = {
        name: json.loads((tmp_path / name / "sub-1/anat/sub-1_label-SC_desc-T2w_mask.json").read_text())
        for name in ("card", "asked")
    }
    found = {name: content["PostProcessing"] for name, content in said.items()}
    assert (found["card"]["LargestCord"], found["card"]["SmallestMm3"]) == (True, {"lesion": 5.0})
    assert (found["asked"]["LargestCord"], found["asked"]["SmallestMm3"]) == (False, {})
    assert found["asked"]["OutsideCord"] == "remove"
    assert predict(image("sub-1_T1w"), tmp_path / "t1", "--smallest", "lesion=9", "--outside-cord", "keep") == 0


def test_a_changed_default_model_is_refused_by_name(
    predict: Callable[..., int],
    image: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Told,
) -> None:
    changed = make_default_models(tmp_path / "changed")
    monkeypatch.setenv("nnUNet_extModels", str(changed))
    plans = changed / "cord" / "plans.json"
    plans.write_text(plans.read_text() + "\n")
    assert predict(image("sub-1_T2w"), tmp_path / "out") == 6
    assert "plans.json: is not the file that card.json describes; install nnunet_ext again" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_installation_without_models_says_what_to_do(
    predict: Callable[..., int],
    image: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Told,
) -> None:
    monkeypatch.setenv("nnUNet_extModels", str(tmp_path / "nowhere"))
    assert predict(image("sub-1_T2w"), tmp_path / "out") == 4
    told = capsys.readouterr().err
    assert "cord-lesion, which comes with nnunet_ext, was needed and is not in" in told
    assert "train-default" in told
    assert "-m" in told


def test_the_models_are_listed_with_what_they_are_for(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    monkeypatch.setenv("nnUNet_extModels", str(room))
    assert main(["predict", "--list-models"]) == 0
    told = capsys.readouterr().out
    assert "cord-lesion: cord and lesions\n  contrasts: T2w, T2starw\n" in told
    assert "  Dice: 0.93\n" in told
    assert told.count(f"warning: {WARNING}") == 3
    assert main(["predict", "--list-models", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["cord"]["figures"] == {"Dice": 0.93}
    assert listed["cord"]["bytes"] == sum(
        (room / "cord" / name).stat().st_size
        for name in ("plans.json", "dataset.json", "fold_all/checkpoint_final.pth")
    )
    monkeypatch.setenv("nnUNet_extModels", str(tmp_path))
    assert main(["predict", "--list-models"]) == 4
    assert "cord: cannot be used" in capsys.readouterr().out


def test_what_is_to_be_predicted_and_where_to_must_be_said(capsys: Told) -> None:
    assert main(["predict"]) == 2
    assert "-i, -o missing" in capsys.readouterr().err


def test_a_prediction_does_not_wait_for_torch_s_compiler(room: Path, image: Callable[[str], Path]) -> None:
    """It takes a second to import, and is not needed."""
    given = image("sub-1_T2w")
    script = (
        "import sys\nfrom nnunet_ext.cli.main import main\n"
        f"code = main(['predict', '-i', {str(given)!r}, '-o', {str(given.parent / 'out')!r}, '-device', 'cpu'])\n"
        "print(code, 'torch._dynamo' in sys.modules)\n"
    )
    environment = {**os.environ, "nnUNet_extModels": str(room)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 False"
