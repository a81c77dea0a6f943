import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnunet_ext.classification.evaluated.evaluated_dictionary import TABLES
from nnunet_ext.cli.main import main
from nnunet_ext.core.tables import NOTHING, TableRow, read_table
from tests.classification.evaluated.drawn import Drawn, DrawnPatient, cohort, read_json_file


def evaluate(out: Path, *given: str | Path) -> int:
    return main(["classify", "evaluate", *map(str, given), "-o", str(out), "--bootstrap", "100"])


def leaks(out: Path) -> list[TableRow]:
    return [row for row in read_table(out / "leaks.tsv") if row["finding"] != NOTHING]


def told(out: Path, *given: str | Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert evaluate(out, *given, "--json") == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_one_command_leaves_every_table_with_its_dictionary_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = Drawn(cohort(10, readers=2)).write(tmp_path / "predicted"), tmp_path / "judged"
    assert evaluate(out, folder) == 0
    said = capsys.readouterr().out
    assert "40 patients, by logistic" in said
    assert "tumour or demyelination: " in said
    assert "No leak was found." in said
    assert str(out / "report.html") in said
    described = read_json_file(out / "evaluate.json")["tables"]
    assert set(described) == set(TABLES)
    for name, table in described.items():
        rows = read_table(out / name)
        assert len(rows) == table["rows"]
        assert all(list(row) == list(table["columns"]) for row in rows)
    page = (out / "report.html").read_text()
    assert "not for the care of a patient" in page
    assert str(tmp_path) not in page


def test_the_same_command_again_gives_the_same_bytes_and_another_is_a_conflict(tmp_path: Path) -> None:
    folder, out = Drawn(cohort(3)).write(tmp_path / "predicted"), tmp_path / "judged"
    assert evaluate(out, folder) == 0
    first = {file.name: file.read_bytes() for file in out.iterdir()}
    assert evaluate(out, folder) == 0
    assert {file.name: file.read_bytes() for file in out.iterdir()} == first
    assert evaluate(out, folder, "--seed", "1") == 5
    assert evaluate(out, folder, "--seed", "1", "--force") == 0
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.txt").write_text("mine")
    assert evaluate(strange, folder) == 5
    assert [file.name for file in strange.iterdir()] == ["thesis.txt"]


def test_a_patient_who_trained_the_classifier_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean = Drawn(cohort(10), trained=["lab/sub-900"])
    assert told(tmp_path / "a", clean.write(tmp_path / "clean"), capsys=capsys)["leaks"] == []
    leaky = replace(clean, trained=["lab/sub-900", "lab/sub-004"]).write(tmp_path / "leaky")
    (sentence,) = told(tmp_path / "b", leaky, capsys=capsys)["leaks"]
    assert sentence.startswith("1 of the tested patients trained the classifier: lab/sub-004.")
    assert [(row["kind"], row["name"]) for row in leaks(tmp_path / "b")] == [("person", "lab/sub-004")]
    assert "lab/sub-004" in (tmp_path / "b" / "report.html").read_text()


def test_a_site_of_one_class_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def moved(patient: DrawnPatient) -> DrawnPatient:
        return replace(patient, site="basel") if patient.diagnosis == "MS" else patient

    folder = Drawn(cohort(12, change=moved)).write(tmp_path / "predicted")
    said = told(tmp_path / "judged", folder, capsys=capsys)["leaks"]
    assert any("all 12 patients of site basel are MS" in sentence for sentence in said)
    found = [(row["node"], row["diagnosis"]) for row in leaks(tmp_path / "judged") if row["kind"].startswith("site")]
    assert {("kind", "demyelination"), ("demyelination", "MS")} <= set(found)


def test_a_small_site_is_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patients = cohort(10)
    patients[0] = replace(patients[0], site="basel")
    folder = Drawn(patients).write(tmp_path / "predicted")
    assert told(tmp_path / "judged", folder, capsys=capsys)["leaks"] == []
    assert "basel" in {row["name"] for row in read_table(tmp_path / "judged" / "leaks.tsv")}


def test_age_that_decides_alone_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def aged(patient: DrawnPatient) -> DrawnPatient:
        old = patient.diagnosis in ("astrocytoma", "ependymoma")
        return replace(patient, age=(patient.age or 0) / 5 + (60 if old else 20))

    folder = Drawn(cohort(12, change=aged)).write(tmp_path / "predicted")
    said = told(tmp_path / "judged", folder, capsys=capsys)["leaks"]
    assert any(sentence.startswith("kind: age alone, AUC 1.00") for sentence in said)
    assert any("gives the answer away without any image" in sentence for sentence in said)
    (row,) = leaks(tmp_path / "judged")
    assert (row["name"], row["node"]) == ("age", "kind")


def test_manual_masks_and_missing_gadolinium_are_compared_on_the_same_patients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patients = cohort(12)
    drawn = Drawn(patients, skill={"logistic": 0.0, "network": 1.0})
    folder = drawn.write(tmp_path / "predicted")
    manual = replace(drawn, patients=patients[4:], skill={"logistic": 5.0}, masks="manual").write(tmp_path / "manual")
    without = replace(drawn, channels="T2w").write(tmp_path / "without")
    given = (folder, "--manual", manual, "--without-gadolinium", without)
    answer = told(tmp_path / "judged", *given, capsys=capsys)
    assert answer["cautions"][-1] == "manual masks: 44 of 48 patients are in manual, the others are not compared"
    rows = {
        (row["comparison"], row["node"], row["evidence"]): row
        for row in read_table(tmp_path / "judged" / "compared.tsv")
    }
    better = rows["manual masks", "kind", "logistic"]
    assert better["n"] == "44"
    assert min(float(better[f"{kind}_low"]) for kind in ("accuracy_difference", "resampled_accuracy")) > 0
    assert min(float(better[f"{kind}_low"]) for kind in ("auc_difference", "resampled_auc")) > 0
    assert ("manual masks", "kind", "network") not in rows, "the other folder has none"
    same = rows["without gadolinium", "kind", "network"]
    assert (same["accuracy_difference"], same["p_mid"], same["auc_p"]) == ("0.0", "1.0", "1.0")
    assert any("with manual masks: accuracy +" in sentence for sentence in answer["findings"])


def test_a_comparison_that_compares_nothing_is_said_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = Drawn(cohort(3))
    folder, same = drawn.write(tmp_path / "predicted"), drawn.write(tmp_path / "same")
    given = (folder, "--manual", same, "--without-gadolinium", same)
    cautions = told(tmp_path / "judged", *given, capsys=capsys)["cautions"]
    assert "manual masks: the masks of 12 patients in same are not said to be manual" in cautions
    assert "without gadolinium: 12 patients in same have the very images that they have with it" in cautions


def test_other_patients_are_no_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patients = cohort(2)
    folder, other = Drawn(patients[:4]).write(tmp_path / "a"), Drawn(patients[4:]).write(tmp_path / "b")
    assert evaluate(tmp_path / "judged", folder, "--manual", other) == 3
    assert "the same patients were needed, found none of them" in capsys.readouterr().err
    sick = [replace(one, diagnosis="MS") for one in patients[:4]]
    assert evaluate(tmp_path / "judged", folder, "--manual", Drawn(sick).write(tmp_path / "c")) == 3
    assert "one diagnosis of lab/sub-000 was needed, found astrocytoma and MS" in capsys.readouterr().err
    assert not (tmp_path / "judged").exists()


def test_nobody_is_judged_without_a_diagnosis_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Drawn([replace(one, diagnosis="") for one in cohort(1)]).write(tmp_path / "predicted")
    assert evaluate(tmp_path / "judged", folder) == 3
    assert "found none: no diagnosis is known" in capsys.readouterr().err
    assert not (tmp_path / "judged").exists()


def test_what_is_asked_wrongly_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Drawn(cohort(1)).write(tmp_path / "predicted")
    assert evaluate(tmp_path / "judged", folder, folder) == 2
    assert "found predicted twice" in capsys.readouterr().err
    assert main(["classify", "evaluate", str(folder), "-o", str(tmp_path / "judged"), "--bootstrap", "3"]) == 2
    assert evaluate(folder / "judged", folder) == 2
    assert "only ever read" in capsys.readouterr().err
