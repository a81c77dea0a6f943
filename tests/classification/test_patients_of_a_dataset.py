"""From a lab's folder, by hand and through `convert`, to one row of measures a patient."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nnunet_ext.classification.cases.find_patients import find_patients
from nnunet_ext.classification.cases.found_case import FoundCase, cases_of_bids, cases_of_raw_dataset
from nnunet_ext.classification.cases.lesion_files import find_lesion_files
from nnunet_ext.classification.cases.participants import CaseParticipants, read_case_participants
from nnunet_ext.classification.cases.patient import Patient, PatientStatus
from nnunet_ext.classification.cases.patient_sets import patient_sets
from nnunet_ext.classification.cases.read_case import read_case
from nnunet_ext.classification.measures.measure_case import measure_case
from nnunet_ext.classification.measures.measure_dictionary import measure_dictionary
from nnunet_ext.classification.measures.patient_measures import patient_measures
from nnunet_ext.classification.taxonomy import load_taxonomy
from nnunet_ext.core.dataset_files.folds import read_folds
from nnunet_ext.core.errors import DataRefusedError
from tests.conftest import SmallBids
from tests.dataset_conversion.test_convert import convert

COLUMNS = [column.name for column in measure_dictionary(["T2w"])]


def fill(bids: SmallBids) -> None:
    """Write ten people, the last under two names, of four kinds; the ninth has no diagnosis."""
    kinds = ["MS", "NMO", "astrocytoma", "ependymoma"]
    names = [*(f"sub-{number}" for number in range(1, 10)), "sub-10Ses1", "sub-10Ses2"]
    for number, name in enumerate(names):
        bids.case(f"{name}_T2w", lesion=number % 3 != 0)
    said = [*(kinds[number % 4] for number in range(8)), "n/a", "MS", "MS"]
    pairs = zip(names, said, strict=True)
    bids.participants([{"participant_id": name, "diagnosis": kind, "age": "30", "sex": "F"} for name, kind in pairs])


def joined(cases: list[FoundCase], said: CaseParticipants, *masks: Path) -> list[Patient]:
    lesions = find_lesion_files(masks, [case.case for case in cases])
    return find_patients(cases, {"site": said}, load_taxonomy(), lesions)


def measured(patients: list[Patient]) -> dict[str, Mapping[str, float | None]]:
    rows: dict[str, Mapping[str, float | None]] = {}
    for patient in patients:
        read = [(case.case.removeprefix("site_"), read_case(case)) for case in patient.usable]
        cases = [measure_case(name, one.lesion, one.cord, one.images) for name, one in read]
        rows[patient.person] = patient_measures(cases, COLUMNS, patient.age, patient.sex)
    return rows


def test_patients_sets_and_measures_are_the_same_from_bids_and_from_the_raw_dataset(
    bids: SmallBids, tmp_path: Path
) -> None:
    fill(bids)
    said = read_case_participants(bids.root / "participants.tsv")
    by_hand = joined(cases_of_bids(bids.root, said), said, bids.root / "derivatives" / "labels")
    raw = convert(tmp_path / "raw", bids.root).dataset.folder
    converted = joined(cases_of_raw_dataset(raw), said, raw)
    assert [one.person for one in converted] == [one.person for one in by_hand]
    assert [one.diagnosis for one in converted] == [one.diagnosis for one in by_hand]
    assert [one.status for one in converted].count(PatientStatus.INCLUDE) == 9
    assert len(converted) == 10
    rows = measured(converted)
    assert rows == measured(by_hand)
    assert {row["n_lesions"] for row in rows.values()} == {0, 1}
    folds = read_folds(raw)
    sets = patient_sets(converted, folds)
    included = {one.person: one for one in converted if one.status is PatientStatus.INCLUDE}
    assert sorted([*(person for fold in sets.folds for person in fold), *sets.test]) == sorted(included)
    for fold, cases in zip(sets.folds, folds, strict=True):
        assert not {case.case for person in fold for case in included[person].cases} & set(cases["train"])
    leaky = [*folds, {"train": [included[sets.test[0]].cases[0].case], "val": [included[sets.test[0]].cases[0].case]}]
    with pytest.raises(DataRefusedError, match=sets.test[0]):
        patient_sets(converted, leaky)
