import json
from pathlib import Path
from typing import Any

import pytest

from nnunet_ext.core.errors import ConflictError, DataRefusedError, NnunetExtError, UnsafeModelError, UsageError
from nnunet_ext.models.classifier.card import ClassifierSources
from nnunet_ext.models.classifier.export import ClassifierExport, ExportedClassifier, export_classifier
from tests.models.classifier.conftest import PARSERS
from tests.models.classifier.made import NAME, Files, boosting, described, entries, with_schema, write_classifier


def export(folder: Path, files: Files, sources: ClassifierSources | None = None) -> ExportedClassifier:
    write_classifier(folder / NAME, files)
    return export_classifier(ClassifierExport(folder / NAME, folder / "a.zip", sources or ClassifierSources()), PARSERS)


def test_what_names_patients_and_what_is_not_listed_stays_here(sound: Files, tmp_path: Path) -> None:
    write_classifier(tmp_path / NAME, {"notes.txt": b"x", "fold_0/log.txt": b"x"})
    exported = export(tmp_path, sound)
    held = set(entries((tmp_path / "a.zip").read_bytes()))
    assert held == {f"{NAME}/{name}" for name in (*sound, "MODEL_CARD.md", "manifest.json")}
    assert exported.left_out == ("fold_0", "notes.txt", "training")


def test_equal_classifiers_give_equal_bytes_and_a_second_run_is_no_conflict(
    sound: Files, exported: bytes, tmp_path: Path
) -> None:
    export(tmp_path, sound)
    export(tmp_path, sound)
    assert (tmp_path / "a.zip").read_bytes() == exported
    with pytest.raises(ConflictError, match="--force"):
        export(tmp_path, described(sound, seed=1))


def test_the_card_tells_training_figures_warnings_and_licence(sound: Files, tmp_path: Path) -> None:
    figures = [{"set": "all", "figure": "accuracy", "value": "0.812345", "low": "0.7", "high": "0.9"}]
    export(tmp_path, sound, ClassifierSources(figures, licence="CC-BY-4.0", intended_use="Teaching | no <b>"))
    card = entries((tmp_path / "a.zip").read_bytes())[f"{NAME}/MODEL_CARD.md"].decode()
    assert "| all | accuracy | 0.8123 | 0.7 | 0.9 |" in card
    assert "| astrocytoma | 40 |" in card
    for sentence in ("Research use only.", "CC-BY-4.0", r"Teaching \| no &lt;b&gt;", "predicted lesion masks"):
        assert sentence in card
    assert "accuracy is not stated" not in card


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"warnings": ["As sub-001 shows."]}, "a subject: 'sub-001'"),
        ({"warnings": ["See /media/anna/lesions."]}, "a local path"),
        ({"warnings": ["See C:\\data."]}, "a local path"),
        ({"warnings": ["Meier77 was odd."]}, "a patient of training/patients.tsv: 'meier77'"),
        ({"columns": ["age", "lesion_volume_ml", "lesions", "~/x/y"]}, "a local path"),
    ],
)
def test_a_text_that_names_a_patient_or_a_place_is_refused(
    sound: Files, tmp_path: Path, told: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataRefusedError, match="classifier.json would tell") as caught:
        export(tmp_path, described(sound, **told))
    assert said in str(caught.value)
    assert not (tmp_path / "a.zip").exists()


def test_a_name_in_the_segmentation_licence_or_a_boosting_file_is_refused(sound: Files, tmp_path: Path) -> None:
    trained = json.loads(sound["classifier.json"])["trained"]
    with pytest.raises(DataRefusedError, match="a local path"):
        export(tmp_path, described(sound, trained={**trained, "segmentation": "/data/models/x"}))
    with pytest.raises(DataRefusedError, match=r"MODEL_CARD\.md would tell a subject"):
        export(tmp_path, sound, ClassifierSources(licence="ask sub-77"))
    name = "fold_0/boosting-kind.skops"
    evil = with_schema(boosting(), lambda schema: schema.update(_skops_version="/media/anna/x"))
    with pytest.raises(DataRefusedError, match=r"boosting-kind\.skops would tell a local path"):
        export(tmp_path, described({**sound, name: evil}))


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("classifier.json", None, UsageError, "has no classifier.json"),
        ("both.json", None, UnsafeModelError, "both.json: stands in classifier.json, and is missing"),
        ("both.json", b"{}", UnsafeModelError, "both.json: is not the file"),
    ],
)
def test_a_folder_that_is_not_what_it_says_is_refused(
    sound: Files, tmp_path: Path, name: str, content: bytes | None, error: type[NnunetExtError], said: str
) -> None:
    files = {key: data for key, data in {**sound, name: content}.items() if data is not None}
    with pytest.raises(error, match=said):
        export(tmp_path, files)


def test_a_folder_with_a_name_that_no_zip_takes_is_refused(sound: Files, tmp_path: Path) -> None:
    write_classifier(tmp_path / "my kinds", sound)
    with pytest.raises(UsageError, match="rename it"):
        export_classifier(ClassifierExport(tmp_path / "my kinds", tmp_path / "a.zip"), PARSERS)
