from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.classification.evaluated.join_predictions import join_predictions
from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.read_predictions import read_predictions
from nnunet_ext.classification.taxonomy import parse_taxonomy
from nnunet_ext.core.errors import DataRefusedError
from tests.classification.evaluated.drawn import Drawn, cohort

BRANCHES = ["astrocytoma", "ependymoma", "MS", "NMOSD"]
OTHER = parse_taxonomy({"name": "flat", "root": "kind", "nodes": {"kind": BRANCHES}})


def joined(tmp_path: Path, *drawn: Drawn) -> Predictions:
    folders = [one.write(tmp_path / str(number)) for number, one in enumerate(drawn)]
    return join_predictions({folder: read_predictions(folder) for folder in folders})


def test_two_folders_of_different_patients_are_one_test(tmp_path: Path) -> None:
    patients = cohort(2)
    found = joined(tmp_path, Drawn(patients[:4], trained=["a"]), Drawn(patients[4:], trained=["b"]))
    assert [one.person for one in found.patients] == [one.person for one in patients]
    assert len(found.trained) == 2


def test_a_patient_in_two_folders_is_refused_by_name(tmp_path: Path) -> None:
    patients = cohort(2)
    with pytest.raises(DataRefusedError, match="each patient once was needed, found lab/sub-003"):
        joined(tmp_path, Drawn(patients[:4]), Drawn(patients[3:]))


def test_folders_of_other_taxonomies_are_refused(tmp_path: Path) -> None:
    patients = cohort(2)
    with pytest.raises(DataRefusedError, match=r"one taxonomy were needed, found zhuo2022 .* and flat"):
        joined(tmp_path, Drawn(patients[:4]), Drawn(patients[4:], tree=OTHER))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Drawn([], skill={"logistic": 1.0}), "other evidences"),
        (Drawn([], recommended="network"), "other recommended"),
        (Drawn([], record={"coverage": 0.8}), "other coverage"),
        (Drawn([], record={"thresholds": {"logistic": {"kind": 0.3}}}), "other thresholds"),
    ],
)
def test_folders_of_other_classifiers_are_refused(tmp_path: Path, other: Drawn, words: str) -> None:
    patients = cohort(2)
    with pytest.raises(DataRefusedError, match=words):
        joined(tmp_path, Drawn(patients[:4]), replace(other, patients=patients[4:]))
