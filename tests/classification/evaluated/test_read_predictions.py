from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.classification.evaluated.read_predictions import read_predictions
from nnunet_ext.core.errors import DataRefusedError
from tests.classification.evaluated.drawn import Drawn, DrawnPatient, cohort


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    drawn = Drawn(cohort(2, readers=2), trained=["lab/sub-900"])
    found = read_predictions(drawn.write(tmp_path))
    assert [(one.person, one.diagnosis, one.age, one.sex, one.site) for one in found.patients] == [
        (one.person, one.diagnosis, one.age, one.sex, one.site) for one in drawn.patients
    ]
    assert [dict(one.readers) for one in found.patients] == [dict(one.readers) for one in drawn.patients]
    assert (found.classifier.evidences, found.classifier.recommended) == (("logistic", "network"), "logistic")
    assert found.classifier.coverage == 0.9
    assert len(found.trained) == 1
    given = drawn.probabilities()["network"]
    assert found.patients[3].probabilities["network"]["NMOSD"] == given[3, 3]
    assert found.patients[3].probabilities["network"]["tumour"] == pytest.approx(given[3, :2].sum())


def test_a_patient_without_a_diagnosis_is_left_out_with_the_reason(tmp_path: Path) -> None:
    patients = cohort(1)
    patients[1] = replace(patients[1], diagnosis="")
    found = read_predictions(Drawn(patients).write(tmp_path))
    assert found.left_out == (("lab/sub-001", "no diagnosis is known"),)
    assert len(found.patients) == 3


def test_a_patient_of_whom_an_evidence_says_nothing_is_left_out_by_name_of_the_evidence(tmp_path: Path) -> None:
    folder = Drawn(cohort(1)).write(tmp_path)
    table = folder / "evidence.tsv"
    lines = table.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("lab/sub-002\tnetwork")]
    table.write_text("\n".join(kept))
    assert read_predictions(folder).left_out == (("lab/sub-002", "no probabilities by network"),)


def test_the_column_before_tempering_may_be_missing(tmp_path: Path) -> None:
    folder = Drawn(cohort(1)).write(tmp_path)
    table = folder / "evidence.tsv"
    table.write_text("\n".join(line.rpartition("\t")[0] for line in table.read_text().splitlines()))
    assert all(not one.untempered for one in read_predictions(folder).patients)


def test_nobody_with_a_diagnosis_is_refused_with_what_to_do(tmp_path: Path) -> None:
    patients = [replace(one, diagnosis="") for one in cohort(1)]
    with pytest.raises(DataRefusedError, match="no diagnosis is known; give participants.tsv a column diagnosis"):
        read_predictions(Drawn(patients).write(tmp_path))


def test_a_folder_of_something_else_is_refused_and_the_right_one_named(tmp_path: Path) -> None:
    Drawn(cohort(1)).write(tmp_path / "inner")
    with pytest.raises(DataRefusedError, match=r"found no classify.json.*did you mean: .*inner"):
        read_predictions(tmp_path)


def _edited(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text()
        changed = change(text)
        assert changed != text
        (folder / name).write_text(changed)

    return edit


def _line(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def _twice(start: str) -> Callable[[str], str]:
    return lambda text: text + _line(text, start) + "\n"


def _value(start: str, value: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        line = _line(text, start)
        cells = line.split("\t")
        return text.replace(line, "\t".join([*cells[:3], value, *cells[4:]]))

    return change


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (_edited("patients.tsv", _twice("lab/sub-000")), "one row a patient was needed, found lab/sub-000 in line 2"),
        (_edited("predictions.tsv", _twice("lab/sub-000")), "one row a patient was needed"),
        (_edited("evidence.tsv", _twice("lab/sub-000\tnetwork\tMS")), "found MS twice"),
        (_edited("evidence.tsv", _value("lab/sub-000\tlogistic\tMS", "1.5")), "a probability of 0 to 1 was needed"),
        (_edited("evidence.tsv", _value("lab/sub-000\tlogistic\tMS", "nan")), "found none of MS"),
        (_edited("evidence.tsv", _value("lab/sub-000\tlogistic\tMS", "high")), "a number was needed"),
        (_edited("evidence.tsv", _value("lab/sub-000\tlogistic\tMS", "0.9999")), "that sum to 1.000 were needed"),
        (_edited("evidence.tsv", _value("lab/sub-000\tlogistic\ttumour", "0.0001")), "below tumour that sum to 0.000"),
        (_edited("evidence.tsv", lambda text: text.replace("NMOSD", "MOGAD")), "found 'MOGAD'"),
        (_edited("evidence.tsv", lambda text: text.replace("lab/sub-000", "lab/sub-999")), "found lab/sub-999"),
        (_edited("evidence.tsv", lambda text: text.splitlines()[0] + "\n"), "found no row"),
        (_edited("patients.tsv", lambda text: text.replace("NMOSD", "MOGAD")), "found 'MOGAD'"),
        (_edited("patients.tsv", lambda text: text.replace("\treader_ann", "\treader_bob").replace("tumour", "what")),
         "was needed of bob, found 'what'"),
        (_edited("predictions.tsv", lambda text: text.replace("NMOSD", "MOGAD")), "found MOGAD"),
        (_edited("predictions.tsv", lambda text: text.replace("logistic", "magic")), "one evidence of"),
        (_edited("classify.json", lambda text: text.replace('"taxonomy"', '"tree"')), "taxonomy that was predicted by"),
        (_edited("classify.json", lambda text: text.replace("0.9", "9")), "between 0 and 1"),
        (_edited("classify.json", lambda text: text.replace('_sha256": []', '_sha256": [3]')), "list of digests"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, edit: Callable[[Path], None], words: str) -> None:
    patients = [*cohort(1), DrawnPatient("lab/sub-100", "MS", readers={"ann": "tumour"})]
    folder = Drawn(patients).write(tmp_path)
    read_predictions(folder)
    edit(folder)
    with pytest.raises(DataRefusedError, match=words):
        read_predictions(folder)
