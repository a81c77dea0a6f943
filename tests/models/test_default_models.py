import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.models.default_card import DefaultCard, read_card, write_card
from nnunet_ext.models.default_models import NAMES, default_models, default_place
from nnunet_ext.models.load import load_model
from tests.models.default_room import WARNING, default_card, make_default_models

Told = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_default_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def room(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("nnUNet_extModels", str(made))
    return made


def test_they_lie_in_the_package_unless_the_variable_names_another_folder(tmp_path: Path) -> None:
    import nnunet_ext

    assert default_place({}) == Path(nnunet_ext.__file__).parent / "models" / "default"
    assert default_place({"nnUNet_extModels": str(tmp_path)}) == tmp_path


def test_a_card_is_read_as_it_was_written_with_the_digests_of_the_files(room: Path) -> None:
    for name in NAMES:
        card = read_card(room / name)
        assert card is not None
        assert replace(card, files={}) == default_card(name)
        assert set(card.files) == {"plans.json", "dataset.json", "fold_all/checkpoint_final.pth"}
        words = (room / name / "card.md").read_text()
        assert WARNING in words
        assert all(digest in words for digest in card.files.values())


def test_what_is_installed_is_told_file_by_file(tmp_path: Path) -> None:
    place = make_default_models(tmp_path)
    environment = {"nnUNet_extModels": str(place)}
    assert [model.problem for model in default_models(environment)] == ["", "", ""]
    (place / "cord-localizer" / "fold_all" / "checkpoint_final.pth").unlink()
    (place / "cord" / "dataset.json").write_text("{}")
    (place / "cord-lesion" / "card.json").unlink()
    localizer, cord, lesion = default_models(environment)
    assert "fold_all/checkpoint_final.pth is missing" in localizer.problem
    assert "dataset.json: is not the file that card.json describes" in cord.problem
    assert "has no card.json" in lesion.problem


def test_a_checkpoint_other_than_the_card_s_is_never_loaded(tmp_path: Path) -> None:
    import torch

    place = make_default_models(tmp_path)
    checkpoint = place / "cord" / "fold_all" / "checkpoint_final.pth"
    content = torch.load(checkpoint, weights_only=True)
    next(iter(content["network_weights"].values()))[0] += 1
    torch.save(content, checkpoint)
    with pytest.raises(UnsafeModelError, match=r"checkpoint_final\.pth: is not the file that card\.json describes"):
        load_model(place / "cord")
    checkpoint.parent.rename(checkpoint.parent.with_name("fold_0"))
    with pytest.raises(UnsafeModelError, match="fold_0"):
        load_model(place / "cord")


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.pop("warning"),
        lambda card: card.update(files=["plans.json"]),
        lambda card: card.update(contrasts="T2w"),
        lambda card: card.update(shortest_mm="15"),
    ],
)
def test_a_card_of_another_kind_is_refused(tmp_path: Path, change: Callable[[dict[str, object]], object]) -> None:
    content: dict[str, object] = DefaultCard("cord", "cord", WARNING).content()
    change(content)
    (tmp_path / "card.json").write_text(json.dumps(content))
    with pytest.raises(UnsafeModelError, match=r"card\.json"):
        read_card(tmp_path)


def test_a_card_suits_its_contrasts_and_names_that_say_none(tmp_path: Path) -> None:
    card = write_card(tmp_path, replace(default_card("cord-lesion"), files={"plans.json": "stale"}))
    assert [card.suits(contrast) for contrast in ("T2w", "T2starw", "T1w", "")] == [True, True, False, True]
    assert default_card("cord").suits("T1w")
    assert card.files == {}


def test_they_are_verified_by_name_and_the_ignore_label_is_no_obstacle(room: Path, capsys: Told) -> None:
    for name in NAMES:
        assert main(["model", "verify", name]) == 0
        told = capsys.readouterr().out
        assert "passes every check, and every file is as its card says" in told
        assert WARNING in told
    assert main(["model", "verify", "cord-lesion", "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert "ignore 3" in model["labels"]


def test_they_are_exported_by_name_as_any_model_of_nnunet_s(room: Path, tmp_path: Path, capsys: Told) -> None:
    archive = tmp_path / "cord.zip"
    assert main(["model", "export", "cord", "-o", str(archive)]) == 0
    assert WARNING in capsys.readouterr().err
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    assert "Dataset900_Tiny/nnUNetTrainer__nnUNetPlans__tiny/fold_all/checkpoint_final.pth" in names
    assert not any(name.endswith("card.json") for name in names)
    assert main(["model", "verify", str(archive)]) == 0


def test_info_says_whether_they_are_what_they_were(room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nnunet_ext.cli.info.models import find_models

    found, problems = find_models({"nnUNet_extModels": str(room)})
    assert set(found) == set(NAMES)
    assert all("every file as its card says" in str(said) for said in found.values())
    assert problems == []
    found, problems = find_models({"nnUNet_extModels": str(tmp_path)})
    assert set(found.values()) == {None}
    assert len(problems) == 3
    assert not any(problem.needed for problem in problems)
    assert all("pip install" in problem.cure for problem in problems)
