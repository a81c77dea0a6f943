import json
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from tests.models.classifier.conftest import exported, sound, spoilt
from tests.models.classifier.made import NAME, Files, boosting, with_schema, write_classifier

__all__ = ["exported", "sound"]


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("nnUNet_results", str(tmp_path / "results"))
    return tmp_path / "results"


def test_a_classifier_is_exported_verified_and_imported_by_the_same_three_commands(
    sound: Files, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "a.zip"
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "figures.tsv").write_text("figure\tvalue\naccuracy\t0.75\n", encoding="utf-8")
    command = ["model", "export", str(write_classifier(tmp_path / NAME, sound)), "-o", str(archive), "--json"]
    assert main([*command, "--evaluation", str(tmp_path / "scores"), "--licence", "CC0-1.0"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "archive": str(archive),
        "classifier": NAME,
        "warnings": ["Research use only."],
        "left_out": ["training"],
    }
    assert main(["model", "verify", str(archive)]) == 0
    assert "astrocytoma (40 patients)" in capsys.readouterr().out
    assert not results.exists()
    assert main(["model", "import", str(archive), "--json"]) == 0
    assert [one["classifier"] for one in json.loads(capsys.readouterr().out)["classifiers"]] == [NAME]
    assert "| accuracy | 0.75 |" in (results / "classifiers" / NAME / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_code_in_a_zip_ends_with_6_and_leaves_nothing(
    sound: Files, exported: bytes, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = with_schema(boosting(), lambda schema: schema.update(__module__="os", __class__="system"))
    (tmp_path / "a.zip").write_bytes(spoilt(exported, sound, {"fold_0/boosting-kind.skops": evil}))
    for action in ("verify", "import"):
        assert main(["model", action, str(tmp_path / "a.zip")]) == 6
        assert "fold_0/boosting-kind.skops: schema.json: names os.system" in capsys.readouterr().err
    assert [path.name for path in results.iterdir()] == [".nnunet_ext-import.lock"]


def test_another_of_the_same_name_ends_with_5(
    sound: Files, exported: bytes, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, code in ((1, 0), (1, 0), (2, 5)):
        (tmp_path / "a.zip").write_bytes(spoilt(exported, sound, {}, seed=seed))
        assert main(["model", "import", str(tmp_path / "a.zip")]) == code
    assert "--as NAME" in capsys.readouterr().err
    assert main(["model", "import", str(tmp_path / "a.zip"), "--as", "second"]) == 0
    assert sorted(path.name for path in (results / "classifiers").iterdir()) == [NAME, "second"]


def test_options_of_segmentation_models_are_refused(
    sound: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_classifier(tmp_path / NAME, sound)
    assert main(["model", "export", str(folder), "-o", str(tmp_path / "a.zip"), "-f", "0"]) == 2
    assert "are of segmentation models" in capsys.readouterr().err
