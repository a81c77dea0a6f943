"""`patients.tsv`: every patient that was found, once, included or left out with the reason."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from nnunet_ext.classification.cases.patient import Patient, PatientStatus
from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.tables import NOTHING, Row, cell, table_text

COLUMNS: Final = {
    "person": "The patient, dataset/subject: of several subject names of one person the first; unit of every split",
    "status": "include: has a diagnosis and a lesion mask; predict: has no diagnosis; skip: see reason",
    "reason": "Why the patient is not included",
    "diagnosis": "Leaf of the taxonomy",
    "diagnosis_said": "The diagnosis as participants.tsv has it",
    "site": "Where the images were made, from participants.tsv or cases.tsv, else the dataset's name",
    "split": "Of the segmentation's dataset: train, test or pool",
    "age": "Years; of several visits the first",
    "sex": "F or M",
    "subjects": "Subject names of the person, with ; between them",
    "cases": "The person's cases that are used, with ; between them",
    "left_out": "The person's other cases, each with its reason",
    "notes": "What had to be chosen",
}
"""What each column means; those of the readers, `reader_NAME`, stand before `notes`."""


def patient_columns(patients: Sequence[Patient]) -> list[str]:
    """Give the columns of the table, with one for each reader."""
    readers = sorted({f"reader_{name}" for patient in patients for name in patient.readers})
    *first, last = COLUMNS
    return [*first, *readers, last]


def patients_tsv(patients: Sequence[Patient]) -> str:
    """Write the table, in the given order; a missing value is ``n/a``."""
    columns = patient_columns(patients)
    return table_text([_row(patient, columns) for patient in patients], columns)


def patients_dictionary(patients: Sequence[Patient]) -> dict[str, dict[str, str]]:
    """Give the table's data dictionary, ready for JSON."""
    reader = "What the reader said: a diagnosis, a decision of the taxonomy, or other"
    return {column: {"Description": COLUMNS.get(column, reader)} for column in patient_columns(patients)}


def count_statuses(patients: Sequence[Patient]) -> dict[str, int]:
    """Count the patients of each status; the counts add up to the patients."""
    counts = Counter(patient.status for patient in patients)
    return {status.value: counts[status] for status in PatientStatus}


def _row(patient: Patient, columns: Sequence[str]) -> Row:
    others = [f"{case.case}: {case.problem}" for case in patient.cases if case.problem]
    texts = {
        "person": patient.person,
        "status": patient.status.value,
        "reason": patient.reason,
        "diagnosis": patient.diagnosis,
        "diagnosis_said": patient.said,
        "site": patient.site,
        "split": patient.split,
        "age": "" if patient.age is None else f"{patient.age:g}",
        "sex": patient.sex,
        "subjects": join_list(dict.fromkeys(case.subject for case in patient.cases)),
        "cases": join_list(case.case for case in patient.usable),
        "left_out": join_list(others),
        **{f"reader_{name}": said for name, said in patient.readers.items()},
        "notes": join_list(patient.notes),
    }
    return {column: cell(texts.get(column, NOTHING)) for column in columns}
