"""A patient as if some contrasts had never been taken."""

from collections.abc import Collection
from dataclasses import replace

from nnunet_ext.classification.cases.patient import Patient, PatientCase


def hidden(patient: Patient, contrasts: Collection[str]) -> Patient:
    """Take contrasts away from all of a patient's cases; a case that has no other image keeps its mask alone."""
    return replace(patient, cases=tuple(_without(case, contrasts) for case in patient.cases))


def _without(case: PatientCase, contrasts: Collection[str]) -> PatientCase:
    return replace(case, images={name: file for name, file in case.images.items() if name not in contrasts})
