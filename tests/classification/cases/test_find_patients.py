import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.cases.find_patients import find_patients
from nnunet_ext.classification.cases.found_case import FoundCase, cases_of_bids, cases_of_raw_dataset
from nnunet_ext.classification.cases.lesion_files import LesionFiles
from nnunet_ext.classification.cases.participants import CaseParticipants, Participant
from nnunet_ext.classification.cases.patient import PatientStatus
from nnunet_ext.classification.cases.patients_table import (
    COLUMNS,
    count_statuses,
    patient_columns,
    patients_dictionary,
    patients_tsv,
)
from nnunet_ext.classification.taxonomy import load_taxonomy
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import read_table
from tests.classification.cases.lab import all_masked, images, participants, patients_of, table, write

TREE = load_taxonomy()
HEADER = "participant_id | diagnosis | age | sex | reader1"
CASE_COLUMNS = "case | dataset | subject | contrast | site | split | status | reason | pathology | person"


def test_everybody_is_found_once_with_what_they_can_be_used_for(tmp_path: Path) -> None:
    rows = (
        HEADER,
        "sub-01 | RRMS | 34 | F | Devic",
        "sub-02 | n/a | 30 | M | n/a",
        "sub-03 | healthy | 20 | F | n/a",
        "sub-04 | astrocytoma | 9 | M | tumour",
        "sub-05 | Infarct | 70 | M | infarct",
    )
    found = patients_of(tmp_path, rows, [f"sub-0{n}_T2w" for n in (1, 2, 3, 5, 6)], ["infarct"])
    assert {name: patient.status.value for name, patient in found.items()} == {
        "01": "include",
        "02": "predict",
        "03": "skip",
        "04": "skip",
        "05": "skip",
        "06": "predict",
    }
    assert (found["01"].diagnosis, found["01"].said, found["01"].readers) == ("MS", "RRMS", {"reader1": "NMOSD"})
    assert (found["04"].reason, found["04"].readers) == ("no image was found", {"reader1": "tumour"})
    assert found["05"].readers == {"reader1": "other"}
    assert found["03"].reason == "healthy: none of the taxonomy's diagnoses"


def test_visits_and_contrasts_of_one_person_are_one_patient(tmp_path: Path) -> None:
    rows = (
        HEADER,
        "sub-9709Ses1 | MS | 34 | F | n/a",
        "sub-9709Ses2 | rrms | 36 | F | n/a",
        "sub-02 | NMO | 30 | F | n/a",
    )
    stems = ["sub-9709Ses1_T2w", "sub-9709Ses2_T2w", "sub-02_ses-1_T2w", "sub-02_ses-2_T2w", "sub-02_ses-2_ce-gd_T1w"]
    found = patients_of(tmp_path, rows, stems)
    assert sorted(found) == ["02", "9709Ses1"]
    assert {case.subject for case in found["9709Ses1"].cases} == {"sub-9709Ses1", "sub-9709Ses2"}
    assert found["9709Ses1"].age == 34
    assert [list(case.images) for case in found["02"].cases] == [["T2w"], ["T2w"], ["T1w-gad"]]


def test_two_diagnoses_of_one_person_are_refused_by_name(tmp_path: Path) -> None:
    rows = (HEADER, "sub-9709Ses1 | MS | 34 | F | n/a", "sub-9709Ses2 | NMOSD | 36 | F | n/a")
    stems = ["sub-9709Ses1_T2w", "sub-9709Ses2_T2w"]
    said = r"lab/sub-9709Ses1, diagnosis: MS \(lab/sub-9709Ses1\) and NMOSD \(lab/sub-9709Ses2\).*column person"
    with pytest.raises(DataRefusedError, match=said):
        patients_of(tmp_path, rows, stems)
    apart = (f"{HEADER} | person", *(f"{row} | {index}" for index, row in enumerate(rows[1:])))
    assert sorted(patients_of(tmp_path / "apart", apart, stems)) == ["9709Ses1", "9709Ses2"]


def test_the_column_person_joins_whoever_it_says(tmp_path: Path) -> None:
    rows = ("participant_id | dx | person", "sub-a | MS | p1", "sub-b | MS | p1", "sub-c | MS | p2")
    found = patients_of(tmp_path, rows, ["sub-a_T2w", "sub-b_T2w", "sub-c_T2w"])
    assert {name: len(patient.cases) for name, patient in found.items()} == {"a": 2, "c": 1}


def test_subjects_of_two_sexes_are_two_people_whatever_their_names(tmp_path: Path) -> None:
    rows = (HEADER, "sub-9709Ses1 | MS | 34 | F | n/a", "sub-9709Ses2 | NMOSD | 36 | M | n/a")
    assert len(patients_of(tmp_path, rows, ["sub-9709Ses1_T2w", "sub-9709Ses2_T2w"])) == 2


def test_all_unknown_diagnoses_are_refused_at_once_with_the_nearest_names(tmp_path: Path) -> None:
    rows = (HEADER, "sub-01 | ependimoma | 34 | F | n/a", "sub-02 | MS | 34 | F | infarct")
    with pytest.raises(DataRefusedError, match="lab/sub-01: .*ependymoma.*lab/sub-02, reader1: .*'infarct'"):
        patients_of(tmp_path, rows, ["sub-01_T2w"])


def test_a_patient_without_a_mask_is_left_out_with_the_reason(tmp_path: Path) -> None:
    said = participants(tmp_path, HEADER, "sub-01 | MS | 34 | F | n/a", "sub-02 | MS | 34 | F | n/a")
    images(tmp_path, "sub-01_T2w", "sub-01_T1w", "sub-02_T2w")
    lesions = LesionFiles(all_masked(["sub-01_T2w"]).of_case, {"sub-02_T2w": "several lesion masks"})
    one, two = find_patients(cases_of_bids(tmp_path, said, "lab"), {"lab": said}, TREE, lesions)
    assert (one.status, [case.case for case in one.usable]) == (PatientStatus.INCLUDE, ["sub-01_T2w"])
    assert (two.status, two.reason) == (PatientStatus.SKIP, "several lesion masks")


def test_a_raw_dataset_names_persons_sites_splits_and_channels(tmp_path: Path) -> None:
    write(
        tmp_path / "dataset.json",
        '{"labels": {"background": 0, "lesion": 1}, "channel_names": {"0": "T2w", "1": "noNorm", "2": "T1w-gad"}}',
    )
    table(
        tmp_path,
        CASE_COLUMNS,
        "z_sub-1_T2w | z | sub-1 | T2w | Bern | train | include | n/a | MS | z/sub-1",
        "z_sub-1b_T2w | z | sub-1b | T2w | Bern | train | include | n/a | MS | z/sub-1",
        "z_sub-1c_T2w | z | sub-1c | T2w | Bern | pool | include | n/a | MS | z/sub-1",
        "y_sub-1_T2w | y | sub-1 | T2w | Ulm | test | include | n/a | n/a | y/sub-1",
        "y_sub-2_T2w | y | sub-2 | T2w | Ulm | n/a | skip | broken | NMOSD | y/sub-2",
        name="cases.tsv",
    )
    cases = cases_of_raw_dataset(tmp_path)
    assert cases[0].images == {
        "T2w": tmp_path / "imagesTr" / "z_sub-1_T2w_0000.nii.gz",
        "T1w-gad": tmp_path / "imagesTr" / "z_sub-1_T2w_0002.nii.gz",
    }
    shared = participants(tmp_path, HEADER, "sub-1 | MS | 34 | F | n/a", "sub-9 | MS | 3 | F | n/a")
    found = find_patients(cases, {"": shared}, TREE, all_masked(case.case for case in cases))
    by_person = {patient.person: patient for patient in found}
    assert sorted(by_person) == ["sub-9", "y/sub-1", "y/sub-2", "z/sub-1"]
    joined = by_person["z/sub-1"]
    assert (len(joined.cases), joined.site, joined.split, joined.age) == (3, "Bern", "train", 34)
    assert by_person["y/sub-1"].diagnosis == "MS"
    assert (by_person["y/sub-2"].status, by_person["y/sub-2"].reason) == (PatientStatus.SKIP, "broken")
    assert by_person["sub-9"].reason == "no image was found"
    without = find_patients(cases, {}, TREE, all_masked(case.case for case in cases))
    assert {patient.person: patient.diagnosis for patient in without}["z/sub-1"] == "MS"


def test_a_person_on_both_sides_of_the_split_is_refused_by_name() -> None:
    cases = [FoundCase(f"c{split}", "z", "sub-1", "z/sub-1", split=split) for split in ("train", "test")]
    with pytest.raises(DataRefusedError, match=r"z/sub-1, split: test \(ctest\) and train \(ctrain\)"):
        find_patients(cases, {}, TREE, all_masked(["ctrain", "ctest"]))


def test_the_table_holds_every_patient_once_and_explains_itself(tmp_path: Path) -> None:
    rows = (HEADER, "sub-01 | RRMS | 34,5 | F | Devic", "sub-02 | n/a | n/a | M | n/a", "sub-03 | MS | 3 | F | n/a")
    found = list(patients_of(tmp_path, rows, ["sub-01_T2w", "sub-02_T2w"]).values())
    file = write(tmp_path / "patients.tsv", patients_tsv(found))
    read = read_table(file, [*COLUMNS, "reader_reader1"], whole=True)
    assert [row["person"] for row in read] == ["lab/sub-01", "lab/sub-02", "lab/sub-03"]
    assert [row["status"] for row in read] == ["include", "predict", "skip"]
    assert (read[0]["age"], read[0]["reader_reader1"], read[0]["cases"]) == ("34.5", "NMOSD", "sub-01_T2w")
    assert list(patients_dictionary(found)) == patient_columns(found) == list(read[0])
    assert count_statuses(found) == {"include": 1, "predict": 1, "skip": 1}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.sampled_from("ab")), max_size=12), st.randoms())
def test_the_order_of_cases_and_rows_changes_nothing(drawn: list[tuple[int, int, str]], order: random.Random) -> None:
    cases = [
        FoundCase(f"c{index}", dataset, f"sub-{subject}", f"{dataset}/p{person}", site=f"s{subject}", split="train")
        for index, (person, subject, dataset) in enumerate(drawn)
    ]
    owner = {(case.dataset, case.subject): case.person for case in cases}
    cases = [case for case in cases if owner[case.dataset, case.subject] == case.person]
    said = {f"sub-{subject}": Participant(("MS",), 30.0 + subject, "F") for subject in range(6)}

    def found(some: list[FoundCase], rows: list[str]) -> list[object]:
        tables = {name: CaseParticipants(Path(name), {row: said[row] for row in rows}) for name in "ab"}
        return list(find_patients(some, tables, TREE, all_masked(case.case for case in some)))

    first = found(cases, sorted(said))
    shuffled, rows = list(cases), sorted(said)
    order.shuffle(shuffled)
    order.shuffle(rows)
    assert found(shuffled, rows) == first
    assert {case.person for case in cases} <= {patient.person for patient in first}  # type: ignore[attr-defined]
